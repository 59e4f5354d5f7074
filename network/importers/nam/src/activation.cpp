/// Activations by name: spec/nam_wavenet.md section 6.

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "wavenet_config.h"

namespace dlasim::network::nam {
namespace {

using Kind = op::Unary::Kind;

/// Those without parameters.
constexpr std::array<std::pair<std::string_view, Kind>, 8> kPlain{{{"Tanh", Kind::kTanh},
                                                                   {"Sigmoid", Kind::kSigmoid},
                                                                   {"ReLU", Kind::kRelu},
                                                                   {"Hardtanh", Kind::kHardtanh},
                                                                   {"SiLU", Kind::kSilu},
                                                                   {"Hardswish", Kind::kHardswish},
                                                                   {"Softsign", Kind::kSoftsign},
                                                                   {"Fasttanh", Kind::kFasttanh}}};

constexpr double kDefaultSlope = 0.01;

op::Unary parse_prelu(const JsonObject& object, std::int64_t channels) {
  const Json* slopes = object.find("negative_slopes");
  if (slopes == nullptr) return {Kind::kLeakyRelu, {object.number("negative_slope", kDefaultSlope)}};
  if (!slopes->is_array() || static_cast<std::int64_t>(slopes->size()) != channels) {
    object.bad("negative_slopes",
               "must be a list of " + std::to_string(channels) + " numbers, one a channel");
  }
  op::Unary result{Kind::kPRelu, {}};
  for (const Json& slope : *slopes) {
    result.parameters.push_back(number_of(slope, object.where("negative_slopes")));
  }
  return result;
}

op::Unary parse_leaky_hardtanh(const JsonObject& object) {
  op::Unary result{Kind::kLeakyHardtanh,
                   {object.number("min_val", -1.0), object.number("max_val", 1.0),
                    object.number("min_slope", kDefaultSlope), object.number("max_slope", kDefaultSlope)}};
  if (result.parameters[0] > result.parameters[1]) object.bad("min_val", "is above max_val");
  return result;
}

}  // namespace

op::Unary parse_activation(const Json& value, const std::string& where, std::int64_t channels) {
  const Json as_object = value.is_string() ? Json{{"type", value}} : value;
  const JsonObject object(as_object, where);
  const std::string type = object.string("type");
  const auto* plain =
      std::find_if(kPlain.begin(), kPlain.end(), [&](const auto& p) { return p.first == type; });
  if (plain != kPlain.end()) {
    object.allow_only({"type"});
    return {plain->second, {}};
  }
  if (type == "LeakyReLU") {
    object.allow_only({"type", "negative_slope"});
    return {Kind::kLeakyRelu, {object.number("negative_slope", kDefaultSlope)}};
  }
  if (type == "PReLU") {
    object.allow_only({"type", "negative_slope", "negative_slopes"});
    return parse_prelu(object, channels);
  }
  if (type == "LeakyHardtanh" || type == "LeakyHardTanh") {
    object.allow_only({"type", "min_val", "max_val", "min_slope", "max_slope"});
    return parse_leaky_hardtanh(object);
  }
  throw base::UnsupportedError(where + ": activation '" + type + "' is not supported");
}

}  // namespace dlasim::network::nam
