#pragma once
/// `config` of a .nam WaveNet, checked and with its defaults filled in: spec/nam_wavenet.md section 2.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json_fields.h"
#include "network/graph.h"

namespace dlasim::network::nam {

/// The eight FiLM positions, in the order of their weights (section 5).
enum FilmPlace {
  kConvPre,
  kConvPost,
  kMixinPre,
  kMixinPost,
  kActivationPre,
  kActivationPost,
  kLayer1x1Post,
  kHead1x1Post,
  kFilmPlaces
};

struct FilmConfig {
  bool active = false;
  bool shift = true;
  std::int64_t groups = 1;
};

struct PointwiseConfig {
  bool active = false;
  std::int64_t outputs = 0;  ///< only head1x1
  std::int64_t groups = 1;
};

enum class Gating { kNone, kGated, kBlended };

struct LayerConfig {
  std::int64_t kernel = 1;
  std::int64_t dilation = 1;
  Gating gating = Gating::kNone;
  op::Unary activation;
  op::Unary secondary;  ///< unused where gating is kNone
};

/// "slice_channels_uniform": the widths that a size may choose.
struct SlimmableConfig {
  std::vector<std::int64_t> allowed_channels;
};

struct HeadConfig {
  std::int64_t outputs = 1;  ///< S
  std::int64_t kernel = 1;
  std::int64_t dilation = 1;
  bool bias = false;
};

struct ArrayConfig {
  std::int64_t inputs = 1;      ///< I
  std::int64_t condition = 1;   ///< D
  std::int64_t channels = 1;    ///< C
  std::int64_t bottleneck = 1;  ///< B
  std::int64_t groups_input = 1, groups_mixin = 1;
  PointwiseConfig layer1x1, head1x1;
  HeadConfig head;
  std::array<FilmConfig, kFilmPlaces> films;
  std::vector<LayerConfig> layers;
  std::optional<SlimmableConfig> slimmable;

  /// A: width of the skip sum.
  std::int64_t skip() const { return head1x1.active ? head1x1.outputs : bottleneck; }
};

/// The optional stack of convolutions behind the last array.
struct PostHeadConfig {
  std::int64_t channels = 1, outputs = 1;
  std::vector<std::int64_t> kernels;
  op::Unary activation;
};

struct WaveNetConfig {
  std::int64_t inputs = 1;
  std::vector<ArrayConfig> arrays;
  std::optional<PostHeadConfig> head;
};

/// `condition_channels`: outputs of condition_dsp, or in_channels without one. Throws base::InputError where
/// widths do not fit, base::UnsupportedError for an unknown key or name.
WaveNetConfig parse_wavenet_config(const JsonObject& config, std::int64_t condition_channels);

/// An activation: a name, or {type, parameters}. `channels`: its width, for PReLU.
op::Unary parse_activation(const Json& value, const std::string& where, std::int64_t channels);

}  // namespace dlasim::network::nam
