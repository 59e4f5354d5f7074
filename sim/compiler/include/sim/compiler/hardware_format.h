#pragma once

#include "fixed_point/format.h"
#include "network/number_format.h"

namespace dlasim::sim::compiler {

/// A format in the hardware's terms. Throws base::InputError for one that number_formats.md does not define.
fixed_point::Format to_hardware(const network::NumberFormat& format);

}  // namespace dlasim::sim::compiler
