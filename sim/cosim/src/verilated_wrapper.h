#pragma once
/// Source text that is compiled with what Verilator wrote of a module.

namespace dlasim::sim::cosim {

/// The module's face to dlasim, which knows neither its class nor its ports: a few C functions. VTOP, the
/// class, and PORTS, a list of PORT(name, is_input, bits), have to be defined in front of it.
extern const char* const kVerilatedWrapper;

}  // namespace dlasim::sim::cosim
