#include "support/places.h"

namespace dlasim::places {

std::filesystem::path source(const std::string& name) {
  return std::filesystem::path(DLA_SOURCE_DIR) / name;
}

std::filesystem::path shared(const std::string& name) {
  return std::filesystem::path(DLA_SHARED_DIR) / name;
}

}  // namespace dlasim::places
