#pragma once
/// The engines by name, as conformance vectors and other verbs see them.

#include <memory>
#include <string>
#include <vector>

#include "conformance/engine.h"
#include "conformance/number_format_vector.h"
#include "conformance/verify.h"
#include "sim/arch/hardware.h"

namespace dlasim::cli {

/// "golden", "cycle", "fast", "rtl"
std::vector<std::string> engine_names();

/// `hardware` matters to the engines that simulate it.
std::unique_ptr<conformance::Engine> make_engine(const std::string& name,
                                                 const sim::arch::Hardware& hardware);

/// The hardware that vectors run on: 32-bit lanes, so that every tensor of the integer operators fits.
sim::arch::Hardware vector_hardware();

/// What the cycle engine's wires carry, for vectors with traces.
conformance::WireRecorder wires_of_cycle_engine(const sim::arch::Hardware& hardware);

/// number_format and network vectors.
void register_handlers(conformance::Verifier& verifier, const conformance::Engine& engine);

}  // namespace dlasim::cli
