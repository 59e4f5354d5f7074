#include <algorithm>

#include "network/shape_inference.h"

namespace dlasim::network {

std::int64_t window_count(PaddingScheme scheme, std::int64_t input, std::int64_t kernel, std::int64_t stride,
                          std::int64_t dilation) {
  const std::int64_t span = (kernel - 1) * dilation + 1;
  const std::int64_t starts = scheme == PaddingScheme::kSame ? input : input - span + 1;
  return starts <= 0 ? 0 : (starts - 1) / stride + 1;
}

PaddingEnds window_padding(PaddingScheme scheme, std::int64_t input, std::int64_t kernel, std::int64_t stride,
                           std::int64_t dilation) {
  if (scheme == PaddingScheme::kValid) return {};
  const std::int64_t span = (kernel - 1) * dilation + 1;
  const std::int64_t windows = window_count(scheme, input, kernel, stride, dilation);
  const std::int64_t missing = std::max<std::int64_t>((windows - 1) * stride + span - input, 0);
  return {missing / 2, missing - missing / 2};
}

PaddingEnds transpose_padding(PaddingScheme scheme, std::int64_t input, std::int64_t output,
                              std::int64_t kernel, std::int64_t stride) {
  // The convolution that this one transposes reads `output` positions.
  const std::int64_t before = window_padding(scheme, output, kernel, stride, 1).before;
  return {before, (input - 1) * stride + kernel - output - before};
}

Padding window_padding(PaddingScheme scheme, const Shape& input, Pair kernel, Pair stride, Pair dilation) {
  const PaddingEnds rows = window_padding(scheme, input.at(1), kernel[0], stride[0], dilation[0]);
  const PaddingEnds columns = window_padding(scheme, input.at(2), kernel[1], stride[1], dilation[1]);
  return {rows.before, columns.before, rows.after, columns.after};
}

}  // namespace dlasim::network
