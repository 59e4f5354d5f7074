#pragma once
/// From CMSIS-NN's arguments to golden's tensors and back.

#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <vector>

#include "Include/arm_nnfunctions.h"
#include "golden/operators.h"

namespace dlasim::cmsis_nn_bridge {

namespace qop = network::qop;
using network::DType;
using network::RequantRule;
using network::Shape;
using network::Tensor;

#ifdef CMSIS_NN_USE_SINGLE_ROUNDING
inline constexpr RequantRule kRule = RequantRule::kSingle;
#else
inline constexpr RequantRule kRule = RequantRule::kDouble;
#endif

template <class T>
constexpr DType kTypeOf = sizeof(T) == 1   ? DType::kInt8
                          : sizeof(T) == 2 ? DType::kInt16
                          : sizeof(T) == 4 ? DType::kInt32
                                           : DType::kInt64;

inline Shape shape_of(const cmsis_nn_dims* dims) {
  return {dims->n, dims->h, dims->w, dims->c};
}

template <class T>
Tensor tensor(const T* data, const Shape& shape) {
  Tensor result(kTypeOf<T>, shape);
  std::memcpy(result.bytes().data(), data, result.bytes().size());
  return result;
}

/// Two int4 a byte, the earlier one in the low half.
inline Tensor unpacked(const std::int8_t* data, const Shape& shape) {
  Tensor result(DType::kInt4, shape);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const int half = static_cast<unsigned char>(data[i / 2]) >> (i % 2 * 4) & 15;
    result.set_integer(i, half >= 8 ? half - 16 : half);
  }
  return result;
}

inline std::vector<network::Multiplier> multipliers(const cmsis_nn_per_channel_quant_params* quant,
                                                    std::int64_t channels) {
  std::vector<network::Multiplier> result;
  for (std::int64_t c = 0; c < channels; ++c) result.push_back({quant->multiplier[c], quant->shift[c]});
  return result;
}

inline network::Clamp clamp_of(const cmsis_nn_activation& activation) {
  return {activation.min, activation.max};
}

inline network::Pair pair(const cmsis_nn_tile& tile) {
  return {tile.h, tile.w};
}

/// The scratch memory is the function's to destroy; what it asked for must be there.
inline bool take_scratch(const cmsis_nn_context* ctx, std::int32_t wanted) {
  if (wanted > 0 && (ctx->buf == nullptr || ctx->size < wanted)) return false;
  if (ctx->size > 0) std::memset(ctx->buf, 0x5a, static_cast<std::size_t>(ctx->size));
  return true;
}

/// Runs golden's operator into `data`.
template <class T, class Op>
arm_cmsis_nn_status evaluate(const Op& op, std::initializer_list<const Tensor*> inputs, const Shape& shape,
                             T* data) {
  try {
    Tensor output(kTypeOf<T>, shape);
    golden::evaluate(op, golden::Inputs(inputs), output);
    std::memcpy(data, output.bytes().data(), output.bytes().size());
    return ARM_CMSIS_NN_SUCCESS;
  } catch (const std::exception&) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
}

}  // namespace dlasim::cmsis_nn_bridge
