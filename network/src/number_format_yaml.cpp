#include "network/number_format_yaml.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/edit_distance.h"
#include "network/number_format_presets.h"

namespace dlasim::network {

using base::Choice;
using base::YamlNode;

namespace {

constexpr std::int64_t kMaxScale = std::int64_t{1} << 20;
constexpr std::int64_t kMxBlock = 32;

constexpr std::array<Choice<Rounding>, 6> kRoundings = {{
    {"floor", Rounding::kFloor},
    {"trunc", Rounding::kTrunc},
    {"nearest_up", Rounding::kNearestUp},
    {"nearest_away", Rounding::kNearestAway},
    {"nearest_even", Rounding::kNearestEven},
    {"stochastic", Rounding::kStochastic},
}};
constexpr std::array<Choice<Overflow>, 3> kDfpOverflows = {{
    {"saturate", Overflow::kSaturate},
    {"saturate_symmetric", Overflow::kSaturateSymmetric},
    {"wrap", Overflow::kWrap},
}};
constexpr std::array<Choice<Overflow>, 2> kMinifloatOverflows = {{
    {"saturate", Overflow::kSaturate},
    {"inf", Overflow::kInf},
}};
constexpr std::array<Choice<ExpZero>, 3> kExpZeros = {{
    {"subnormal", ExpZero::kSubnormal},
    {"zero", ExpZero::kZero},
    {"normal", ExpZero::kNormal},
}};
constexpr std::array<Choice<Specials>, 3> kSpecials = {{
    {"ieee", Specials::kIeee},
    {"fn", Specials::kFn},
    {"none", Specials::kNone},
}};
enum class FormatKind { kDfp, kMinifloat, kExact, kMx };
constexpr std::array<Choice<FormatKind>, 4> kKinds = {{
    {"dfp", FormatKind::kDfp},
    {"minifloat", FormatKind::kMinifloat},
    {"exact", FormatKind::kExact},
    {"mx", FormatKind::kMx},
}};
constexpr std::array<Choice<StagedActivation::Type>, 4> kStagedActivations = {{
    {"none", StagedActivation::Type::kNone},
    {"relu", StagedActivation::Type::kRelu},
    {"leaky_relu", StagedActivation::Type::kLeakyRelu},
    {"clamp", StagedActivation::Type::kClamp},
}};

template <class E, std::size_t N>
std::span<const Choice<E>> names(const std::array<Choice<E>, N>& choices) {
  return choices;
}

[[noreturn]] void fail_unknown(const YamlNode& node, std::string_view what, const std::string& name,
                               const std::vector<std::string>& known) {
  const std::string nearest = base::nearest_name(name, known);
  std::string list;
  for (const std::string& entry : known) list += (list.empty() ? "" : ", ") + entry;
  node.fail(fmt::format("unknown {} '{}'{}; known are {}", what, name,
                        nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest), list));
}

NumberFormat preset_named(const YamlNode& node) {
  const std::string name = node.as_string();
  const auto preset = number_format_preset(name);
  if (!preset) fail_unknown(node, "number format", name, number_format_preset_names());
  return *preset;
}

/// Rounding and its LFSR, which go together.
void read_rounding(const YamlNode& node, NumberFormat* format) {
  format->rounding = node.get_enum_or("rounding", format->rounding, names(kRoundings));
  const auto lfsr = node.find("lfsr");
  const bool stochastic = format->rounding == Rounding::kStochastic;
  if (stochastic && !lfsr) node.fail("`rounding: stochastic` needs `lfsr: {bits: 16 or 32, seed: n}`");
  if (!stochastic && lfsr) lfsr->fail("an lfsr is only for `rounding: stochastic`");
  if (!lfsr) return;
  Lfsr value;
  value.bits = static_cast<int>(lfsr->get_int("bits", 16, 32));
  if (value.bits != 16 && value.bits != 32)
    lfsr->at("bits").fail(fmt::format("{} is not 16 or 32", value.bits));
  value.seed = static_cast<std::uint32_t>(lfsr->get_int("seed", 0, 0xFFFFFFFF));
  format->lfsr = value;
}

std::array<Choice<FlMethod>, kFlMethods.size()> fl_methods() {
  std::array<Choice<FlMethod>, kFlMethods.size()> choices;
  std::transform(kFlMethods.begin(), kFlMethods.end(), choices.begin(), [](FlMethod method) {
    return Choice<FlMethod>{name(method), method};
  });
  return choices;
}

/// `fl: auto` and what goes with it.
FlRule read_fl_rule(const YamlNode& node) {
  FlRule rule;
  rule.method = node.get_enum_or("fl_method", rule.method, names(fl_methods()));
  if (const auto percentile = node.find("percentile")) {
    if (rule.method != FlMethod::kPercentile) percentile->fail("is for `fl_method: percentile` only");
    rule.percentile = percentile->as_double(1e-6, 100.0);
  }
  rule.margin = static_cast<int>(node.get_int_or("fl_margin", 0, -64, 64));
  return rule;
}

void read_fl(const YamlNode& node, OpenNumberFormat* open) {
  const auto fl = node.find("fl");
  if (fl && fl->is_scalar() && fl->as_string() == "auto") {
    open->open_fl = read_fl_rule(node);
    return;
  }
  for (const char* key : {"fl_method", "percentile", "fl_margin"}) {
    if (const auto given = node.find(key)) given->fail("is for `fl: auto` only");
  }
  if (fl) open->format.fl = static_cast<int>(fl->as_int(-kMaxScale, kMaxScale));
}

void override_dfp(const YamlNode& node, OpenNumberFormat* open) {
  NumberFormat* format = &open->format;
  format->bits = static_cast<int>(node.get_int_or("bits", format->bits, 1, 64));
  read_fl(node, open);
  format->is_signed = node.get_bool_or("signed", format->is_signed);
  format->overflow = node.get_enum_or("overflow", format->overflow, names(kDfpOverflows));
}

void override_minifloat(const YamlNode& node, NumberFormat* format) {
  if (node.has("exp")) {
    format->exp = static_cast<int>(node.get_int("exp", 2, 8));
    format->bias = (1 << (format->exp - 1)) - 1;
  }
  format->man = static_cast<int>(node.get_int_or("man", format->man, 0, 23));
  format->bias = static_cast<int>(node.get_int_or("bias", format->bias, -kMaxScale, kMaxScale));
  format->exp_zero = node.get_enum_or("exp_zero", format->exp_zero, names(kExpZeros));
  format->specials = node.get_enum_or("specials", format->specials, names(kSpecials));
  format->overflow = node.get_enum_or("overflow", format->overflow, names(kMinifloatOverflows));
  if (format->specials == Specials::kNone && format->overflow == Overflow::kInf) {
    node.fail("`specials: none` has no code for `overflow: inf`; give `overflow: saturate`");
  }
  if (format->specials == Specials::kIeee && format->man == 0) {
    node.fail("`specials: ieee` needs a mantissa bit (man 1 to 23); `fn` and `none` do not");
  }
}

OpenNumberFormat read_fields(const YamlNode& node, const NumberFormat& format) {
  OpenNumberFormat open{format, std::nullopt};
  if (format.kind == NumberFormat::Kind::kExact) return open;
  if (format.kind == NumberFormat::Kind::kDfp) override_dfp(node, &open);
  if (format.kind == NumberFormat::Kind::kMinifloat) override_minifloat(node, &open.format);
  read_rounding(node, &open.format);
  return open;
}

OpenNumberFormat read_kind(const YamlNode& node) {
  NumberFormat format;
  switch (node.get_enum("kind", names(kKinds))) {
    case FormatKind::kExact:
      return {};
    case FormatKind::kMx:
      node.at("kind").fail("mx is a format of input and weight operands only");
    case FormatKind::kDfp:
      format.kind = NumberFormat::Kind::kDfp;
      node.at("bits");
      node.at("fl");
      break;
    case FormatKind::kMinifloat:
      format.kind = NumberFormat::Kind::kMinifloat;
      format.overflow = Overflow::kInf;
      node.at("exp");
      node.at("man");
      break;
  }
  return read_fields(node, format);
}

OperandFormat read_mx(const YamlNode& node) {
  const YamlNode element = node.at("element");
  const auto preset = mx_element_preset(element.as_string());
  if (!preset) fail_unknown(element, "MX element", element.as_string(), mx_element_names());
  OperandFormat format{*preset, static_cast<int>(node.get_int_or("block", kMxBlock, 1, 1 << 20))};
  if (format.mx_block != kMxBlock) node.at("block").fail_unsupported("MX blocks have 32 elements");
  read_rounding(node, &format.element);
  return format;
}

}  // namespace

OpenNumberFormat read_open_number_format(const YamlNode& node) {
  if (node.is_scalar()) return {preset_named(node), std::nullopt};
  const bool has_preset = node.has("preset");
  if (has_preset && node.has("kind")) node.fail("give `preset` or `kind`, not both");
  return has_preset ? read_fields(node, preset_named(node.at("preset"))) : read_kind(node);
}

OpenOperandFormat read_open_operand_format(const YamlNode& node) {
  if (node.is_map() && node.has("kind") && node.get_enum("kind", names(kKinds)) == FormatKind::kMx) {
    return {read_mx(node), std::nullopt};
  }
  const OpenNumberFormat open = read_open_number_format(node);
  if (open.format.kind == NumberFormat::Kind::kExact) node.fail("an operand has codes: it cannot be `exact`");
  return {{open.format, 0}, open.open_fl};
}

NumberFormat read_number_format(const YamlNode& node) {
  const OpenNumberFormat open = read_open_number_format(node);
  if (open.open_fl) node.at("fl").fail("`auto` needs values to choose from, which are not there");
  return open.format;
}

OperandFormat read_operand_format(const YamlNode& node) {
  const OpenOperandFormat open = read_open_operand_format(node);
  if (open.open_fl) node.at("fl").fail("`auto` needs values to choose from, which are not there");
  return open.format;
}

StagedActivation read_staged_activation(const YamlNode& node) {
  using Type = StagedActivation::Type;
  StagedActivation activation;
  const YamlNode type = node.is_scalar() ? node : node.at("type");
  activation.type = type.as_enum(names(kStagedActivations));
  if (node.is_scalar() && activation.type == Type::kLeakyRelu) node.fail("leaky_relu needs a `slope`");
  if (node.is_scalar() && activation.type == Type::kClamp) node.fail("clamp needs `min` and `max`");
  if (activation.type == Type::kLeakyRelu) activation.slope = node.get_double("slope");
  if (activation.type == Type::kClamp) {
    activation.min = node.get_double("min");
    activation.max = node.get_double("max", activation.min);
  }
  return activation;
}

}  // namespace dlasim::network
