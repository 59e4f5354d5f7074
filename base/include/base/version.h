#pragma once

namespace dlasim::base {

/// "0.1.0"
const char* version();

}  // namespace dlasim::base
