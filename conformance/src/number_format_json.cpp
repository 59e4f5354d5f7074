#include "number_format_json.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/error.h"
#include "network/number_format_presets.h"

namespace dlasim::conformance {

using network::ExpZero;
using network::NumberFormat;
using network::Overflow;
using network::Rounding;
using network::Specials;

namespace {

template <class E, std::size_t N>
E choose(const JsonReader& field, const std::array<std::pair<std::string_view, E>, N>& choices) {
  const std::string text = field.string();
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
  }
  field.fail(fmt::format("'{}' is not known here", text));
}

constexpr std::array<std::pair<std::string_view, Rounding>, 6> kRoundings = {{
    {"floor", Rounding::kFloor},
    {"trunc", Rounding::kTrunc},
    {"nearest_up", Rounding::kNearestUp},
    {"nearest_away", Rounding::kNearestAway},
    {"nearest_even", Rounding::kNearestEven},
    {"stochastic", Rounding::kStochastic},
}};
constexpr std::array<std::pair<std::string_view, Overflow>, 4> kOverflows = {{
    {"saturate", Overflow::kSaturate},
    {"saturate_symmetric", Overflow::kSaturateSymmetric},
    {"wrap", Overflow::kWrap},
    {"inf", Overflow::kInf},
}};
constexpr std::array<std::pair<std::string_view, ExpZero>, 3> kExpZeros = {{
    {"subnormal", ExpZero::kSubnormal},
    {"zero", ExpZero::kZero},
    {"normal", ExpZero::kNormal},
}};
constexpr std::array<std::pair<std::string_view, Specials>, 3> kSpecials = {{
    {"ieee", Specials::kIeee},
    {"fn", Specials::kFn},
    {"none", Specials::kNone},
}};

int read_int(const JsonReader& field) {
  return static_cast<int>(
      field.integer_between(std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

network::Lfsr read_lfsr(const JsonReader& field) {
  network::Lfsr lfsr;
  lfsr.bits = read_int(field.at("bits"));
  if (field.has("seed")) {
    lfsr.seed = static_cast<std::uint32_t>(field.at("seed").integer_between(0, 0xFFFFFFFFLL));
  }
  return lfsr;
}

network::StagedActivation read_activation(const JsonReader& field) {
  using Type = network::StagedActivation::Type;
  constexpr std::array<std::pair<std::string_view, Type>, 4> types = {{
      {"none", Type::kNone},
      {"relu", Type::kRelu},
      {"leaky_relu", Type::kLeakyRelu},
      {"clamp", Type::kClamp},
  }};
  network::StagedActivation activation;
  activation.type = choose(field.at("type"), types);
  if (activation.type == Type::kLeakyRelu)
    activation.slope = golden::to_double(read_value(field.at("slope")));
  if (activation.type == Type::kClamp) {
    activation.min = golden::to_double(read_value(field.at("min")));
    activation.max = golden::to_double(read_value(field.at("max")));
  }
  return activation;
}

}  // namespace

Rounding read_rounding(const JsonReader& field) {
  return choose(field, kRoundings);
}

NumberFormat read_mx_element(const JsonReader& root) {
  const JsonReader fields = root.at("number_format");
  auto element = network::mx_element_preset(fields.at("element").string());
  if (!element) fields.at("element").fail("not an MX element");
  element->rounding = read_rounding(fields.at("rounding"));
  return *element;
}

NumberFormat read_number_format(const JsonReader& field) {
  NumberFormat format;
  const std::string kind = field.at("kind").string();
  if (kind == "exact") return format;
  if (kind == "dfp") {
    format.kind = NumberFormat::Kind::kDfp;
    format.bits = read_int(field.at("bits"));
    format.fl = read_int(field.at("fl"));
    format.is_signed = field.at("signed").boolean();
  } else if (kind == "minifloat") {
    format.kind = NumberFormat::Kind::kMinifloat;
    format.exp = read_int(field.at("exp"));
    format.man = read_int(field.at("man"));
    format.bias = read_int(field.at("bias"));
    format.exp_zero = choose(field.at("exp_zero"), kExpZeros);
    format.specials = choose(field.at("specials"), kSpecials);
  } else {
    field.at("kind").fail(fmt::format("'{}' is not a number format", kind));
  }
  format.rounding = read_rounding(field.at("rounding"));
  format.overflow = choose(field.at("overflow"), kOverflows);
  if (format.rounding == Rounding::kStochastic) format.lfsr = read_lfsr(field.at("lfsr"));
  return format;
}

network::OperandFormat read_operand_format(const JsonReader& field) {
  if (field.at("kind").string() != "mx") return {read_number_format(field), 0};
  const auto element = network::mx_element_preset(field.at("element").string());
  if (!element) field.at("element").fail("not an MX element");
  return {*element, static_cast<int>(field.at("block").integer_between(1, 1024))};
}

network::StagedNumerics read_staged_numerics(const JsonReader& fields, network::MxMode mode) {
  network::StagedNumerics numerics;
  const JsonReader operands = fields.at("operands");
  numerics.input = read_operand_format(operands.at("input"));
  numerics.weight = read_operand_format(operands.at("weight"));
  if (operands.has("bias") && !operands.at("bias").value().is_null()) {
    numerics.bias_operand = read_number_format(operands.at("bias"));
  }
  const JsonReader points = fields.at("points");
  numerics.product = read_number_format(points.at("product"));
  const bool block = mode == network::MxMode::kBlock;
  (block ? numerics.block : numerics.accumulator) =
      read_number_format(points.at(block ? "block" : "accumulator"));
  if (points.has("tree")) {
    const JsonReader tree = points.at("tree");
    if (tree.value().is_array()) {
      for (const JsonReader& level : tree.elements()) numerics.tree.push_back(read_number_format(level));
    } else {
      numerics.tree.push_back(read_number_format(tree));
    }
  }
  numerics.partial_sum = read_number_format(points.at("partial_sum"));
  if (points.has("bias")) numerics.bias = read_number_format(points.at("bias"));
  if (points.has("activation")) numerics.activation = read_number_format(points.at("activation"));
  numerics.output = read_number_format(points.at("output"));
  numerics.mx_mode = mode;
  if (fields.has("activation")) numerics.function = read_activation(fields.at("activation"));
  return numerics;
}

golden::WideValue read_wide_value(const JsonReader& field) {
  const std::string text = field.string();
  try {
    return golden::parse_wide_value(text);
  } catch (const base::InputError& error) {
    field.fail(error.what());
  }
}

golden::Value read_value(const JsonReader& field) {
  const std::string text = field.string();
  try {
    return golden::parse_value(text);
  } catch (const base::InputError& error) {
    field.fail(error.what());
  }
}

std::uint64_t read_code(const JsonReader& field) {
  const std::string text = field.string();
  std::uint64_t code = 0;
  const char* last = text.data() + text.size();
  if (text.starts_with("0x")) {
    const auto [end, error] = std::from_chars(text.data() + 2, last, code, 16);
    if (error == std::errc() && end == last) return code;
  }
  field.fail(fmt::format("'{}' is not a code such as 0x3f", text));
}

std::string for_each_case(const JsonReader& root, std::size_t fields, const CaseCheck& check) {
  std::size_t number = 0;
  for (const JsonReader& element : root.at("cases").elements()) {
    const Case c = element.elements();
    if (c.size() != fields) element.fail(fmt::format("{} fields, not {}", c.size(), fields));
    const std::string difference = check(c);
    if (!difference.empty()) return fmt::format("case {}, {}: {}", number, c[0].value().dump(), difference);
    ++number;
  }
  if (number == 0) root.at("cases").fail("there are no cases");
  return {};
}

std::string code_text(std::uint64_t code) {
  return fmt::format("{:#x}", code);
}

}  // namespace dlasim::conformance
