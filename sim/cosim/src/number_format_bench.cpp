#include "sim/cosim/number_format_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/file.h"
#include "sim/arch/rtl_package.h"
#include "sim/cosim/verilated_module.h"

namespace dlasim::sim::cosim {

using fixed_point::dfp;
using fixed_point::Exact;
using fixed_point::Format;

namespace {

Format minifloat_of(int exp, int man, int bias, int exp_zero, int specials) {
  Format f = fixed_point::minifloat(exp, man);
  f.bias = bias;
  f.exp_zero = static_cast<fixed_point::ExpZero>(exp_zero);
  f.specials = static_cast<fixed_point::Specials>(specials);
  return f;
}

/// Equal but for rounding and overflow, which are inputs of the unit.
bool same_codes(const Format& a, const Format& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == fixed_point::Kind::kDfp)
    return a.bits == b.bits && a.fl == b.fl && a.is_signed == b.is_signed;
  return a.exp == b.exp && a.man == b.man && a.bias == b.bias && a.exp_zero == b.exp_zero &&
         a.specials == b.specials;
}

/// The bench with a unit a format.
RtlUnit bench_of(const std::vector<Format>& formats, const RtlToolchain& toolchain) {
  std::string text = fmt::format("`define FORMAT_COUNT {}\n`define FORMATS", formats.size());
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const Format& f = formats[i];
    text += " \\\n  ";
    text += f.kind == fixed_point::Kind::kDfp
                ? fmt::format("`DFP({}, {}, {}, {})", i, f.bits, f.fl, f.is_signed ? 1 : 0)
                : fmt::format("`MINIFLOAT({}, {}, {}, {}, {}, {})", i, f.exp, f.man, f.bias,
                              static_cast<int>(f.exp_zero), static_cast<int>(f.specials));
  }
  text += '\n' + base::read_text_file(toolchain.sources / "bench" / "number_format_bench.sv");
  return {"number_format_bench", arch::rtl_package({}), text};
}

}  // namespace

NumberFormatBench::NumberFormatBench(std::vector<Format> formats, const RtlToolchain& toolchain)
    : formats_(std::move(formats)),
      rtl_(std::make_unique<VerilatedModule>(bench_of(formats_, toolchain), toolchain)) {}
NumberFormatBench::~NumberFormatBench() = default;

const std::vector<Format>& NumberFormatBench::usual_formats() {
  static const std::vector<Format> kAll{dfp(1, 0, true),
                                        dfp(2, 1, true),
                                        dfp(4, 2, true),
                                        dfp(8, -3, true),
                                        dfp(8, -2, true),
                                        dfp(8, 0, true),
                                        dfp(8, 3, true),
                                        dfp(8, 4, true),
                                        dfp(8, 5, true),
                                        dfp(8, 6, true),
                                        dfp(8, 7, true),
                                        dfp(8, 9, true),
                                        dfp(8, 12, true),
                                        dfp(8, 0, false),
                                        dfp(12, 4, true),
                                        dfp(12, 8, true),
                                        dfp(14, 5, true),
                                        dfp(16, 0, true),
                                        dfp(16, 7, true),
                                        dfp(16, 8, true),
                                        dfp(16, 10, true),
                                        dfp(32, 0, true),
                                        dfp(32, 16, true),
                                        dfp(64, 30, true),
                                        minifloat_of(2, 1, 1, 0, 2),
                                        minifloat_of(2, 3, 1, 0, 2),
                                        minifloat_of(2, 5, 1, 0, 2),
                                        minifloat_of(3, 2, 3, 0, 2),
                                        minifloat_of(3, 4, 3, 0, 0),
                                        minifloat_of(4, 0, 7, 0, 2),
                                        minifloat_of(4, 3, 7, 0, 1),
                                        minifloat_of(4, 3, 7, 0, 0),
                                        minifloat_of(4, 3, 11, 0, 1),
                                        minifloat_of(4, 3, 7, 2, 2),
                                        minifloat_of(5, 2, 15, 0, 0),
                                        minifloat_of(5, 3, 15, 0, 1),
                                        minifloat_of(5, 10, 15, 0, 0),
                                        minifloat_of(5, 10, 15, 1, 0),
                                        minifloat_of(5, 10, 15, 2, 2),
                                        minifloat_of(6, 10, 31, 1, 0),
                                        minifloat_of(8, 7, 127, 0, 0),
                                        minifloat_of(8, 7, 127, 1, 0),
                                        minifloat_of(8, 10, 127, 0, 0),
                                        minifloat_of(8, 23, 127, 0, 0)};
  return kAll;
}

bool NumberFormatBench::has(const Format& format) const {
  return std::ranges::any_of(formats_, [&](const Format& f) { return same_codes(f, format); });
}

std::size_t NumberFormatBench::index_of(const Format& format) const {
  const auto at = std::ranges::find_if(formats_, [&](const Format& f) { return same_codes(f, format); });
  if (at == formats_.end()) throw std::logic_error("the bench does not have this format");
  return static_cast<std::size_t>(at - formats_.begin());
}

void NumberFormatBench::set(const char* port, std::uint64_t value) {
  rtl_->pin(port).set(value);
}

std::uint64_t NumberFormatBench::get(const char* port) const {
  return rtl_->pin(port).value();
}

std::optional<NumberFormatBench::Result> NumberFormatBench::convert(const Exact& v, const Format& f,
                                                                    std::uint32_t draw) {
  constexpr int kSignificandBits = 128;
  if (v.sticky || v.significand.bit_length() > kSignificandBits) return {};
  if (v.exponent < -16000 || v.exponent > 16000) return {};
  set("nan_i", v.is_nan());
  set("infinity_i", v.is_infinity());
  set("negative_i", v.negative);
  for (int word = 0; word < kSignificandBits / 64; ++word)
    rtl_->pin("significand_i").set(64 * word, 64, v.significand.limb[static_cast<std::size_t>(word)]);
  set("exponent_i", static_cast<std::uint64_t>(v.exponent));
  return result(f, 0, draw);
}

void NumberFormatBench::set_operands(std::uint64_t a, const Format& fa, std::uint64_t b, const Format& fb) {
  rtl_->pin("operand_i").set(0, 64, a), rtl_->pin("operand_i").set(64, 64, b);
  set("format_i", index_of(fa) | index_of(fb) << 8);
}

NumberFormatBench::Result NumberFormatBench::multiply(std::uint64_t a, const Format& fa, std::uint64_t b,
                                                      const Format& fb, const Format& f) {
  set_operands(a, fa, b, fb);
  return result(f, 1, 0);
}

NumberFormatBench::Result NumberFormatBench::add(std::uint64_t a, const Format& fa, std::uint64_t b,
                                                 const Format& fb, const Format& f) {
  set_operands(a, fa, b, fb);
  return result(f, 2, 0);
}

NumberFormatBench::Result NumberFormatBench::result(const Format& f, int operation, std::uint32_t draw) {
  set("operation_i", static_cast<std::uint64_t>(operation));
  set("result_i", index_of(f));
  set("rounding_i", static_cast<std::uint64_t>(f.rounding));
  set("overflow_i", static_cast<std::uint64_t>(f.overflow));
  set("lfsr_is_32_i", f.lfsr.bits == 32);
  set("draw_i", draw);
  rtl_->eval();
  return {get("code_o"), static_cast<std::uint8_t>(get("flags_o"))};
}

void NumberFormatBench::seed(std::uint32_t state) {
  set("seed_valid_i", 1), set("seed_i", state);  // up to the next draw
}

std::uint32_t NumberFormatBench::draw(int bits) {
  rtl_->eval();
  const auto r = static_cast<std::uint32_t>(get(bits == 16 ? "draw_16_o" : "draw_32_o"));
  set("next_i", 1);
  rtl_->edge();
  set("next_i", 0), set("seed_valid_i", 0);
  return r;
}

}  // namespace dlasim::sim::cosim
