#include "sim/arch/truncation.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace dlasim::sim::arch {
namespace {

using fixed_point::Format;
using fixed_point::Kind;

constexpr std::array<const char*, 3> kExpZeroNames{"subnormal", "zero", "normal"};
constexpr std::array<const char*, 3> kSpecialsNames{"ieee", "fn", "none"};

}  // namespace

std::string silicon_name(const Format& f) {
  if (f.kind == Kind::kExact) return "exact";
  if (f.kind == Kind::kDfp) return fmt::format("DFP of {}{} bits", f.is_signed ? "" : "unsigned ", f.bits);
  return fmt::format("E{}M{} (bias {}, exp_zero {}, specials {})", f.exp, f.man, f.bias,
                     kExpZeroNames.at(static_cast<std::size_t>(f.exp_zero)),
                     kSpecialsNames.at(static_cast<std::size_t>(f.specials)));
}

bool same_codes(const Format& a, const Format& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::kExact) return true;
  if (a.kind == Kind::kDfp) return a.bits == b.bits && a.is_signed == b.is_signed;
  return a.exp == b.exp && a.man == b.man && a.bias == b.bias && a.exp_zero == b.exp_zero &&
         a.specials == b.specials;
}

}  // namespace dlasim::sim::arch
