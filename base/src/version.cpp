#include "base/version.h"

namespace dlasim::base {

const char* version() {
  return "0.1.0";
}

}  // namespace dlasim::base
