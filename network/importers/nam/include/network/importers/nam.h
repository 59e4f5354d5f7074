#pragma once
/// WaveNets on audio samples: .nam files, WaveNetVA JSON (spec/nam_wavenet.md) and the classic autoregressive
/// WaveNet of spec/wavenet.md section 6. Signals become [1, 1, T, C] tensors, causal convolutions Conv2d with
/// padding on the left: the delay lines hold zeros before the first sample.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "network/graph.h"

namespace dlasim::network {

/// What a network on samples is besides its graph.
struct AudioNetwork {
  Graph graph;
  /// R: output[t] depends on input[t-R+1 .. t].
  std::int64_t receptive_field = 1;
  double sample_rate = 48000.0;  ///< Hz
};

struct AudioOptions {
  /// T, the length of the input: at least 1. The weights do not depend on it.
  std::int64_t samples = 0;
  /// The size v in [0, 1] of a container or of slimmable layer arrays; absent: a container's last entry, full
  /// width. A container passes it to nobody: its entry runs at full width.
  std::optional<double> slimmable_size;
};

/// A .nam file of architecture WaveNet or SlimmableContainer, or a WaveNetVA JSON file; the content tells
/// which.
///
/// `head_scale` is folded into the last head, and what has no influence on the output (the last layer1x1)
/// makes no node. Node names are "array0_layer3_conv" and the like. Throws base::InputError for a damaged
/// file (a wrong number of weights included) and base::UnsupportedError for what the page does not describe,
/// by key.
AudioNetwork read_nam(const std::filesystem::path& path, const AudioOptions& options);

/// The same from memory; `name` stands in for the file's name.
AudioNetwork import_nam(std::string_view json, const std::string& name, const AudioOptions& options);

/// A classic WaveNet: `path` is its model.json, which names an .npy file beside it. Input: the scalar samples
/// [1, 1, T, 1]; output: the logits [1, 1, T, Q].
AudioNetwork read_classic_wavenet(const std::filesystem::path& path, const AudioOptions& options);

/// The same from memory: `weights` is the flat list.
AudioNetwork import_classic_wavenet(std::string_view json, std::span<const float> weights,
                                    const std::string& name, const AudioOptions& options);

}  // namespace dlasim::network
