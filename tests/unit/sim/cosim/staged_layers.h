#pragma once
/// Random layers in the number formats that a hardware's truncation units have.

#include <cstdint>

#include "sim/arch/hardware.h"
#include "small_layers.h"

namespace dlasim::sim::cosim {

/// Convolutions (strided, dilated, padded, grouped, of several ic tiles), depthwise convolutions, fully
/// connected and element-wise layers; with and without bias, every activation function.
SmallLayer staged_layer(const arch::Hardware& hardware, std::uint64_t seed);

}  // namespace dlasim::sim::cosim
