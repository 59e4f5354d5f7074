/* The functions of CMSIS-NN's public interface that exported networks call, for the tests of the exporter:
 * the same names, parameters and types, with golden behind them (cmsis_nn.cpp). */
#ifndef ARM_NNFUNCTIONS_H
#define ARM_NNFUNCTIONS_H

#include "arm_nn_types.h"

#ifdef __cplusplus
extern "C" {
#endif

arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context* ctx,
                                            const cmsis_nn_conv_params* conv_params,
                                            const cmsis_nn_per_channel_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params* params,
                                                const cmsis_nn_dims* input_dims,
                                                const cmsis_nn_dims* filter_dims,
                                                const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_convolve_wrapper_s4(const cmsis_nn_context* ctx,
                                            const cmsis_nn_conv_params* conv_params,
                                            const cmsis_nn_per_channel_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_convolve_wrapper_s4_get_buffer_size(const cmsis_nn_conv_params* params,
                                                const cmsis_nn_dims* input_dims,
                                                const cmsis_nn_dims* filter_dims,
                                                const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_convolve_wrapper_s16(const cmsis_nn_context* ctx,
                                             const cmsis_nn_conv_params* conv_params,
                                             const cmsis_nn_per_channel_quant_params* quant_params,
                                             const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                             const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                             const cmsis_nn_dims* bias_dims,
                                             const cmsis_nn_bias_data* bias_data,
                                             const cmsis_nn_dims* output_dims, int16_t* output_data);
int32_t arm_convolve_wrapper_s16_get_buffer_size(const cmsis_nn_conv_params* params,
                                                 const cmsis_nn_dims* input_dims,
                                                 const cmsis_nn_dims* filter_dims,
                                                 const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_convolve_s8(const cmsis_nn_context* ctx, const cmsis_nn_conv_params* conv_params,
                                    const cmsis_nn_per_channel_quant_params* quant_params,
                                    const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                    const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                    const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                    const cmsis_nn_dims* upscale_dims, const cmsis_nn_dims* output_dims,
                                    int8_t* output_data);
int32_t arm_convolve_s8_get_buffer_size(const cmsis_nn_dims* input_dims, const cmsis_nn_dims* filter_dims);
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_dw_conv_params* dw_conv_params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params* params,
                                                      const cmsis_nn_dims* input_dims,
                                                      const cmsis_nn_dims* filter_dims,
                                                      const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s4(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_dw_conv_params* dw_conv_params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_depthwise_conv_wrapper_s4_get_buffer_size(const cmsis_nn_dw_conv_params* params,
                                                      const cmsis_nn_dims* input_dims,
                                                      const cmsis_nn_dims* filter_dims,
                                                      const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s16(const cmsis_nn_context* ctx,
                                                   const cmsis_nn_dw_conv_params* dw_conv_params,
                                                   const cmsis_nn_per_channel_quant_params* quant_params,
                                                   const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                                   const cmsis_nn_dims* filter_dims,
                                                   const int8_t* filter_data, const cmsis_nn_dims* bias_dims,
                                                   const int64_t* bias_data, const cmsis_nn_dims* output_dims,
                                                   int16_t* output_data);
int32_t arm_depthwise_conv_wrapper_s16_get_buffer_size(const cmsis_nn_dw_conv_params* params,
                                                       const cmsis_nn_dims* input_dims,
                                                       const cmsis_nn_dims* filter_dims,
                                                       const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_transpose_conv_wrapper_s8(const cmsis_nn_context* ctx,
                                                  const cmsis_nn_context* output_ctx,
                                                  const cmsis_nn_transpose_conv_params* transpose_conv_params,
                                                  const cmsis_nn_per_channel_quant_params* quant_params,
                                                  const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                                  const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                  const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                                  const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_transpose_conv_s8_get_buffer_size(const cmsis_nn_transpose_conv_params* params,
                                              const cmsis_nn_dims* input_dims,
                                              const cmsis_nn_dims* filter_dims,
                                              const cmsis_nn_dims* output_dims);
int32_t arm_transpose_conv_s8_get_reverse_conv_buffer_size(
    const cmsis_nn_transpose_conv_params* transposed_conv_params, const cmsis_nn_dims* input_dims,
    const cmsis_nn_dims* filter_dims);
arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
                                           const cmsis_nn_per_tensor_quant_params* quant_params,
                                           const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                           const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                           const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                           const cmsis_nn_dims* output_dims, int8_t* output_data);
arm_cmsis_nn_status arm_fully_connected_s4(const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
                                           const cmsis_nn_per_tensor_quant_params* quant_params,
                                           const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                           const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                           const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                           const cmsis_nn_dims* output_dims, int8_t* output_data);
arm_cmsis_nn_status arm_fully_connected_per_channel_s8(
    const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
    const cmsis_nn_per_channel_quant_params* quant_params, const cmsis_nn_dims* input_dims,
    const int8_t* input_data, const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
    const cmsis_nn_dims* bias_dims, const int32_t* bias_data, const cmsis_nn_dims* output_dims,
    int8_t* output_data);
arm_cmsis_nn_status arm_fully_connected_s16(const cmsis_nn_context* ctx, const cmsis_nn_fc_params* fc_params,
                                            const cmsis_nn_per_tensor_quant_params* quant_params,
                                            const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                            const cmsis_nn_dims* bias_dims, const int64_t* bias_data,
                                            const cmsis_nn_dims* output_dims, int16_t* output_data);
int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims* filter_dims);
int32_t arm_fully_connected_s16_get_buffer_size(const cmsis_nn_dims* filter_dims);
arm_cmsis_nn_status arm_vector_sum_s8(int32_t* vector_sum_buf, const int32_t vector_cols,
                                      const int32_t vector_rows, const int8_t* vector_data,
                                      const int32_t lhs_offset, const int32_t rhs_offset,
                                      const int32_t* bias_data);
arm_cmsis_nn_status arm_batch_matmul_s8(const cmsis_nn_context* ctx, const cmsis_nn_bmm_params* bmm_params,
                                        const cmsis_nn_per_tensor_quant_params* quant_params,
                                        const cmsis_nn_dims* input_lhs_dims, const int8_t* input_lhs,
                                        const cmsis_nn_dims* input_rhs_dims, const int8_t* input_rhs,
                                        const cmsis_nn_dims* output_dims, int8_t* output);
arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t* input_1_vect, const int8_t* input_2_vect,
                                           const int32_t input_1_offset, const int32_t input_1_mult,
                                           const int32_t input_1_shift, const int32_t input_2_offset,
                                           const int32_t input_2_mult, const int32_t input_2_shift,
                                           const int32_t left_shift, int8_t* output, const int32_t out_offset,
                                           const int32_t out_mult, const int32_t out_shift,
                                           const int32_t out_activation_min, const int32_t out_activation_max,
                                           const int32_t block_size);
arm_cmsis_nn_status arm_elementwise_mul_s8(const int8_t* input_1_vect, const int8_t* input_2_vect,
                                           const int32_t input_1_offset, const int32_t input_2_offset,
                                           int8_t* output, const int32_t out_offset, const int32_t out_mult,
                                           const int32_t out_shift, const int32_t out_activation_min,
                                           const int32_t out_activation_max, const int32_t block_size);
arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* pool_params,
                                   const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                   const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                   int8_t* output_data);
arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* pool_params,
                                    const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                    const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                    int8_t* output_data);
int32_t arm_avgpool_s8_get_buffer_size(const int dim_dst_width, const int ch_src);
arm_cmsis_nn_status arm_batch_matmul_s16(const cmsis_nn_context* ctx, const cmsis_nn_bmm_params* bmm_params,
                                         const cmsis_nn_per_tensor_quant_params* quant_params,
                                         const cmsis_nn_dims* input_lhs_dims, const int16_t* input_lhs,
                                         const cmsis_nn_dims* input_rhs_dims, const int16_t* input_rhs,
                                         const cmsis_nn_dims* output_dims, int16_t* output);
arm_cmsis_nn_status arm_elementwise_add_s16(const int16_t* input_1_vect, const int16_t* input_2_vect,
                                            const int32_t input_1_offset, const int32_t input_1_mult,
                                            const int32_t input_1_shift, const int32_t input_2_offset,
                                            const int32_t input_2_mult, const int32_t input_2_shift,
                                            const int32_t left_shift, int16_t* output,
                                            const int32_t out_offset, const int32_t out_mult,
                                            const int32_t out_shift, const int32_t out_activation_min,
                                            const int32_t out_activation_max, const int32_t block_size);
arm_cmsis_nn_status arm_elementwise_mul_s16(const int16_t* input_1_vect, const int16_t* input_2_vect,
                                            const int32_t input_1_offset, const int32_t input_2_offset,
                                            int16_t* output, const int32_t out_offset, const int32_t out_mult,
                                            const int32_t out_shift, const int32_t out_activation_min,
                                            const int32_t out_activation_max, const int32_t block_size);
arm_cmsis_nn_status arm_avgpool_s16(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* pool_params,
                                    const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                    const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                    int16_t* output_data);
arm_cmsis_nn_status arm_max_pool_s16(const cmsis_nn_context* ctx, const cmsis_nn_pool_params* pool_params,
                                     const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                     const cmsis_nn_dims* filter_dims, const cmsis_nn_dims* output_dims,
                                     int16_t* output_data);
int32_t arm_avgpool_s16_get_buffer_size(const int dim_dst_width, const int ch_src);
arm_cmsis_nn_status arm_minimum_s8(const cmsis_nn_context* ctx, const int8_t* input_1_data,
                                   const cmsis_nn_dims* input_1_dims, const int8_t* input_2_data,
                                   const cmsis_nn_dims* input_2_dims, int8_t* output_data,
                                   const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_maximum_s8(const cmsis_nn_context* ctx, const int8_t* input_1_data,
                                   const cmsis_nn_dims* input_1_dims, const int8_t* input_2_data,
                                   const cmsis_nn_dims* input_2_dims, int8_t* output_data,
                                   const cmsis_nn_dims* output_dims);
arm_cmsis_nn_status arm_nn_activation_s16(const int16_t* input, int16_t* output, const int32_t size,
                                          const int32_t left_shift, const arm_nn_activation_type type);
void arm_softmax_s8(const int8_t* input, const int32_t num_rows, const int32_t row_size, const int32_t mult,
                    const int32_t shift, const int32_t diff_min, int8_t* output);
void arm_softmax_s8_s16(const int8_t* input, const int32_t num_rows, const int32_t row_size,
                        const int32_t mult, const int32_t shift, const int32_t diff_min, int16_t* output);
arm_cmsis_nn_status arm_softmax_s16(const int16_t* input, const int32_t num_rows, const int32_t row_size,
                                    const int32_t mult, const int32_t shift,
                                    const cmsis_nn_softmax_lut_s16* softmax_params, int16_t* output);
arm_cmsis_nn_status arm_transpose_s8(const int8_t* input_data, int8_t* const output_data,
                                     const cmsis_nn_dims* const input_dims,
                                     const cmsis_nn_dims* const output_dims,
                                     const cmsis_nn_transpose_params* const transpose_params);
void arm_concatenation_s8_y(const int8_t* input, const uint16_t input_x, const uint16_t input_y,
                            const uint16_t input_z, const uint16_t input_w, int8_t* output,
                            const uint16_t output_y, const uint32_t offset_y);
arm_cmsis_nn_status arm_pad_s8(const int8_t* input, int8_t* output, const int8_t pad_value,
                               const cmsis_nn_dims* input_size, const cmsis_nn_dims* pre_pad,
                               const cmsis_nn_dims* post_pad);
arm_cmsis_nn_status arm_svdf_s8(const cmsis_nn_context* ctx, const cmsis_nn_context* input_ctx,
                                const cmsis_nn_context* output_ctx, const cmsis_nn_svdf_params* svdf_params,
                                const cmsis_nn_per_tensor_quant_params* input_quant_params,
                                const cmsis_nn_per_tensor_quant_params* output_quant_params,
                                const cmsis_nn_dims* input_dims, const int8_t* input_data,
                                const cmsis_nn_dims* state_dims, int8_t* state_data,
                                const cmsis_nn_dims* weights_feature_dims, const int8_t* weights_feature_data,
                                const cmsis_nn_dims* weights_time_dims, const int8_t* weights_time_data,
                                const cmsis_nn_dims* bias_dims, const int32_t* bias_data,
                                const cmsis_nn_dims* output_dims, int8_t* output_data);
arm_cmsis_nn_status arm_svdf_state_s16_s8(
    const cmsis_nn_context* input_ctx, const cmsis_nn_context* output_ctx,
    const cmsis_nn_svdf_params* svdf_params, const cmsis_nn_per_tensor_quant_params* input_quant_params,
    const cmsis_nn_per_tensor_quant_params* output_quant_params, const cmsis_nn_dims* input_dims,
    const int8_t* input_data, const cmsis_nn_dims* state_dims, int16_t* state_data,
    const cmsis_nn_dims* weights_feature_dims, const int8_t* weights_feature_data,
    const cmsis_nn_dims* weights_time_dims, const int16_t* weights_time_data, const cmsis_nn_dims* bias_dims,
    const int32_t* bias_data, const cmsis_nn_dims* output_dims, int8_t* output_data);
int32_t arm_svdf_s8_get_buffer_size(const cmsis_nn_dims* filter_dims);
arm_cmsis_nn_status arm_lstm_unidirectional_s8(const int8_t* input, int8_t* output,
                                               const cmsis_nn_lstm_params* params,
                                               cmsis_nn_lstm_context* buffers);
arm_cmsis_nn_status arm_lstm_unidirectional_s16(const int16_t* input, int16_t* output,
                                                const cmsis_nn_lstm_params* params,
                                                cmsis_nn_lstm_context* buffers);

#ifdef __cplusplus
}
#endif

#endif /* ARM_NNFUNCTIONS_H */
