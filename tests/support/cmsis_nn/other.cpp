/// All but the multiply-accumulate functions of Include/arm_nnfunctions.h, computed by golden.

#include <algorithm>
#include <array>

#include "bridge.h"

// NOLINTBEGIN(readability-identifier-naming): the names are CMSIS-NN's.
using namespace dlasim::cmsis_nn_bridge;

namespace {

template <class T>
arm_cmsis_nn_status add(const T* a, const T* b, int32_t offset1, int32_t mult1, int32_t shift1,
                        int32_t offset2, int32_t mult2, int32_t shift2, int32_t left_shift, T* output,
                        int32_t out_offset, int32_t out_mult, int32_t out_shift, int32_t low, int32_t high,
                        int32_t count) {
  qop::Add op;
  op.input1_zero_point = -offset1;
  op.input2_zero_point = -offset2;
  op.output_zero_point = out_offset;
  op.left_shift = left_shift;
  op.input1 = {mult1, shift1};
  op.input2 = {mult2, shift2};
  op.output = {out_mult, out_shift};
  op.rule = kRule;
  op.clamp = {low, high};
  const Tensor x1 = tensor(a, {count});
  const Tensor x2 = tensor(b, {count});
  return evaluate(op, {&x1, &x2}, {count}, output);
}

template <class T>
arm_cmsis_nn_status mul(const T* a, const T* b, int32_t offset1, int32_t offset2, T* output,
                        int32_t out_offset, int32_t out_mult, int32_t out_shift, int32_t low, int32_t high,
                        int32_t count) {
  qop::Mul op;
  op.input1_zero_point = -offset1;
  op.input2_zero_point = -offset2;
  op.output_zero_point = out_offset;
  op.output = {out_mult, out_shift};
  op.rule = kRule;
  op.clamp = {low, high};
  const Tensor x1 = tensor(a, {count});
  const Tensor x2 = tensor(b, {count});
  return evaluate(op, {&x1, &x2}, {count}, output);
}

template <class T>
arm_cmsis_nn_status pool(dlasim::network::op::Pool2d::Kind kind, const cmsis_nn_pool_params* params,
                         const cmsis_nn_dims* input_dims, const T* input, const cmsis_nn_dims* filter_dims,
                         const cmsis_nn_dims* output_dims, T* output) {
  if (input_dims->n != 1) return ARM_CMSIS_NN_ARG_ERROR;  // the library reads one image only
  qop::Pool2d op;
  op.kind = kind;
  op.kernel = {filter_dims->h, filter_dims->w};
  op.stride = pair(params->stride);
  op.padding = {params->padding.h, params->padding.w, 0, 0};
  op.clamp = clamp_of(params->activation);
  const Tensor x = tensor(input, shape_of(input_dims));
  return evaluate(op, {&x}, shape_of(output_dims), output);
}

arm_cmsis_nn_status min_max(bool maximum, const int8_t* a, const cmsis_nn_dims* a_dims, const int8_t* b,
                            const cmsis_nn_dims* b_dims, int8_t* output, const cmsis_nn_dims* output_dims) {
  const Tensor x1 = tensor(a, shape_of(a_dims));
  const Tensor x2 = tensor(b, shape_of(b_dims));
  return evaluate(qop::MinMax{maximum}, {&x1, &x2}, shape_of(output_dims), output);
}

template <class T>
void softmax(const int8_t* input, int32_t rows, int32_t width, int32_t mult, int32_t shift, int32_t diff_min,
             T* output) {
  qop::Softmax op;
  op.input = {mult, shift};
  op.diff_min = diff_min;
  const Tensor x = tensor(input, {rows, width});
  evaluate(op, {&x}, {rows, width}, output);
}

template <class S>
arm_cmsis_nn_status svdf(const cmsis_nn_context* input_ctx, const cmsis_nn_context* output_ctx,
                         const cmsis_nn_svdf_params* params,
                         const cmsis_nn_per_tensor_quant_params* input_quant,
                         const cmsis_nn_per_tensor_quant_params* output_quant,
                         const cmsis_nn_dims* input_dims, const int8_t* input, S* state,
                         const cmsis_nn_dims* feature_dims, const int8_t* feature,
                         const cmsis_nn_dims* time_dims, const S* time, const int32_t* bias, int8_t* output) {
  const int64_t batch = input_dims->n;
  const int64_t depth = input_dims->h;
  const int64_t features = feature_dims->n;
  const int64_t memory = time_dims->h;
  const int64_t units = features / params->rank;
  if (!take_scratch(input_ctx, static_cast<int32_t>(4 * batch * features)) ||
      !take_scratch(output_ctx, static_cast<int32_t>(4 * batch * units))) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  qop::Svdf op;
  op.rank = params->rank;
  op.input_zero_point = params->input_offset;
  op.output_zero_point = params->output_offset;
  op.input = {input_quant->multiplier, input_quant->shift};
  op.output = {output_quant->multiplier, output_quant->shift};
  op.rule = kRule;
  op.state_clamp = clamp_of(params->input_activation);
  op.clamp = clamp_of(params->output_activation);
  const Tensor x = tensor(input, {1, batch, depth});
  const Tensor wf = tensor(feature, {features, depth});
  const Tensor wt = tensor(time, {features, memory});
  const Tensor b = tensor(bias, {units});
  const Tensor old = tensor(state, {batch, features, memory});
  const auto status = evaluate(op, {&x, &wf, &wt, &b, &old}, {batch, units}, output);
  // The state moves on: the newest entry comes from a network whose time weights pick it.
  const int64_t rows = batch * features;
  for (int64_t r = 0; r < rows; ++r)
    std::copy(state + r * memory + 1, state + (r + 1) * memory, state + r * memory);
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t f = 0; f < features; ++f) {
      qop::FullyConnected product;
      product.mac.input_zero_point = op.input_zero_point;
      product.mac.multiplier = {op.input};
      product.mac.rule = kRule;
      product.mac.clamp = op.state_clamp;
      const Tensor row = tensor(input + n * depth, {1, depth});
      const Tensor weight = tensor(feature + f * depth, {1, depth});
      evaluate(product, {&row, &weight, nullptr}, {1, 1}, state + (n * features + f) * memory + memory - 1);
    }
  }
  return status;
}

/// The plain bias from the one that has the zero point's part added.
template <class B>
Tensor plain_bias(const void* effective, const Tensor& weight, std::int64_t offset) {
  const std::int64_t units = weight.shape()[0];
  const std::int64_t depth = weight.shape()[1];
  Tensor bias = tensor(static_cast<const B*>(effective), {units});
  for (std::int64_t u = 0; u < units; ++u) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < depth; ++i) sum += weight.integer(u * depth + i);
    bias.set_integer(u, bias.integer(u) - offset * sum);
  }
  return bias;
}

template <class T, class B>
arm_cmsis_nn_status lstm(const T* input, T* output, const cmsis_nn_lstm_params* params,
                         const cmsis_nn_lstm_context* buffers) {
  const std::int64_t units = params->hidden_size;
  const std::int64_t depth = params->input_size;
  const std::int64_t batch = params->batch_size;
  const std::int64_t steps = params->time_steps;
  for (void* memory : {buffers->temp1, buffers->temp2, buffers->cell_state}) {
    if (memory == nullptr) return ARM_CMSIS_NN_ARG_ERROR;
    std::memset(memory, 0x5a, static_cast<std::size_t>(batch * units) * 2);
  }
  qop::Lstm op;
  op.time_major = params->time_major != 0;
  op.cell_clip = params->cell_clip;
  op.cell_scale_power = params->cell_scale_power;
  op.input_zero_point = -params->input_offset;
  op.output_zero_point = params->output_offset;
  op.forget_to_cell = {params->forget_to_cell_multiplier, params->forget_to_cell_shift};
  op.input_to_cell = {params->input_to_cell_multiplier, params->input_to_cell_shift};
  op.output = {params->output_multiplier, params->output_shift};
  op.rule = kRule;
  const std::array<const cmsis_nn_lstm_gate*, 4> gates{&params->input_gate, &params->forget_gate,
                                                       &params->cell_gate, &params->output_gate};
  const std::array<qop::Lstm::Gate*, 4> targets{&op.input_gate, &op.forget_gate, &op.cell_gate,
                                                &op.output_gate};
  std::vector<Tensor> tensors{
      tensor(input, op.time_major ? Shape{steps, batch, depth} : Shape{batch, steps, depth})};
  for (std::size_t g = 0; g < gates.size(); ++g) {
    const auto expected = g == 2 ? ARM_TANH : ARM_SIGMOID;
    if (gates.at(g)->activation_type != expected) return ARM_CMSIS_NN_ARG_ERROR;
    targets.at(g)->input = {gates.at(g)->input_multiplier, gates.at(g)->input_shift};
    targets.at(g)->hidden = {gates.at(g)->hidden_multiplier, gates.at(g)->hidden_shift};
    const Tensor wx = tensor(static_cast<const int8_t*>(gates.at(g)->input_weights), {units, depth});
    const Tensor wh = tensor(static_cast<const int8_t*>(gates.at(g)->hidden_weights), {units, units});
    const Tensor hidden = plain_bias<B>(gates.at(g)->hidden_effective_bias, wh, -op.output_zero_point);
    for (std::int64_t u = 0; u < units; ++u) {
      if (hidden.integer(u) != 0) return ARM_CMSIS_NN_ARG_ERROR;
    }
    tensors.push_back(wx);
    tensors.push_back(wh);
    tensors.push_back(plain_bias<B>(gates.at(g)->input_effective_bias, wx, -op.input_zero_point));
  }
  const auto& t = tensors;
  return evaluate(
      op, {&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7], &t[8], &t[9], &t[10], &t[11], &t[12]},
      op.time_major ? Shape{steps, batch, units} : Shape{batch, steps, units}, output);
}

constexpr auto kAverage = dlasim::network::op::Pool2d::Kind::kAverage;
constexpr auto kMax = dlasim::network::op::Pool2d::Kind::kMax;

}  // namespace

extern "C" {

arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t* a, const int8_t* b, const int32_t o1,
                                           const int32_t m1, const int32_t s1, const int32_t o2,
                                           const int32_t m2, const int32_t s2, const int32_t left_shift,
                                           int8_t* output, const int32_t o, const int32_t m, const int32_t s,
                                           const int32_t low, const int32_t high, const int32_t count) {
  return add(a, b, o1, m1, s1, o2, m2, s2, left_shift, output, o, m, s, low, high, count);
}
arm_cmsis_nn_status arm_elementwise_add_s16(const int16_t* a, const int16_t* b, const int32_t,
                                            const int32_t m1, const int32_t s1, const int32_t,
                                            const int32_t m2, const int32_t s2, const int32_t left_shift,
                                            int16_t* output, const int32_t, const int32_t m, const int32_t s,
                                            const int32_t low, const int32_t high, const int32_t count) {
  return add(a, b, 0, m1, s1, 0, m2, s2, left_shift, output, 0, m, s, low, high, count);
}
arm_cmsis_nn_status arm_elementwise_mul_s8(const int8_t* a, const int8_t* b, const int32_t o1,
                                           const int32_t o2, int8_t* output, const int32_t o, const int32_t m,
                                           const int32_t s, const int32_t low, const int32_t high,
                                           const int32_t count) {
  return mul(a, b, o1, o2, output, o, m, s, low, high, count);
}
arm_cmsis_nn_status arm_elementwise_mul_s16(const int16_t* a, const int16_t* b, const int32_t, const int32_t,
                                            int16_t* output, const int32_t, const int32_t m, const int32_t s,
                                            const int32_t low, const int32_t high, const int32_t count) {
  return mul(a, b, 0, 0, output, 0, m, s, low, high, count);
}

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* params,
                                   const cmsis_nn_dims* input_dims, const int8_t* input,
                                   const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                   int8_t* output) {
  if (!take_scratch(ctx, 4 * output_dims->c)) return ARM_CMSIS_NN_ARG_ERROR;
  return pool(kAverage, params, input_dims, input, filter_dims, output_dims, output);
}
arm_cmsis_nn_status arm_avgpool_s16(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* params,
                                    const cmsis_nn_dims* input_dims, const int16_t* input,
                                    const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                    int16_t* output) {
  if (!take_scratch(ctx, 4 * output_dims->c)) return ARM_CMSIS_NN_ARG_ERROR;
  return pool(kAverage, params, input_dims, input, filter_dims, output_dims, output);
}
int32_t arm_avgpool_s8_get_buffer_size(const int, const int ch_src) {
  return 4 * ch_src;
}
int32_t arm_avgpool_s16_get_buffer_size(const int, const int ch_src) {
  return 4 * ch_src;
}
arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context*, const cmsis_nn_pool_params* params,
                                    const cmsis_nn_dims* input_dims, const int8_t* input,
                                    const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                    int8_t* output) {
  return pool(kMax, params, input_dims, input, filter_dims, output_dims, output);
}
arm_cmsis_nn_status arm_max_pool_s16(const cmsis_nn_context*, const cmsis_nn_pool_params* params,
                                     const cmsis_nn_dims* input_dims, const int16_t* input,
                                     const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                     int16_t* output) {
  return pool(kMax, params, input_dims, input, filter_dims, output_dims, output);
}

arm_cmsis_nn_status arm_minimum_s8(const cmsis_nn_context*, const int8_t* a, const cmsis_nn_dims* a_dims,
                                   const int8_t* b, const cmsis_nn_dims* b_dims, int8_t* output,
                                   const cmsis_nn_dims* output_dims) {
  return min_max(false, a, a_dims, b, b_dims, output, output_dims);
}
arm_cmsis_nn_status arm_maximum_s8(const cmsis_nn_context*, const int8_t* a, const cmsis_nn_dims* a_dims,
                                   const int8_t* b, const cmsis_nn_dims* b_dims, int8_t* output,
                                   const cmsis_nn_dims* output_dims) {
  return min_max(true, a, a_dims, b, b_dims, output, output_dims);
}

arm_cmsis_nn_status arm_nn_activation_s16(const int16_t* input, int16_t* output, const int32_t size,
                                          const int32_t left_shift, const arm_nn_activation_type type) {
  const Tensor x = tensor(input, {size});
  return evaluate(qop::ActivationS16{type == ARM_SIGMOID, left_shift}, {&x}, {size}, output);
}

void arm_softmax_s8(const int8_t* input, const int32_t num_rows, const int32_t row_size, const int32_t mult,
                    const int32_t shift, const int32_t diff_min, int8_t* output) {
  softmax(input, num_rows, row_size, mult, shift, diff_min, output);
}
void arm_softmax_s8_s16(const int8_t* input, const int32_t num_rows, const int32_t row_size,
                        const int32_t mult, const int32_t shift, const int32_t diff_min, int16_t* output) {
  softmax(input, num_rows, row_size, mult, shift, diff_min, output);
}
arm_cmsis_nn_status arm_softmax_s16(const int16_t* input, const int32_t num_rows, const int32_t row_size,
                                    const int32_t mult, const int32_t shift,
                                    const cmsis_nn_softmax_lut_s16* tables, int16_t* output) {
  qop::Softmax op;
  op.input = {mult, shift};
  op.rule = kRule;
  const Tensor x = tensor(input, {num_rows, row_size});
  const Tensor exp = tensor(tables->exp_lut, {513});
  const Tensor reciprocal = tensor(tables->one_by_one_lut, {513});
  return evaluate(op, {&x, &exp, &reciprocal}, {num_rows, row_size}, output);
}

arm_cmsis_nn_status arm_transpose_s8(const int8_t* input, int8_t* const output,
                                     const cmsis_nn_dims* const input_dims,
                                     const cmsis_nn_dims* const output_dims,
                                     const cmsis_nn_transpose_params* const params) {
  qop::Transpose op;
  for (int32_t d = 0; d < params->num_dims; ++d) op.perm.push_back(static_cast<int>(params->permutations[d]));
  const Tensor x = tensor(input, shape_of(input_dims));
  return evaluate(op, {&x}, shape_of(output_dims), output);
}

void arm_concatenation_s8_y(const int8_t* input, const uint16_t input_x, const uint16_t input_y,
                            const uint16_t input_z, const uint16_t input_w, int8_t* output,
                            const uint16_t output_y, const uint32_t offset_y) {
  const std::size_t run = std::size_t{input_x} * input_y;
  const std::size_t stride = std::size_t{input_x} * output_y;
  for (std::size_t i = 0; i < std::size_t{input_z} * input_w; ++i)
    std::memcpy(output + i * stride + std::size_t{offset_y} * input_x, input + i * run, run);
}

arm_cmsis_nn_status arm_pad_s8(const int8_t* input, int8_t* output, const int8_t pad_value,
                               const cmsis_nn_dims* input_size, const cmsis_nn_dims* pre_pad,
                               const cmsis_nn_dims* post_pad) {
  qop::Pad op;
  op.before = shape_of(pre_pad);
  op.after = shape_of(post_pad);
  op.value = pad_value;
  Shape shape = shape_of(input_size);
  const Tensor x = tensor(input, shape);
  for (std::size_t d = 0; d < 4; ++d) shape[d] += op.before[d] + op.after[d];
  return evaluate(op, {&x}, shape, output);
}

arm_cmsis_nn_status arm_svdf_s8(const cmsis_nn_context* ctx, const cmsis_nn_context* input_ctx,
                                const cmsis_nn_context* output_ctx, const cmsis_nn_svdf_params* params,
                                const cmsis_nn_per_tensor_quant_params* input_quant,
                                const cmsis_nn_per_tensor_quant_params* output_quant,
                                const cmsis_nn_dims* input_dims, const int8_t* input, const cmsis_nn_dims*,
                                int8_t* state, const cmsis_nn_dims* feature_dims, const int8_t* feature,
                                const cmsis_nn_dims* time_dims, const int8_t* time, const cmsis_nn_dims*,
                                const int32_t* bias, const cmsis_nn_dims*, int8_t* output) {
  if (ctx->size < 4 * feature_dims->n) return ARM_CMSIS_NN_ARG_ERROR;
  return svdf(input_ctx, output_ctx, params, input_quant, output_quant, input_dims, input, state,
              feature_dims, feature, time_dims, time, bias, output);
}
arm_cmsis_nn_status arm_svdf_state_s16_s8(
    const cmsis_nn_context* input_ctx, const cmsis_nn_context* output_ctx, const cmsis_nn_svdf_params* params,
    const cmsis_nn_per_tensor_quant_params* input_quant, const cmsis_nn_per_tensor_quant_params* output_quant,
    const cmsis_nn_dims* input_dims, const int8_t* input, const cmsis_nn_dims*, int16_t* state,
    const cmsis_nn_dims* feature_dims, const int8_t* feature, const cmsis_nn_dims* time_dims,
    const int16_t* time, const cmsis_nn_dims*, const int32_t* bias, const cmsis_nn_dims*, int8_t* output) {
  return svdf(input_ctx, output_ctx, params, input_quant, output_quant, input_dims, input, state,
              feature_dims, feature, time_dims, time, bias, output);
}
int32_t arm_svdf_s8_get_buffer_size(const cmsis_nn_dims* filter_dims) {
  return 4 * filter_dims->n;
}

arm_cmsis_nn_status arm_lstm_unidirectional_s8(const int8_t* input, int8_t* output,
                                               const cmsis_nn_lstm_params* params,
                                               cmsis_nn_lstm_context* buffers) {
  return lstm<int8_t, int32_t>(input, output, params, buffers);
}
arm_cmsis_nn_status arm_lstm_unidirectional_s16(const int16_t* input, int16_t* output,
                                                const cmsis_nn_lstm_params* params,
                                                cmsis_nn_lstm_context* buffers) {
  return lstm<int16_t, int64_t>(input, output, params, buffers);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
