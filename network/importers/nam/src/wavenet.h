#pragma once
/// The computation of a .nam WaveNet as graph nodes: spec/nam_wavenet.md sections 3 to 5 and 8.

#include <cstdint>
#include <optional>
#include <string>

#include "sequence_builder.h"
#include "wavenet_config.h"
#include "weight_list.h"

namespace dlasim::network::nam {

/// A network inside a graph under construction.
struct WaveNetResult {
  TensorId output = kNoTensor;
  std::int64_t receptive_field = 1;  ///< without condition_dsp's
};

/// Appends the nodes that compute the network from `input` and the condition signal. `prefix` begins their
/// names. `size` slims the arrays that can be slimmed.
WaveNetResult build_wavenet(SequenceBuilder& builder, const WaveNetConfig& config, WeightList& weights,
                            TensorId input, TensorId condition, std::optional<double> size,
                            const std::string& prefix);

}  // namespace dlasim::network::nam
