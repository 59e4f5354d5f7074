#pragma once
/// C functions for what CMSIS-NN has no call: emitted once for each element type that a network needs.

#include <compare>
#include <optional>
#include <set>
#include <string>

#include "network/quantized_graph.h"

namespace dlasim::exporter {

enum class HelperKind {
  kRequantize,      ///< requantize: the dialect's T
  kRequantize64,    ///< requantize_s64: Q
  kSaturate,        ///< saturate: a clamp to int32
  kAligned,         ///< rounds up to the alignment of scratch buffers
  kMove,            ///< move_<A>: one strided box to another
  kFill,            ///< fill_<A>
  kLookup,          ///< lookup_<A>_<B>
  kClamp,           ///< clamp_<A>
  kMinMax,          ///< maximum_<A> and minimum_<A>
  kLeakyRelu,       ///< leaky_relu_<A>_<B>
  kRescale,         ///< rescale_<A>_<B>: requantisation of activations, T
  kRescale64,       ///< rescale64_<A>_<B>: the same with Q
  kSubtract,        ///< subtract_<A>
  kReduce,          ///< reduce_<A>_<B>
  kActivation,      ///< tanh_s16 and sigmoid_s16 with TensorFlow Lite's input scaling
  kQuantizeFloat,   ///< quantize_f32_<B>
  kDequantize,      ///< dequantize_<A>_f32
  kConvolve,        ///< convolve_grouped_s16, T
  kConvolve64,      ///< convolve_grouped64_s16, Q
  kTransposeConv,   ///< transpose_convolve_<A>, T
  kTransposeConv64  ///< transpose_convolve64_s16, Q
};

struct Helper {
  HelperKind kind;
  network::DType a = network::DType::kInt8, b = network::DType::kInt8;
  auto operator<=>(const Helper&) const = default;
};

/// The text of helpers.h: `used` and what those call. `rule` is the network's dialect: kDouble or kSingle.
std::string helpers_text(std::set<Helper> used, network::RequantRule rule);

}  // namespace dlasim::exporter
