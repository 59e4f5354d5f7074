#include "quantize/zero_point_folding.h"

#include <string>

#include "base/error.h"

namespace dlasim::quantize {

network::Tensor fold_zero_point(const network::Tensor& weight, int channel_axis, const network::Tensor* bias,
                                std::int64_t input_zero_point) {
  const network::Shape& shape = weight.shape();
  if (channel_axis < 0 || channel_axis >= static_cast<int>(shape.size())) {
    throw base::InputError("axis " + std::to_string(channel_axis) + " is outside the shape " +
                           network::to_string(shape));
  }
  const std::int64_t channels = shape[static_cast<std::size_t>(channel_axis)];
  const std::int64_t inner =
      network::element_count(network::Shape(shape.begin() + channel_axis + 1, shape.end()));
  if (bias != nullptr && bias->size() != channels) {
    throw base::InputError(std::to_string(bias->size()) + " biases for " + std::to_string(channels) +
                           " channels");
  }
  network::Tensor folded(network::DType::kInt64, {channels});
  const auto sums = folded.data<std::int64_t>();
  for (std::int64_t c = 0; c < channels && bias != nullptr; ++c)
    sums[static_cast<std::size_t>(c)] = bias->integer(c);
  for (std::int64_t i = 0; i < weight.size(); ++i) {
    sums[static_cast<std::size_t>(i / inner % channels)] -= input_zero_point * weight.integer(i);
  }
  return folded;
}

}  // namespace dlasim::quantize
