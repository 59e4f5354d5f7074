#pragma once
/// Parameters and tables of the transcendental operators: spec/tflite_semantics.md section 7.

#include <functional>
#include <vector>

#include "network/graph.h"
#include "network/quantized_graph.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// 7.2: tanh and sigmoid of int8. Throws base::InputError for an input scale of 8 or more.
network::qop::TableInt8 int8_activation(bool sigmoid, float input_scale, std::int64_t input_zero_point);

/// 7.3: tanh and sigmoid of int16.
network::qop::ActivationS16Tflite int16_activation(bool sigmoid, float input_scale);

/// 7.4, int8 input.
network::qop::Softmax int8_softmax(float beta, float input_scale);
/// 7.4, int16 input.
network::qop::Softmax int16_softmax(float beta, float input_scale);
/// 7.4: exp on [-10, 0] and 1 / (1 + x) on [0, 1], 513 int16 entries each.
network::Tensor softmax_exp_table();
network::Tensor softmax_reciprocal_table();

/// The real function of an operator of one variable; for prelu with its first slope.
std::function<double(double)> real_function(const network::op::Unary& op);

/// The table of any function of one variable: entry `code & mask` is the output code of the real function,
/// computed in double and rounded half away from zero. int8, uint8 and int16 inputs.
network::Tensor function_table(const std::function<double(double)>& function, const network::Affine& input,
                               network::DType input_dtype, const network::Affine& output,
                               network::DType output_dtype);

}  // namespace dlasim::quantize
