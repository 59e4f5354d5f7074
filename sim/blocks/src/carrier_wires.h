#pragma once
/// Wires hold bit patterns of their carriers; the kernels of fixed_point read and write them as bytes.

#include <cstdint>

namespace dlasim::sim::blocks {

inline double* doubles_in(std::int64_t* wires) {
  return reinterpret_cast<double*>(wires);
}
inline const double* doubles_in(const std::int64_t* wires) {
  return reinterpret_cast<const double*>(wires);
}

}  // namespace dlasim::sim::blocks
