#pragma once
/// Doubles that lie in storage of another type, the wires of a datapath: read and written as bytes.

#include <cstring>

namespace dlasim::fixed_point {

inline double load_double(const double* p) noexcept {
  double v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store_double(double* p, double v) noexcept {
  std::memcpy(p, &v, sizeof v);
}

}  // namespace dlasim::fixed_point
