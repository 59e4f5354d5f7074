#include "numerics.h"

#include <array>
#include <span>

namespace dlasim::cli {
namespace {

using base::Choice;
using base::YamlNode;

template <class E, std::size_t kCount>
std::span<const Choice<E>> all(const std::array<Choice<E>, kCount>& choices) {
  return choices;
}

constexpr std::array kRules{Choice<network::RequantRule>{"pytorch", network::RequantRule::kPytorch},
                            Choice<network::RequantRule>{"double", network::RequantRule::kDouble},
                            Choice<network::RequantRule>{"single", network::RequantRule::kSingle}};
constexpr std::array kGranularities{
    Choice<quantize::WeightGranularity>{"per_channel", quantize::WeightGranularity::kPerChannel},
    Choice<quantize::WeightGranularity>{"per_tensor", quantize::WeightGranularity::kPerTensor}};
enum class SchemeName { kInt8, kInt16x8 };
constexpr std::array kSchemes{Choice<SchemeName>{"int8", SchemeName::kInt8},
                              Choice<SchemeName>{"int16x8", SchemeName::kInt16x8}};
using MethodKind = quantize::CalibrationMethod::Kind;
constexpr std::array kMethods{Choice<MethodKind>{"min_max", MethodKind::kMinMax},
                              Choice<MethodKind>{"moving_average", MethodKind::kMovingAverage},
                              Choice<MethodKind>{"percentile", MethodKind::kPercentile},
                              Choice<MethodKind>{"mse", MethodKind::kMse},
                              Choice<MethodKind>{"entropy", MethodKind::kEntropy}};

}  // namespace

Numerics read_numerics(const YamlNode& node) {
  Numerics numerics;
  if (node.has("defaults") || node.has("layers")) {
    numerics.name = node.get_string_or("name", "staged");
    numerics.staged = network::NumericsConfig::read(node);
    return numerics;
  }
  const SchemeName scheme = node.get_enum_or("scheme", SchemeName::kInt8, all(kSchemes));
  numerics.scheme = scheme == SchemeName::kInt8 ? quantize::int8_scheme() : quantize::int16x8_scheme();
  numerics.name = node.get_string_or("name", scheme == SchemeName::kInt8 ? "int8" : "int16x8");
  numerics.scheme.granularity = node.get_enum_or("weights", numerics.scheme.granularity, all(kGranularities));
  numerics.scheme.headroom = node.get_double_or("headroom", numerics.scheme.headroom, 1.0, 1024.0);
  numerics.scheme.tanh_clip = node.get_double_or("tanh_clip", numerics.scheme.tanh_clip, 0.1);
  numerics.scheme.sigmoid_clip = node.get_double_or("sigmoid_clip", numerics.scheme.sigmoid_clip, 0.1);
  numerics.lowering.rule = node.get_enum_or("rounding", numerics.lowering.rule, all(kRules));
  if (scheme == SchemeName::kInt16x8) numerics.method.bits = 16;
  if (const auto calibration = node.find("calibration")) {
    numerics.method.kind = calibration->get_enum_or("method", numerics.method.kind, all(kMethods));
    numerics.method.percentile =
        calibration->get_double_or("percentile", numerics.method.percentile, 50.1, 100.0);
    numerics.method.momentum = calibration->get_double_or("momentum", numerics.method.momentum, 1e-6, 1.0);
  }
  return numerics;
}

Numerics read_imported_numerics(const YamlNode& node) {
  Numerics numerics;
  numerics.name = node.get_string_or("name", "as imported");
  numerics.lowering.rule = node.get_enum_or("rounding", numerics.lowering.rule, all(kRules));
  return numerics;
}

}  // namespace dlasim::cli
