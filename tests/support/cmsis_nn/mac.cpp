/// Convolutions and matrix products of Include/arm_nnfunctions.h, computed by golden.

#include <algorithm>

#include "bridge.h"

// NOLINTBEGIN(readability-identifier-naming): the names are CMSIS-NN's.
using namespace dlasim::cmsis_nn_bridge;

namespace {

template <class Params>
qop::MacParameters mac_of(const Params* params, const cmsis_nn_per_channel_quant_params* quant,
                          std::int64_t channels, RequantRule rule) {
  qop::MacParameters mac;
  mac.input_zero_point = -params->input_offset;
  mac.output_zero_point = params->output_offset;
  mac.multiplier = multipliers(quant, channels);
  mac.rule = rule;
  mac.clamp = clamp_of(params->activation);
  return mac;
}

/// Scratch of the convolutions: something that depends on the shapes and is never 0.
std::int32_t column_bytes(const cmsis_nn_dims* input, const cmsis_nn_dims* filter) {
  return 4 * input->c * filter->w * filter->h;
}

template <class T, class B>
arm_cmsis_nn_status convolve(const cmsis_nn_context* ctx, const cmsis_nn_conv_params* params,
                             const cmsis_nn_per_channel_quant_params* quant, const cmsis_nn_dims* input_dims,
                             const T* input, const cmsis_nn_dims* filter_dims, const Tensor& weight,
                             const B* bias, const cmsis_nn_dims* output_dims, T* output, RequantRule rule) {
  if (!take_scratch(ctx, column_bytes(input_dims, filter_dims))) return ARM_CMSIS_NN_ARG_ERROR;
  qop::Conv2d op;
  op.stride = pair(params->stride);
  op.dilation = pair(params->dilation);
  op.padding = {params->padding.h, params->padding.w, 0, 0};
  op.groups = input_dims->c / std::max(1, filter_dims->c);
  op.mac = mac_of(params, quant, output_dims->c, rule);
  const Tensor x = tensor(input, shape_of(input_dims));
  const Tensor b = tensor(bias, {output_dims->c});
  return evaluate(op, {&x, &weight, &b}, shape_of(output_dims), output);
}

template <class T, class B>
arm_cmsis_nn_status depthwise(const cmsis_nn_context* ctx, const cmsis_nn_dw_conv_params* params,
                              const cmsis_nn_per_channel_quant_params* quant, const cmsis_nn_dims* input_dims,
                              const T* input, const cmsis_nn_dims* filter_dims, const Tensor& weight,
                              const B* bias, const cmsis_nn_dims* output_dims, T* output, RequantRule rule) {
  if (!take_scratch(ctx, column_bytes(input_dims, filter_dims))) return ARM_CMSIS_NN_ARG_ERROR;
  qop::DepthwiseConv2d op;
  op.stride = pair(params->stride);
  op.dilation = pair(params->dilation);
  op.padding = {params->padding.h, params->padding.w, 0, 0};
  op.channel_multiplier = params->ch_mult;
  op.mac = mac_of(params, quant, output_dims->c, rule);
  const Tensor x = tensor(input, shape_of(input_dims));
  const Tensor b = tensor(bias, {output_dims->c});
  return evaluate(op, {&x, &weight, &b}, shape_of(output_dims), output);
}

template <class T, class B>
arm_cmsis_nn_status fully_connected(const cmsis_nn_fc_params* params,
                                    const cmsis_nn_per_channel_quant_params* quant, bool per_channel,
                                    const cmsis_nn_dims* input_dims, const T* input, const Tensor& weight,
                                    const B* bias, const cmsis_nn_dims* output_dims, T* output,
                                    RequantRule rule) {
  qop::FullyConnected op;
  op.mac = mac_of(params, quant, per_channel ? output_dims->c : 1, rule);
  op.mac.weight_zero_point = -params->filter_offset;
  const Tensor x = tensor(input, {input_dims->n, weight.shape()[1]});
  const Tensor b = tensor(bias, {output_dims->c});
  return evaluate(op, {&x, &weight, &b}, {output_dims->n, output_dims->c}, output);
}

/// Fully connected int8 kernels begin with the sums that arm_vector_sum_s8 left in the scratch memory.
bool sums_are_there(const cmsis_nn_context* ctx, const cmsis_nn_fc_params* params, const Tensor& weight,
                    const std::int32_t* bias) {
  const std::int64_t rows = weight.shape()[0];
  const std::int64_t columns = weight.shape()[1];
  if (ctx->buf == nullptr || ctx->size < 4 * rows) return false;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t sum = 0;
    for (std::int64_t c = 0; c < columns; ++c) sum += weight.integer(r * columns + c) + params->filter_offset;
    if (static_cast<const std::int32_t*>(ctx->buf)[r] != sum * params->input_offset + bias[r]) return false;
  }
  return true;
}

template <class T>
arm_cmsis_nn_status batch_matmul(const cmsis_nn_context* ctx, const cmsis_nn_bmm_params* params,
                                 const cmsis_nn_per_tensor_quant_params* quant, const cmsis_nn_dims* lhs_dims,
                                 const T* lhs, const cmsis_nn_dims* rhs_dims, const T* rhs,
                                 const cmsis_nn_dims* output_dims, T* output, RequantRule rule) {
  if (!take_scratch(ctx, 4 * rhs_dims->w)) return ARM_CMSIS_NN_ARG_ERROR;
  qop::BatchMatmul op;
  op.adj_y = true;  // rows times rows, whatever the flags say
  op.mac.input_zero_point = -params->fc_params.input_offset;
  op.mac.weight_zero_point = -params->fc_params.filter_offset;
  op.mac.output_zero_point = params->fc_params.output_offset;
  op.mac.multiplier = {{quant->multiplier, quant->shift}};
  op.mac.rule = rule;
  op.mac.clamp = clamp_of(params->fc_params.activation);
  const Tensor a = tensor(lhs, shape_of(lhs_dims));
  const Tensor b = tensor(rhs, shape_of(rhs_dims));
  return evaluate(op, {&a, &b}, shape_of(output_dims), output);
}

cmsis_nn_per_channel_quant_params as_channel(const cmsis_nn_per_tensor_quant_params& quant,
                                             cmsis_nn_per_tensor_quant_params& copy) {
  copy = quant;
  return {&copy.multiplier, &copy.shift};
}

Shape matrix(const cmsis_nn_dims* filter_dims) {
  return {filter_dims->c, filter_dims->n};
}

}  // namespace

extern "C" {

arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context* ctx,
                                            const cmsis_nn_conv_params* conv_params,
                                            const cmsis_nn_per_channel_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims*, const int32_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int8_t* output_data) {
  if (input_dims->c != filter_dims->c) return ARM_CMSIS_NN_ARG_ERROR;  // groups: arm_convolve_s8
  return convolve(ctx, conv_params, quant_params, input_dims, input_data, filter_dims,
                  tensor(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data, kRule);
}
int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params*, const cmsis_nn_dims* input_dims,
                                                const cmsis_nn_dims* filter_dims, const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_convolve_wrapper_s4(const cmsis_nn_context* ctx,
                                            const cmsis_nn_conv_params* conv_params,
                                            const cmsis_nn_per_channel_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims*, const int32_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int8_t* output_data) {
  return convolve(ctx, conv_params, quant_params, input_dims, input_data, filter_dims,
                  unpacked(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data, kRule);
}
int32_t arm_convolve_wrapper_s4_get_buffer_size(const cmsis_nn_conv_params*, const cmsis_nn_dims* input_dims,
                                                const cmsis_nn_dims* filter_dims, const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_convolve_wrapper_s16(const cmsis_nn_context* ctx,
                                             const cmsis_nn_conv_params* conv_params,
                                             const cmsis_nn_per_channel_quant_params* quant_params,
                                             const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                             const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                             const cmsis_nn_dims*, const cmsis_nn_bias_data* bias_data,
                                             const cmsis_nn_dims* output_dims, int16_t* output_data) {
  const Tensor weight = tensor(filter_data, shape_of(filter_dims));
  if (bias_data->is_int32_bias) {
    return convolve(ctx, conv_params, quant_params, input_dims, input_data, filter_dims, weight,
                    static_cast<const int32_t*>(bias_data->data), output_dims, output_data, kRule);
  }
  return convolve(ctx, conv_params, quant_params, input_dims, input_data, filter_dims, weight,
                  static_cast<const int64_t*>(bias_data->data), output_dims, output_data,
                  RequantRule::kInt64);
}
int32_t arm_convolve_wrapper_s16_get_buffer_size(const cmsis_nn_conv_params*, const cmsis_nn_dims* input_dims,
                                                 const cmsis_nn_dims* filter_dims, const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_convolve_s8(const cmsis_nn_context* ctx, const cmsis_nn_conv_params* conv_params,
                                    const cmsis_nn_per_channel_quant_params* quant_params,
                                    const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                    const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                    const cmsis_nn_dims*, const int32_t* bias_data,
                                    const cmsis_nn_dims* upscale_dims, const cmsis_nn_dims* output_dims,
                                    int8_t* output_data) {
  if (upscale_dims != nullptr) return ARM_CMSIS_NN_NO_IMPL_ERROR;
  return convolve(ctx, conv_params, quant_params, input_dims, input_data, filter_dims,
                  tensor(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data, kRule);
}
int32_t arm_convolve_s8_get_buffer_size(const cmsis_nn_dims* input_dims, const cmsis_nn_dims* filter_dims) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_dw_conv_params* dw_conv_params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims*, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data) {
  return depthwise(ctx, dw_conv_params, quant_params, input_dims, input_data, filter_dims,
                   tensor(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data, kRule);
}
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params*,
                                                      const cmsis_nn_dims* input_dims,
                                                      const cmsis_nn_dims* filter_dims,
                                                      const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s4(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_dw_conv_params* dw_conv_params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims*, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data) {
  return depthwise(ctx, dw_conv_params, quant_params, input_dims, input_data, filter_dims,
                   unpacked(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data, kRule);
}
int32_t arm_depthwise_conv_wrapper_s4_get_buffer_size(const cmsis_nn_dw_conv_params*,
                                                      const cmsis_nn_dims* input_dims,
                                                      const cmsis_nn_dims* filter_dims,
                                                      const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s16(
    const cmsis_nn_context* ctx, const cmsis_nn_dw_conv_params* dw_conv_params,
    const cmsis_nn_per_channel_quant_params* quant_params, const cmsis_nn_dims* input_dims,
    const int16_t* input_data, const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
    const cmsis_nn_dims*, const int64_t* bias_data, const cmsis_nn_dims* output_dims, int16_t* output_data) {
  return depthwise(ctx, dw_conv_params, quant_params, input_dims, input_data, filter_dims,
                   tensor(filter_data, shape_of(filter_dims)), bias_data, output_dims, output_data,
                   RequantRule::kInt64);
}
int32_t arm_depthwise_conv_wrapper_s16_get_buffer_size(const cmsis_nn_dw_conv_params*,
                                                       const cmsis_nn_dims* input_dims,
                                                       const cmsis_nn_dims* filter_dims,
                                                       const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}

arm_cmsis_nn_status arm_transpose_conv_wrapper_s8(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_context* output_ctx,
                                                  const cmsis_nn_transpose_conv_params* params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims*, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data) {
  const int32_t image = output_dims->h * output_dims->w * output_dims->c * 4;
  const auto windows = [](int32_t out, int32_t before, int32_t after, int32_t kernel, int32_t stride) {
    return (out + before + after - kernel) / stride + 1;
  };
  // The library finds the number of windows from both paddings.
  if (!take_scratch(ctx, column_bytes(input_dims, filter_dims)) || !take_scratch(output_ctx, image) ||
      windows(output_dims->h, params->padding.h, params->padding_offsets.h, filter_dims->h,
              params->stride.h) != input_dims->h ||
      windows(output_dims->w, params->padding.w, params->padding_offsets.w, filter_dims->w,
              params->stride.w) != input_dims->w) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  qop::TransposeConv2d op;
  op.stride = pair(params->stride);
  op.padding = {params->padding.h, params->padding.w, 0, 0};
  op.mac = mac_of(params, quant_params, output_dims->c, kRule);
  const Tensor x = tensor(input_data, shape_of(input_dims));
  const Tensor weight = tensor(filter_data, shape_of(filter_dims));
  const Tensor b = tensor(bias_data, {output_dims->c});
  return evaluate(op, {&x, &weight, &b}, shape_of(output_dims), output_data);
}
int32_t arm_transpose_conv_s8_get_buffer_size(const cmsis_nn_transpose_conv_params*,
                                              const cmsis_nn_dims* input_dims,
                                              const cmsis_nn_dims* filter_dims, const cmsis_nn_dims*) {
  return column_bytes(input_dims, filter_dims);
}
int32_t arm_transpose_conv_s8_get_reverse_conv_buffer_size(const cmsis_nn_transpose_conv_params*,
                                                           const cmsis_nn_dims* input_dims,
                                                           const cmsis_nn_dims* filter_dims) {
  return input_dims->c * filter_dims->w * filter_dims->h * filter_dims->n;
}

arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
                                           const cmsis_nn_per_tensor_quant_params* quant_params,
                                           const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                           const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                           const cmsis_nn_dims*, const int32_t* bias_data,
                                           const cmsis_nn_dims* output_dims, int8_t* output_data) {
  const Tensor weight = tensor(filter_data, matrix(filter_dims));
  if (!sums_are_there(ctx, fc_params, weight, bias_data)) return ARM_CMSIS_NN_ARG_ERROR;
  cmsis_nn_per_tensor_quant_params copy{};
  const auto quant = as_channel(*quant_params, copy);
  return fully_connected(fc_params, &quant, false, input_dims, input_data, weight, bias_data, output_dims,
                         output_data, kRule);
}

arm_cmsis_nn_status arm_fully_connected_s4(const cmsis_nn_context*, const cmsis_nn_fc_params* fc_params,
                                           const cmsis_nn_per_tensor_quant_params* quant_params,
                                           const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                           const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                           const cmsis_nn_dims*, const int32_t* bias_data,
                                           const cmsis_nn_dims* output_dims, int8_t* output_data) {
  cmsis_nn_per_tensor_quant_params copy{};
  const auto quant = as_channel(*quant_params, copy);
  return fully_connected(fc_params, &quant, false, input_dims, input_data,
                         unpacked(filter_data, matrix(filter_dims)), bias_data, output_dims, output_data,
                         kRule);
}

arm_cmsis_nn_status arm_fully_connected_per_channel_s8(
    const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
    const cmsis_nn_per_channel_quant_params* quant_params, const cmsis_nn_dims* input_dims,
    const int8_t* input_data, const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
    const cmsis_nn_dims*, const int32_t* bias_data, const cmsis_nn_dims* output_dims, int8_t* output_data) {
  const Tensor weight = tensor(filter_data, matrix(filter_dims));
  if (!sums_are_there(ctx, fc_params, weight, bias_data)) return ARM_CMSIS_NN_ARG_ERROR;
  return fully_connected(fc_params, quant_params, true, input_dims, input_data, weight, bias_data,
                         output_dims, output_data, kRule);
}

arm_cmsis_nn_status arm_fully_connected_s16(const cmsis_nn_context*, const cmsis_nn_fc_params* fc_params,
                                            const cmsis_nn_per_tensor_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims*, const int64_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int16_t* output_data) {
  cmsis_nn_per_tensor_quant_params copy{};
  const auto quant = as_channel(*quant_params, copy);
  return fully_connected(fc_params, &quant, false, input_dims, input_data,
                         tensor(filter_data, matrix(filter_dims)), bias_data, output_dims, output_data,
                         RequantRule::kInt64);
}

int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims* filter_dims) {
  return 4 * filter_dims->c;
}
int32_t arm_fully_connected_s16_get_buffer_size(const cmsis_nn_dims*) {
  return 0;
}

arm_cmsis_nn_status arm_vector_sum_s8(int32_t* vector_sum_buf, const int32_t vector_cols,
                                      const int32_t vector_rows, const int8_t* vector_data,
                                      const int32_t lhs_offset, const int32_t rhs_offset,
                                      const int32_t* bias_data) {
  for (int32_t r = 0; r < vector_rows; ++r) {
    int32_t sum = 0;
    for (int32_t c = 0; c < vector_cols; ++c) sum += vector_data[r * vector_cols + c] + rhs_offset;
    vector_sum_buf[r] = sum * lhs_offset + (bias_data != nullptr ? bias_data[r] : 0);
  }
  return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_batch_matmul_s8(const cmsis_nn_context* ctx, const cmsis_nn_bmm_params* bmm_params,
                                        const cmsis_nn_per_tensor_quant_params* quant_params,
                                        const cmsis_nn_dims* input_lhs_dims, const int8_t* input_lhs,
                                        const cmsis_nn_dims* input_rhs_dims, const int8_t* input_rhs,
                                        const cmsis_nn_dims* output_dims, int8_t* output) {
  return batch_matmul(ctx, bmm_params, quant_params, input_lhs_dims, input_lhs, input_rhs_dims, input_rhs,
                      output_dims, output, kRule);
}
arm_cmsis_nn_status arm_batch_matmul_s16(const cmsis_nn_context* ctx, const cmsis_nn_bmm_params* bmm_params,
                                         const cmsis_nn_per_tensor_quant_params* quant_params,
                                         const cmsis_nn_dims* input_lhs_dims, const int16_t* input_lhs,
                                         const cmsis_nn_dims* input_rhs_dims, const int16_t* input_rhs,
                                         const cmsis_nn_dims* output_dims, int16_t* output) {
  return batch_matmul(ctx, bmm_params, quant_params, input_lhs_dims, input_lhs, input_rhs_dims, input_rhs,
                      output_dims, output, RequantRule::kInt64);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
