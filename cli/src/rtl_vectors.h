#pragma once
/// `dlasim verify --engine rtl`: vectors on the Verilated core and on single units of it.

#include <memory>

#include "conformance/engine.h"
#include "conformance/verify.h"

namespace dlasim::cli {

/// Graphs on rtl_models/core.sv, a small array in the SystemC netlist. Unsupported: what runs on the host,
/// and layers that do not fit the array.
std::unique_ptr<conformance::Engine> make_rtl_engine();

/// number_format vectors on the RTL's number format units, `requantize` on its requantiser; the rest on
/// `engine`.
void register_rtl_handlers(conformance::Verifier& verifier, const conformance::Engine& engine);

}  // namespace dlasim::cli
