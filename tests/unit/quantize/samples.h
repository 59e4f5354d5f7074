#pragma once
/// Calibration methods and tensors in few words.

#include <cstdint>
#include <vector>

#include "network/tensor.h"
#include "quantize/calibration.h"

namespace dlasim::quantize {

using MethodKind = CalibrationMethod::Kind;

inline CalibrationMethod method(MethodKind kind, int bits = 8) {
  CalibrationMethod m;
  m.kind = kind;
  m.bits = bits;
  return m;
}

inline std::vector<std::int64_t> integers(const network::Tensor& tensor) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.integer(i));
  return values;
}

}  // namespace dlasim::quantize
