#pragma once
/// Formats with fewer bits: the steps of a search.

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "network/numerics_yaml.h"

namespace dlasim::cli {

/// What can lose bits: the weights, the tensors between the layers (each layer's input operand and output),
/// and the points inside the layers.
enum class Narrowed { kWeight, kTensors, kProduct, kAccumulator, kTree, kBlock, kPartialSum, kBias };
inline constexpr std::size_t kNarrowed = 8;

/// Bits taken from each, the same number in every layer.
using RemovedBits = std::array<int, kNarrowed>;

/// "weight", "tensors", "product", ...
std::vector<std::string> narrowed_names();

/// Takes the bits from a layer's formats. DFP loses its lowest bits and keeps its range (an open fl is chosen
/// again), minifloat loses mantissa, MX elements go from MXFP8 to MXFP6 and MXFP4. Returns false where a
/// format has none left to give: DFP keeps 4 bits, minifloat one of mantissa, `exact` has none.
bool narrow(const RemovedBits& removed, network::LayerNumerics& layer);

}  // namespace dlasim::cli
