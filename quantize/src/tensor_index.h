#pragma once
/// Where vectors with an entry a tensor have that of a tensor.

#include <cstddef>

#include "network/graph.h"

namespace dlasim::quantize {

inline std::size_t index(network::TensorId id) {
  return static_cast<std::size_t>(id);
}

}  // namespace dlasim::quantize
