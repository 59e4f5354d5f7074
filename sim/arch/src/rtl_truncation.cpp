#include "rtl_truncation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sim/arch/rtl_package.h"

namespace dlasim::sim::arch {
namespace {

using fixed_point::Format;
using fixed_point::Kind;

constexpr int kRoundingBits = 3, kOverflowBits = 2, kSeedBits = 32, kStrideBits = 32;

/// The package's functions below read it.
std::uint64_t packed(const Format& f) {
  const bool minifloat = f.kind == Kind::kMinifloat;
  std::uint64_t word = static_cast<std::uint64_t>(f.code_bits());
  if (!minifloat) return word;
  word |= static_cast<std::uint64_t>(f.exp) << 7 | static_cast<std::uint64_t>(f.man) << 11;
  word |= static_cast<std::uint64_t>(f.exp_zero) << 16 | static_cast<std::uint64_t>(f.specials) << 18;
  word |= std::uint64_t{1} << 20;
  return word | (static_cast<std::uint64_t>(f.bias) & 0xFFFF) << 32;
}

/// A product that nothing truncates: of DFP codes it is one itself.
Format product_format(const Truncation& t) {
  if (t.kind != TruncationKind::kDfp || t.product.kind != Kind::kExact) return t.product;
  return fixed_point::dfp(t.input.bits + t.weight.bits, 0);
}

RtlField point(const char* name) {
  return {name, point_settings_struct().bits(), false, "point_settings"};
}

constexpr const char* kFunctions = R"(
  // A number format in 64 bits: bias, minifloat, specials, exp_zero, man, exp, bits of a code
  function automatic int unsigned code_bits(input logic [63:0] format);
    code_bits = 32'(format[6:0]);
  endfunction
  function automatic int unsigned significand_bits(input logic [63:0] format);
    significand_bits = format[20] ? 32'(format[15:11]) + 32'd1 : 32'(format[6:0]);
  endfunction
  // of a significand's last place; of minifloat only
  function automatic int lowest_exponent(input logic [63:0] format);
    lowest_exponent = 32'(format[17:16] == 2'd0) - 32'($signed(format[47:32])) - 32'(format[15:11]);
  endfunction
  function automatic int highest_exponent(input logic [63:0] format);
    highest_exponent = (32'sd1 << format[10:7]) - 32'sd1 - 32'($signed(format[47:32])) - 32'(format[15:11]);
  endfunction
)";

}  // namespace

RtlStruct point_settings_struct() {
  return {"point_settings",
          {{"rounding", kRoundingBits},
           {"overflow", kOverflowBits},
           {"fraction_length", kFractionLengthBits, true},
           {"seed", kSeedBits}}};
}

RtlStruct staged_settings_struct(const Hardware& h) {
  RtlStruct s{"staged_settings", {{"reduces"}}};
  if (!h.truncation.has_units()) return s;
  const int point_bits = point_settings_struct().bits();
  for (const RtlField& f : std::initializer_list<RtlField>{
           {"elementwise"},
           {"operation", 3},
           {"has_bias"},
           {"function_code", 2},
           {"input_fraction_length", kFractionLengthBits, true},
           {"weight_fraction_length", kFractionLengthBits, true},
           {"bias_fraction_length", kFractionLengthBits, true},
           point("product"),
           point("accumulator"),
           {"tree", point_bits * std::max(1, h.tree_levels())},  // leaves in the low bits
           point("partial_sum"),
           point("bias"),
           point("result")}) {
    s.fields.push_back(f);
  }
  for (const std::string name : {"slope", "minimum", "maximum"}) {
    s.fields.push_back({name + "_infinity"});
    s.fields.push_back({name + "_negative"});
    s.fields.push_back({name + "_significand", h.truncation.slope_bits});
    s.fields.push_back({name + "_exponent", kExponentBits, true});
  }
  s.fields.push_back({"element_row_stride", kStrideBits});
  s.fields.push_back({"element_column_stride", kStrideBits});
  return s;
}

std::string truncation_constants(const Hardware& h) {
  const Truncation& t = h.truncation;
  const int kind = t.kind == TruncationKind::kDfp ? 1 : t.kind == TruncationKind::kMinifloat ? 2 : 0;
  std::string text = "\n  // Truncation units\n";
  const auto integer = [&text](const char* name, std::int64_t value, const char* comment) {
    text += fmt::format("  localparam int unsigned {} = {};{}\n", name, value, comment);
  };
  integer("TruncationKind", kind, "  // 0: none, 1: DFP, 2: minifloat");
  integer("ProductExact", t.has_units() && t.product.kind == Kind::kExact ? 1 : 0, "");
  integer("Alignment", t.has_units() ? t.alignment : 0,
          "  // DFP: largest difference of two terms' fractional lengths");
  integer("LimitBits", t.has_units() ? t.slope_bits : 0,
          "  // significant bits of slope, minimum and maximum");
  integer("LfsrBits", t.has_units() ? t.lfsr_bits : 0, "  // 0: no stochastic rounding");
  integer("ExponentBits", kExponentBits, "");
  integer("FractionLengthBits", kFractionLengthBits, "");
  integer("FractionLengthAt", kSeedBits, "  // in point_settings_t");
  const std::array<std::pair<const char*, Format>, 9> formats{{{"InputFormat", t.input},
                                                               {"WeightFormat", t.weight},
                                                               {"BiasOperandFormat", t.bias_operand},
                                                               {"ProductFormat", product_format(t)},
                                                               {"AccumulatorFormat", t.accumulator},
                                                               {"TreeFormat", t.tree},
                                                               {"PartialSumFormat", t.partial_sum},
                                                               {"BiasFormat", t.bias},
                                                               {"OutputFormat", t.output}}};
  for (const auto& [name, format] : formats) {
    text += fmt::format("  localparam logic [63:0] {} = 64'h{:016x};\n", name,
                        t.has_units() ? packed(format) : 0);
  }
  return text + kFunctions;
}

}  // namespace dlasim::sim::arch
