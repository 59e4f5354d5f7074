#pragma once
/// Float kernels of everything that is no convolution. Each fills `output`, whose shape is the
/// declared one; operands have been checked by the caller as far as its comment says.

#include <cmath>
#include <span>
#include <vector>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::network::float_kernels {

inline float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}
void apply(FusedActivation activation, std::span<float> values);

void unary(const op::Unary& op, const Tensor& input, Tensor& output);
void fake_quantize(const op::FakeQuantize& op, const Tensor& input, Tensor& output);
void clip(const op::Clip& op, const Tensor& input, Tensor& output);
void binary(const op::Binary& op, const Tensor& a, const Tensor& b, Tensor& output);
void pool(const op::Pool2d& op, const Tensor& input, Tensor& output);
void reduce(const op::Reduce& op, const Tensor& input, Tensor& output);
void softmax(const op::Softmax& op, const Tensor& input, Tensor& output);
void batch_matmul(const op::BatchMatmul& op, const Tensor& a, const Tensor& b, Tensor& output);

void slice(const op::Slice& op, const Tensor& input, Tensor& output);
void concat(const op::Concat& op, const std::vector<const Tensor*>& inputs, Tensor& output);
/// `value` fills the border.
void pad(const op::Pad& op, float value, const Tensor& input, Tensor& output);
void transpose(const op::Transpose& op, const Tensor& input, Tensor& output);
void space_to_batch(const op::SpaceToBatch& op, const Tensor& input, Tensor& output);
void batch_to_space(const op::BatchToSpace& op, const Tensor& input, Tensor& output);

struct SvdfOperands {
  const Tensor *input, *weight_feature, *weight_time, *bias, *state;  ///< bias and state may be null
};
void svdf(const op::Svdf& op, const SvdfOperands& operands, Tensor& output);
/// 13 operands: input; input weight, hidden weight, bias (may be null) of each gate.
void lstm(const op::Lstm& op, const std::vector<const Tensor*>& operands, Tensor& output);

}  // namespace dlasim::network::float_kernels
