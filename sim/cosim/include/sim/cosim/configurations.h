#pragma once
/// The accelerators whose RTL is verilated: small ones, because the C++ of every block is compiled for each.

#include <string>
#include <vector>

#include "sim/arch/hardware.h"

namespace dlasim::sim::cosim {

struct Configuration {
  std::string name;  ///< suffix of the Verilated classes: "array_4x4"
  arch::Hardware hardware;
};

/// The default hardware, then those that are verilated.
const std::vector<Configuration>& configurations();
/// Throws base::InputError if there is no configuration of this name.
const arch::Hardware& configuration(const std::string& name);

}  // namespace dlasim::sim::cosim
