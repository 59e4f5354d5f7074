#include "network/number_format_presets.h"

#include <array>
#include <charconv>

namespace dlasim::network {

namespace {

struct Preset {
  std::string_view name;
  int exp, man;
  Specials specials;
  Overflow overflow;
};

constexpr std::array<Preset, 9> kPresets = {{
    {"fp32", 8, 23, Specials::kIeee, Overflow::kInf},
    {"tf32", 8, 10, Specials::kIeee, Overflow::kInf},
    {"bf16", 8, 7, Specials::kIeee, Overflow::kInf},
    {"fp16", 5, 10, Specials::kIeee, Overflow::kInf},
    {"fp8_e5m2", 5, 2, Specials::kIeee, Overflow::kSaturate},
    {"fp8_e4m3", 4, 3, Specials::kFn, Overflow::kSaturate},
    {"fp6_e3m2", 3, 2, Specials::kNone, Overflow::kSaturate},
    {"fp6_e2m3", 2, 3, Specials::kNone, Overflow::kSaturate},
    {"fp4_e2m1", 2, 1, Specials::kNone, Overflow::kSaturate},
}};
constexpr std::array<std::string_view, 6> kMxElements = {"fp8_e5m2", "fp8_e4m3", "fp6_e3m2",
                                                         "fp6_e2m3", "fp4_e2m1", "int8"};

NumberFormat minifloat(int exp, int man, Specials specials, Overflow overflow) {
  NumberFormat format;
  format.kind = NumberFormat::Kind::kMinifloat;
  format.exp = exp;
  format.man = man;
  format.bias = (1 << (exp - 1)) - 1;
  format.specials = specials;
  format.overflow = overflow;
  return format;
}

NumberFormat dfp(int bits, int fl, bool is_signed) {
  NumberFormat format;
  format.kind = NumberFormat::Kind::kDfp;
  format.bits = bits;
  format.fl = fl;
  format.is_signed = is_signed;
  return format;
}

/// A decimal number in [min, max], without sign or leading zeros.
std::optional<int> number(std::string_view text, int min, int max) {
  int value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || end != last || leading_zero || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<NumberFormat> integer_preset(std::string_view name) {
  const bool is_signed = name.starts_with("int");
  if (!is_signed && !name.starts_with("uint")) return std::nullopt;
  const std::optional<int> bits = number(name.substr(is_signed ? 3 : 4), 1, 64);
  if (!bits) return std::nullopt;
  return dfp(*bits, 0, is_signed);
}

std::optional<NumberFormat> ristretto_preset(std::string_view name) {
  constexpr std::string_view prefix = "ristretto_e";
  const std::size_t m = name.find('m');
  if (!name.starts_with(prefix) || m == std::string_view::npos) return std::nullopt;
  const std::optional<int> exp = number(name.substr(prefix.size(), m - prefix.size()), 2, 8);
  const std::optional<int> man = number(name.substr(m + 1), 0, 23);
  if (!exp || !man) return std::nullopt;
  NumberFormat format = minifloat(*exp, *man, Specials::kNone, Overflow::kSaturate);
  format.exp_zero = ExpZero::kNormal;
  format.rounding = Rounding::kNearestAway;
  return format;
}

}  // namespace

std::optional<NumberFormat> number_format_preset(std::string_view name) {
  if (name == "exact") return NumberFormat{};
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return minifloat(preset.exp, preset.man, preset.specials, preset.overflow);
  }
  if (const auto format = integer_preset(name)) return format;
  return ristretto_preset(name);
}

std::vector<std::string> number_format_preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  for (const char* name : {"ristretto_e4m3", "int8", "int16", "int32", "uint8", "exact"})
    names.emplace_back(name);
  return names;
}

std::optional<NumberFormat> mx_element_preset(std::string_view name) {
  if (name == "int8") {
    NumberFormat format = dfp(8, 6, true);
    format.overflow = Overflow::kSaturateSymmetric;
    return format;
  }
  for (const std::string_view element : kMxElements) {
    if (element == name) return number_format_preset(name);
  }
  return std::nullopt;
}

std::vector<std::string> mx_element_names() {
  return {kMxElements.begin(), kMxElements.end()};
}

}  // namespace dlasim::network
