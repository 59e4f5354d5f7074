#include "helpers.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <vector>

#include "c_text.h"

namespace dlasim::exporter {
namespace {

using network::DType;
using network::RequantRule;

/// A function in C. $A, $B are element types, $a, $b their suffixes, $R the requantisation that it calls,
/// $W "64" where that is Q, $C the accumulator's type.
struct Template {
  const char* text;
  std::vector<HelperKind> calls;
};

constexpr const char* kRequantizeDouble = R"(
/* value * multiplier * 2^(shift - 31), rounded twice: as arm_nn_requantize does by default. */
static int32_t requantize(int32_t value, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = left - shift;
  const int64_t shifted = (int32_t)((uint32_t)value << left);
  const int64_t high = (shifted * multiplier + ((int64_t)1 << 30)) >> 31;
  const int64_t half = right > 0 ? (int64_t)1 << (right - 1) : 0;
  const int64_t magnitude = ((high < 0 ? -high : high) + half) >> right;
  return (int32_t)(high < 0 ? -magnitude : magnitude);
}
)";

constexpr const char* kRequantizeSingle = R"(
/* value * multiplier * 2^(shift - 31), rounded once: as arm_nn_requantize with CMSIS_NN_USE_SINGLE_ROUNDING. */
static int32_t requantize(int32_t value, int32_t multiplier, int32_t shift) {
  return (int32_t)(((int64_t)value * multiplier + ((int64_t)1 << (30 - shift))) >> (31 - shift));
}
)";

constexpr const char* kRequantize64 = R"(
/* The same for 64-bit sums, with 15 bits of the multiplier: arm_nn_requantize_s64. */
static int32_t requantize_s64(int64_t value, int32_t multiplier, int32_t shift) {
  const int64_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
  return (int32_t)((value * reduced + ((int64_t)1 << (14 - shift))) >> (15 - shift));
}
)";

constexpr const char* kAligned = R"(
static int32_t aligned(int32_t bytes) { return (bytes + 15) / 16 * 16; }
)";

constexpr const char* kMove = R"(
/* Copies a box of `rank` dimensions; strides in elements, 0 repeats and a negative one walks backwards. */
static void move_$a(int32_t rank, const int32_t *shape, const $A *from, const int32_t *from_strides, $A *to,
                    const int32_t *to_strides) {
  if (rank == 0) {
    *to = *from;
    return;
  }
  for (int32_t i = 0; i < shape[0]; ++i) {
    move_$a(rank - 1, shape + 1, from + i * from_strides[0], from_strides + 1, to + i * to_strides[0],
            to_strides + 1);
  }
}
)";

constexpr const char* kFill = R"(
static void fill_$a($A *to, $A value, int32_t count) {
  for (int32_t i = 0; i < count; ++i) to[i] = value;
}
)";

constexpr const char* kLookup = R"(
/* A function of one variable: the table is indexed by the bits of the code. */
static void lookup_$a_$b(const $A *input, const $B *table, $B *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = table[(u$A)input[i]];
}
)";

constexpr const char* kClamp = R"(
static void clamp_$a(const $A *input, $A low, $A high, $A *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const $A x = input[i] < low ? low : input[i];
    output[i] = x > high ? high : x;
  }
}
)";

constexpr const char* kMinMax = R"(
static inline void maximum_$a(const $A *input1, const $A *input2, $A *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = input1[i] > input2[i] ? input1[i] : input2[i];
}

static inline void minimum_$a(const $A *input1, const $A *input2, $A *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = input1[i] < input2[i] ? input1[i] : input2[i];
}
)";

/// Ends every operator: the only saturation.
constexpr const char* kSaturate = R"(
static inline int32_t saturate(int64_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : (int32_t)value;
}
)";

constexpr const char* kLeakyRelu = R"(
/* A negative slope's sign is applied after the rounding. */
static void leaky_relu_$a_$b(const $A *input, int32_t input_offset, int32_t identity_multiplier,
                             int32_t identity_shift, int32_t alpha_multiplier, int32_t alpha_shift,
                             int32_t output_offset, int32_t low, int32_t high, $B *output, int32_t count) {
  const int32_t slope = alpha_multiplier < 0 ? -alpha_multiplier : alpha_multiplier;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x = input[i] + input_offset;
    int64_t y;
    if (x >= 0) {
      y = requantize(x, identity_multiplier, identity_shift);
    } else {
      y = requantize(x, slope, alpha_shift);
      if (alpha_multiplier < 0) y = -y;
    }
    output[i] = ($B)saturate(y + output_offset, low, high);
  }
}
)";

constexpr const char* kRescale = R"(
/* From one scale to another; `multipliers` is 1 or the number of channels, which lie innermost. */
static void rescale$W_$a_$b(const $A *input, int32_t input_offset, const int32_t *multiplier,
                            const int32_t *shift, int32_t multipliers, int32_t output_offset, int32_t low,
                            int32_t high, $B *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t c = i % multipliers;
    const int64_t y = $R(($C)input[i] + input_offset, multiplier[c], shift[c]);
    output[i] = ($B)saturate(y + output_offset, low, high);
  }
}
)";

constexpr const char* kSubtract = R"(
/* arm_elementwise_add's rule with the second operand taken away. */
static void subtract_$a(const $A *input1, const $A *input2, int32_t input1_offset, int32_t input1_multiplier,
                        int32_t input1_shift, int32_t input2_offset, int32_t input2_multiplier,
                        int32_t input2_shift, int32_t left_shift, $A *output, int32_t output_offset,
                        int32_t output_multiplier, int32_t output_shift, int32_t low, int32_t high,
                        int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x1 = (input1[i] + input1_offset) * (1 << left_shift);
    const int32_t x2 = (input2[i] + input2_offset) * (1 << left_shift);
    const int32_t difference =
        requantize(x1, input1_multiplier, input1_shift) - requantize(x2, input2_multiplier, input2_shift);
    const int64_t y = requantize(difference, output_multiplier, output_shift);
    output[i] = ($A)saturate(y + output_offset, low, high);
  }
}
)";

constexpr const char* kReduce = R"(
static void add_up_$a(int32_t rank, const int32_t *shape, const $A **input, const int32_t *strides,
                      int32_t *sums) {
  if (rank == 0) {
    *sums += *(*input)++;
    return;
  }
  for (int32_t i = 0; i < shape[0]; ++i) {
    add_up_$a(rank - 1, shape + 1, input, strides + 1, sums + i * strides[0]);
  }
}

/* Sums over the dimensions whose stride is 0. `offset` is minus the zero point times what is summed. */
static void reduce_$a_$b(int32_t rank, const int32_t *shape, const $A *input, const int32_t *strides,
                         int32_t *sums, int32_t offset, int32_t multiplier, int32_t shift,
                         int32_t output_offset, int32_t low, int32_t high, $B *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) sums[i] = offset;
  add_up_$a(rank, shape, &input, strides, sums);
  for (int32_t i = 0; i < count; ++i) {
    output[i] = ($B)saturate((int64_t)requantize(sums[i], multiplier, shift) + output_offset, low, high);
  }
}
)";

constexpr const char* kActivation = R"(
$TABLE
static inline int32_t interpolated(int32_t magnitude, int32_t bits, int32_t end) {
  const int32_t segment = magnitude >> bits;
  if (segment >= 255) return end;
  const int32_t rest = magnitude & ((1 << bits) - 1);
  return ((int32_t)sigmoid_table[segment] << bits) +
         rest * ((int32_t)sigmoid_table[segment + 1] - (int32_t)sigmoid_table[segment]);
}

static inline int32_t scaled_input(int16_t x, int32_t multiplier, int32_t right_shift) {
  const int64_t half = right_shift > 0 ? (int64_t)1 << (right_shift - 1) : 0;
  return (int32_t)(((int64_t)x * multiplier + half) >> right_shift);
}

/* TensorFlow Lite's rule for input scales that are not a power of two. */
static inline void sigmoid_s16(const int16_t *input, int32_t multiplier, int32_t right_shift, int16_t *output,
                               int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x = scaled_input(input[i], multiplier, right_shift);
    const int32_t y = interpolated(x < 0 ? -x : x, 9, 0x7FFF << 10);
    output[i] = (int16_t)(x >= 0 ? (y + 512) >> 10 : ((1 << 25) - y + 511) >> 10);
  }
}

static inline void tanh_s16(const int16_t *input, int32_t multiplier, int32_t right_shift, int16_t *output,
                            int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x = scaled_input(input[i], multiplier, right_shift);
    const int32_t y = interpolated(x < 0 ? -x : x, 8, 0xFFFF << 8);
    output[i] = (int16_t)(x >= 0 ? (y - (1 << 23) + 128) >> 8 : ((1 << 23) - y + 127) >> 8);
  }
}
)";

constexpr const char* kQuantizeFloat = R"(
/* Halves away from zero. */
static void quantize_f32_$b(const float *input, float scale, int32_t zero_point, $B *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    const double code = round((double)(input[i] / scale)) + zero_point;
    output[i] = code < $LOW ? ($B)$LOW : code > $HIGH ? ($B)$HIGH : ($B)code;
  }
}
)";

constexpr const char* kDequantize = R"(
static void dequantize_$a_f32(const $A *input, float scale, int32_t zero_point, float *output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = (float)((double)scale * (double)((int64_t)input[i] - zero_point));
}
)";

constexpr const char* kConvolve = R"(
/* A convolution with groups on int16, which CMSIS-NN has no call for. Weights are [O, KH, KW, I / groups]. */
static void convolve_grouped$W_s16(const cmsis_nn_conv_params *params, int32_t groups,
                                   const int32_t *multiplier, const int32_t *shift,
                                   const cmsis_nn_dims *input_dims, const int16_t *input,
                                   const cmsis_nn_dims *filter_dims, const int8_t *filter, const $C *bias,
                                   const cmsis_nn_dims *output_dims, int16_t *output) {
  const int32_t pixels = output_dims->n * output_dims->h * output_dims->w;
  for (int32_t i = 0; i < pixels * output_dims->c; ++i) {
    const int32_t o = i % output_dims->c;
    const int32_t pixel = i / output_dims->c;
    const int32_t x0 = pixel % output_dims->w * params->stride.w - params->padding.w;
    const int32_t y0 = pixel / output_dims->w % output_dims->h * params->stride.h - params->padding.h;
    const int32_t image = pixel / (output_dims->w * output_dims->h) * input_dims->h;
    const int32_t first = o / (output_dims->c / groups) * filter_dims->c;
    $C sum = bias[o];
    for (int32_t ky = 0; ky < filter_dims->h; ++ky) {
      const int32_t y = y0 + ky * params->dilation.h;
      for (int32_t kx = 0; kx < filter_dims->w; ++kx) {
        const int32_t x = x0 + kx * params->dilation.w;
        if (y < 0 || y >= input_dims->h || x < 0 || x >= input_dims->w) continue;
        const int16_t *in = input + ((image + y) * input_dims->w + x) * input_dims->c + first;
        const int8_t *weight = filter + ((o * filter_dims->h + ky) * filter_dims->w + kx) * filter_dims->c;
        for (int32_t c = 0; c < filter_dims->c; ++c) sum += (int32_t)in[c] * weight[c];
      }
    }
    const int64_t y = $R(sum, multiplier[o], shift[o]);
    output[i] = (int16_t)saturate(y, params->activation.min, params->activation.max);
  }
}
)";

constexpr const char* kTransposeConv = R"(
/* A transposed convolution that arm_transpose_conv_s8 does not cover: other paddings, int16. Each output
 * gathers the inputs that reach it. */
static void transpose_convolve$W_$a(const cmsis_nn_conv_params *params, const int32_t *multiplier,
                                    const int32_t *shift, const cmsis_nn_dims *input_dims, const $A *input,
                                    const cmsis_nn_dims *filter_dims, const int8_t *filter, const $C *bias,
                                    const cmsis_nn_dims *output_dims, $A *output) {
  const int32_t pixels = output_dims->n * output_dims->h * output_dims->w;
  for (int32_t i = 0; i < pixels * output_dims->c; ++i) {
    const int32_t o = i % output_dims->c;
    const int32_t pixel = i / output_dims->c;
    const int32_t x0 = pixel % output_dims->w + params->padding.w;
    const int32_t y0 = pixel / output_dims->w % output_dims->h + params->padding.h;
    const int32_t image = pixel / (output_dims->w * output_dims->h) * input_dims->h;
    $C sum = bias[o];
    for (int32_t ky = 0; ky < filter_dims->h; ++ky) {
      const int32_t y = (y0 - ky) / params->stride.h;
      if (y0 < ky || (y0 - ky) % params->stride.h != 0 || y >= input_dims->h) continue;
      for (int32_t kx = 0; kx < filter_dims->w; ++kx) {
        const int32_t x = (x0 - kx) / params->stride.w;
        if (x0 < kx || (x0 - kx) % params->stride.w != 0 || x >= input_dims->w) continue;
        const $A *in = input + ((image + y) * input_dims->w + x) * input_dims->c;
        const int8_t *weight = filter + ((o * filter_dims->h + ky) * filter_dims->w + kx) * filter_dims->c;
        for (int32_t c = 0; c < filter_dims->c; ++c) sum += ((int32_t)in[c] + params->input_offset) * weight[c];
      }
    }
    const int64_t y = $R(sum, multiplier[o], shift[o]);
    output[i] = ($A)saturate(y + params->output_offset, params->activation.min, params->activation.max);
  }
}
)";

/// spec/tflite_semantics.md section 7.3: 65536 / (1 + e^(-i / 24)), lowered by half the error that linear
/// interpolation makes in the middle of a segment.
std::string sigmoid_table() {
  const auto g = [](double x) { return 1.0 / (1.0 + std::exp(-x / 24.0)); };
  network::Tensor table(DType::kInt32, {256});
  for (std::int64_t i = 0; i < 255; ++i) {
    const auto x = static_cast<double>(i);
    const double error = (g(x) + g(x + 1.0)) / 2.0 - g(x + 0.5);
    table.set_integer(i, std::llround(65536.0 * (g(x) - error / 2.0)));
  }
  table.set_integer(255, 65535);
  return array_definition("sigmoid_table", table, "The sigmoid function of i / 24, made for interpolation.");
}

const Template& template_of(HelperKind kind, RequantRule rule) {
  static const Template kSingle{kRequantizeSingle, {}};
  static const std::map<HelperKind, Template> kTemplates{
      {HelperKind::kRequantize, {kRequantizeDouble, {}}},
      {HelperKind::kRequantize64, {kRequantize64, {}}},
      {HelperKind::kSaturate, {kSaturate, {}}},
      {HelperKind::kAligned, {kAligned, {}}},
      {HelperKind::kMove, {kMove, {}}},
      {HelperKind::kFill, {kFill, {}}},
      {HelperKind::kLookup, {kLookup, {}}},
      {HelperKind::kClamp, {kClamp, {}}},
      {HelperKind::kMinMax, {kMinMax, {}}},
      {HelperKind::kLeakyRelu, {kLeakyRelu, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kRescale, {kRescale, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kRescale64, {kRescale, {HelperKind::kRequantize64, HelperKind::kSaturate}}},
      {HelperKind::kSubtract, {kSubtract, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kReduce, {kReduce, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kActivation, {kActivation, {}}},
      {HelperKind::kQuantizeFloat, {kQuantizeFloat, {}}},
      {HelperKind::kDequantize, {kDequantize, {}}},
      {HelperKind::kConvolve, {kConvolve, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kConvolve64, {kConvolve, {HelperKind::kRequantize64, HelperKind::kSaturate}}},
      {HelperKind::kTransposeConv, {kTransposeConv, {HelperKind::kRequantize, HelperKind::kSaturate}}},
      {HelperKind::kTransposeConv64, {kTransposeConv, {HelperKind::kRequantize64, HelperKind::kSaturate}}},
  };
  if (kind == HelperKind::kRequantize && rule == RequantRule::kSingle) return kSingle;
  return kTemplates.at(kind);
}

std::string instance(const Helper& helper, RequantRule rule) {
  const Template& t = template_of(helper.kind, rule);
  const bool wide = !t.calls.empty() && t.calls.front() == HelperKind::kRequantize64;
  std::string text = t.text;
  const std::pair<std::string_view, std::string> parts[] = {
      {"$TABLE", helper.kind == HelperKind::kActivation ? sigmoid_table() : ""},
      {"$LOW", literal(helper.b == DType::kFloat32 ? 0 : network::lowest(helper.b))},
      {"$HIGH", literal(helper.b == DType::kFloat32 ? 0 : network::highest(helper.b))},
      // Codes that are unsigned already index a table as they are.
      {"(u$A)", helper.a == DType::kUInt8 ? "" : "(u$A)"},
      {"$A", std::string(c_type(helper.a))},
      {"$B", std::string(c_type(helper.b))},
      {"$a", std::string(suffix(helper.a))},
      {"$b", std::string(suffix(helper.b))},
      {"$R", wide ? "requantize_s64" : "requantize"},
      {"$W", wide ? "64" : ""},
      {"$C", wide ? "int64_t" : "int32_t"},
  };
  for (const auto& [from, to] : parts) {
    if (from != to) text = replaced(std::move(text), from, to);
  }
  return text;
}

}  // namespace

std::string helpers_text(std::set<Helper> used, RequantRule rule) {
  std::set<Helper> called;
  for (const Helper& helper : used) {
    for (const HelperKind kind : template_of(helper.kind, rule).calls) called.insert({kind});
  }
  used.merge(called);
  std::string text =
      "/* What the network needs and CMSIS-NN has no call for, with the same integer arithmetic.\n"
      " * Right shifts of negative numbers are arithmetic, as with all compilers for Arm. */\n"
      "#ifndef HELPERS_H\n#define HELPERS_H\n\n#include <math.h>\n#include <stdint.h>\n\n#include "
      "\"arm_nn_types.h\"\n";
  for (const Helper& helper : used) text += instance(helper, rule);
  return text + "\n#endif /* HELPERS_H */\n";
}

}  // namespace dlasim::exporter
