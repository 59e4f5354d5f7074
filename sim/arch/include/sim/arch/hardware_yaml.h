#pragma once
/// The `hardware:` section of a configuration.

#include "base/yaml.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::arch {

/// Keys are the members of Hardware in their sections (`pe_array`, `buffers`, `post_processor`, `dram`,
/// `control`, `truncation`), `name` and `clock_mhz`; what is left out keeps its default. Throws
/// base::InputError with file, line, column and key.
Hardware read_hardware(const base::YamlNode& node);

}  // namespace dlasim::sim::arch
