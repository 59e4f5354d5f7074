#include "truncation_yaml.h"

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "fixed_point/presets.h"

namespace dlasim::sim::arch {
namespace {

using base::Choice;
using base::YamlNode;
using fixed_point::Format;
using fixed_point::Kind;

constexpr std::array kTruncationKinds{Choice<TruncationKind>{"any", TruncationKind::kAny},
                                      Choice<TruncationKind>{"none", TruncationKind::kNone},
                                      Choice<TruncationKind>{"dfp", TruncationKind::kDfp},
                                      Choice<TruncationKind>{"minifloat", TruncationKind::kMinifloat}};
constexpr std::array kExpZeros{Choice<fixed_point::ExpZero>{"subnormal", fixed_point::ExpZero::kSubnormal},
                               Choice<fixed_point::ExpZero>{"zero", fixed_point::ExpZero::kZero},
                               Choice<fixed_point::ExpZero>{"normal", fixed_point::ExpZero::kNormal}};
constexpr std::array kSpecials{Choice<fixed_point::Specials>{"ieee", fixed_point::Specials::kIeee},
                               Choice<fixed_point::Specials>{"fn", fixed_point::Specials::kFn},
                               Choice<fixed_point::Specials>{"none", fixed_point::Specials::kNone}};

Format read_minifloat_fields(const YamlNode& node) {
  Format f = fixed_point::minifloat(static_cast<int>(node.get_int("exp", 2, 8)),
                                    static_cast<int>(node.get_int("man", 0, 23)));
  f.bias = static_cast<int>(node.get_int_or("bias", f.bias, -512, 512));
  f.exp_zero =
      node.get_enum_or("exp_zero", f.exp_zero, std::span<const Choice<fixed_point::ExpZero>>(kExpZeros));
  f.specials =
      node.get_enum_or("specials", f.specials, std::span<const Choice<fixed_point::Specials>>(kSpecials));
  f.overflow = fixed_point::Overflow::kSaturate;
  if (!fixed_point::is_valid(f)) node.fail("`specials: ieee` needs a mantissa bit");
  return f;
}

Format read_format(const YamlNode& node, TruncationKind kind, bool may_be_exact) {
  if (may_be_exact && node.is_scalar() && node.as_string() == "exact") return fixed_point::exact_format();
  if (kind == TruncationKind::kDfp) return fixed_point::dfp(static_cast<int>(node.as_int(1, 64)), 0);
  if (!node.is_scalar()) return read_minifloat_fields(node);
  const std::string name = node.as_string();
  const auto preset = fixed_point::preset(name);
  if (!preset || preset->kind != Kind::kMinifloat)
    node.fail("'" + name + "' is no minifloat format: give a preset (fp8_e4m3, fp16, ...) or exp and man");
  return *preset;
}

}  // namespace

void read_formats(const YamlNode& node, Truncation& truncation) {
  truncation.kind = node.get_enum("kind", std::span<const Choice<TruncationKind>>(kTruncationKinds));
  if (!truncation.has_units()) return;
  visit_formats(truncation, [&](std::string_view key, Format& format) {
    const std::size_t dot = key.find('.');
    const YamlNode section = node.at(key.substr(0, dot));
    const std::string_view name = key.substr(dot + 1);
    format = read_format(section.at(name), truncation.kind, name == "product");
  });
}

}  // namespace dlasim::sim::arch
