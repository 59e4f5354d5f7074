#pragma once
/// What the truncation units of a chip cannot do: hardware.truncation against the settings of a layer.

#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"
#include "sim/arch/staged_settings.h"

namespace dlasim::sim::compiler {

/// Throws base::UnsupportedError naming node, point and hardware key for the first thing that the units of
/// `hardware` do not do. Hardware of kind `any` does everything.
void require_silicon(const network::QuantizedNode& node, const arch::Hardware& hardware,
                     const arch::StagedSettings& settings);

}  // namespace dlasim::sim::compiler
