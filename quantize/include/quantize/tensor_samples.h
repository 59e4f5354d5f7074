#pragma once
/// Values that the tensors of a float graph take over calibration inputs, for choices that need more than a
/// range: fractional lengths (choose_fl.h).

#include <optional>
#include <vector>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// At most this many values of a tensor are kept of one calibration input.
inline constexpr std::int64_t kMostSampledValues = 1 << 16;

/// By tensor id; absent for constants and for tensors that were never written.
using TensorSamples = std::vector<std::optional<std::vector<float>>>;

/// Runs `graph` over the calibration inputs. Of each tensor the values are kept, evenly spaced where there
/// are more than `most`, and always the one of the largest magnitude. Throws base::InputError without inputs.
TensorSamples sample_tensors(const network::Graph& graph,
                             const std::vector<std::vector<network::Tensor>>& inputs,
                             std::int64_t most = kMostSampledValues);

}  // namespace dlasim::quantize
