#include "sim/cosim/configurations.h"

#include "base/error.h"

namespace dlasim::sim::cosim {
namespace {

/// Square, 16-bit lanes, a deep post-processor: layers of any operator fit.
arch::Hardware square() {
  arch::Hardware h;
  h.name = "array_4x4";
  h.pe_array = {.ic_lanes = 4, .oc_lanes = 4, .max_taps = 25, .activation_bits = 16, .weight_bits = 16};
  h.buffers = {.activation_kib = 4,
               .weight_kib = 4,
               .operand_kib = 2,
               .output_kib = 2,
               .parameter_slots = 4,
               .partial_sum_depth = 64};
  return h;
}

/// Nothing is a power of two, the widths differ, and the post-processor is as short as it may be.
arch::Hardware odd() {
  arch::Hardware h;
  h.name = "array_3x5";
  h.pe_array = {.ic_lanes = 3, .oc_lanes = 5, .max_taps = 10, .activation_bits = 16, .weight_bits = 8};
  h.buffers = {.activation_kib = 1,
               .weight_kib = 1,
               .operand_kib = 1,
               .output_kib = 1,
               .parameter_slots = 3,
               .partial_sum_depth = 33};
  h.post_processor = {.table_entries = 300, .latency = 1};
  return h;
}

/// configs/hardware/small.yaml: what `dlasim cosim` runs networks on.
arch::Hardware small() {
  arch::Hardware h;
  h.name = "small";
  h.clock_mhz = 100;
  h.pe_array.ic_lanes = 4;
  h.pe_array.oc_lanes = 8;
  h.pe_array.max_taps = 16;
  h.buffers.activation_kib = 8;
  h.buffers.weight_kib = 8;
  h.buffers.operand_kib = 4;
  h.buffers.output_kib = 4;
  h.buffers.partial_sum_depth = 64;
  return h;
}

using fixed_point::dfp;

fixed_point::Format minifloat(int exp, int man, fixed_point::Specials specials) {
  fixed_point::Format f = fixed_point::minifloat(exp, man);
  f.specials = specials;
  return f;
}

/// configs/hardware/small_dfp.yaml: the widths of configs/numerics/dfp8.yaml.
arch::Hardware small_dfp() {
  arch::Hardware h = small();
  h.name = "small_dfp";
  h.pe_array.oc_lanes = 4;
  arch::Truncation& t = h.truncation;
  t.kind = arch::TruncationKind::kDfp;
  t.input = t.weight = t.output = dfp(8, 0);
  t.bias_operand = t.product = dfp(16, 0);
  t.accumulator = dfp(24, 0);
  t.tree = dfp(28, 0);
  t.partial_sum = t.bias = dfp(32, 0);
  return h;
}

/// configs/hardware/small_fp8.yaml: the formats of configs/numerics/fp8.yaml.
arch::Hardware small_fp8() {
  arch::Hardware h = small_dfp();
  h.name = "small_fp8";
  arch::Truncation& t = h.truncation;
  t.kind = arch::TruncationKind::kMinifloat;
  t.input = t.weight = t.output = minifloat(4, 3, fixed_point::Specials::kFn);
  t.product = fixed_point::exact_format();
  t.bias_operand = t.accumulator = t.tree = t.partial_sum = t.bias = fixed_point::minifloat(5, 10);
  return h;
}

/// Stochastic rounding, nothing is a power of two, and the accumulator takes the whole product.
arch::Hardware odd_dfp() {
  arch::Hardware h = odd();
  h.name = "dfp_3x2";
  h.pe_array = {.ic_lanes = 3, .oc_lanes = 2, .max_taps = 10, .activation_bits = 16, .weight_bits = 8};
  h.truncation = {.kind = arch::TruncationKind::kDfp,
                  .input = dfp(11, 0),
                  .weight = dfp(7, 0),
                  .bias_operand = dfp(13, 0),
                  .product = fixed_point::exact_format(),
                  .accumulator = dfp(15, 0),
                  .tree = dfp(17, 0),
                  .partial_sum = dfp(16, 0),
                  .bias = dfp(14, 0),
                  .output = dfp(11, 0),
                  .alignment = 20,
                  .slope_bits = 8,
                  .lfsr_bits = 16};
  return h;
}

/// Every point has another format, products are rounded, and every unit may round stochastically.
arch::Hardware rounded_fp8() {
  using fixed_point::Specials;
  arch::Hardware h = odd();
  h.name = "fp8_2x3";
  h.pe_array = {.ic_lanes = 2, .oc_lanes = 3, .max_taps = 10, .activation_bits = 16, .weight_bits = 8};
  h.truncation = {.kind = arch::TruncationKind::kMinifloat,
                  .input = minifloat(4, 3, Specials::kFn),
                  .weight = minifloat(5, 2, Specials::kIeee),
                  .bias_operand = minifloat(5, 10, Specials::kIeee),
                  .product = minifloat(5, 4, Specials::kIeee),
                  .accumulator = minifloat(5, 7, Specials::kIeee),
                  .tree = minifloat(6, 5, Specials::kIeee),
                  .partial_sum = minifloat(5, 8, Specials::kNone),
                  .bias = minifloat(5, 10, Specials::kIeee),
                  .output = minifloat(4, 3, Specials::kFn),
                  .lfsr_bits = 32};
  h.truncation.partial_sum.overflow = fixed_point::Overflow::kSaturate;
  h.truncation.partial_sum.exp_zero = fixed_point::ExpZero::kNormal;
  h.truncation.product.exp_zero = fixed_point::ExpZero::kZero;
  return h;
}

}  // namespace

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> kAll{
      {"default", {}},        {"array_4x4", square()},    {"array_3x5", odd()},
      {"small", small()},     {"small_dfp", small_dfp()}, {"small_fp8", small_fp8()},
      {"dfp_3x2", odd_dfp()}, {"fp8_2x3", rounded_fp8()}};
  return kAll;
}

const arch::Hardware& configuration(const std::string& name) {
  for (const Configuration& c : configurations()) {
    if (c.name == name) return c.hardware;
  }
  throw base::InputError("hardware configuration '" + name + "' is not one of those that are verilated");
}

}  // namespace dlasim::sim::cosim
