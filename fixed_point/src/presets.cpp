#include "fixed_point/presets.h"

#include <array>
#include <charconv>
#include <utility>

namespace dlasim::fixed_point {
namespace {

constexpr Format saturating(int exp, int man, Specials specials) noexcept {
  Format f = minifloat(exp, man);
  f.specials = specials;
  f.overflow = Overflow::kSaturate;
  return f;
}

constexpr std::array<std::pair<std::string_view, Format>, 10> kPresets{{
    {"exact", exact_format()},
    {"fp32", minifloat(8, 23)},
    {"tf32", minifloat(8, 10)},
    {"bf16", minifloat(8, 7)},
    {"fp16", minifloat(5, 10)},
    {"fp8_e5m2", saturating(5, 2, Specials::kIeee)},
    {"fp8_e4m3", saturating(4, 3, Specials::kFn)},
    {"fp6_e3m2", saturating(3, 2, Specials::kNone)},
    {"fp6_e2m3", saturating(2, 3, Specials::kNone)},
    {"fp4_e2m1", saturating(2, 1, Specials::kNone)},
}};

/// Removes `prefix` from the front of `text`; false if it is not there.
bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Removes a decimal number without sign or leading zeros ("0" itself is one).
std::optional<int> take_number(std::string_view& text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || text.front() == '-' || (text.front() == '0' && length > 1)) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

std::optional<Format> integer(std::string_view name) noexcept {
  const bool is_signed = !take(name, "u");
  if (!take(name, "int") || name.empty()) return std::nullopt;
  const auto bits = take_number(name);
  if (!bits || !name.empty() || *bits < 1 || *bits > 64) return std::nullopt;
  return dfp(*bits, 0, is_signed);
}

std::optional<Format> ristretto(std::string_view name) noexcept {
  if (!take(name, "ristretto_e") || name.empty()) return std::nullopt;
  const auto exp = take_number(name);
  if (!exp || *exp < 2 || *exp > 8 || !take(name, "m") || name.empty()) return std::nullopt;
  const auto man = take_number(name);
  if (!man || *man > 23 || !name.empty()) return std::nullopt;
  Format f = saturating(*exp, *man, Specials::kNone);
  f.exp_zero = ExpZero::kNormal;
  f.rounding = Rounding::kNearestAway;
  return f;
}

}  // namespace

std::optional<Format> preset(std::string_view name) noexcept {
  for (const auto& [known, format] : kPresets)
    if (known == name) return format;
  if (const auto format = integer(name)) return format;
  return ristretto(name);
}

std::optional<Format> mx_element(std::string_view name) noexcept {
  if (name == "int8") {
    Format f = dfp(8, 6);
    f.overflow = Overflow::kSaturateSymmetric;
    return f;
  }
  if (name.starts_with("fp8_") || name.starts_with("fp6_") || name.starts_with("fp4_")) return preset(name);
  return std::nullopt;
}

}  // namespace dlasim::fixed_point
