#pragma once
/// The output shape of every operator from its input shapes, and the padding rules of other tools.
///
/// Errors are InputErrors `OPERATOR: what` without a place; whoever knows the file adds it.

#include <cstdint>
#include <span>
#include <vector>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::network {

/// The shape of `operation`'s output; `inputs` in the operator's order, nullptr for one that is absent.
///
/// Checks everything that shapes decide: ranks, channels, groups, broadcasting, kernels that do not fit. A
/// fully-connected input whose last dimension is I keeps its other dimensions; any other is read as rows of I
/// elements. Throws std::logic_error for op::Reshape, whose output is the author's choice (see
/// resolve_reshape).
Shape infer_shape(const Operation& operation, std::span<const Shape* const> inputs);

/// The same for tensors of a graph.
Shape infer_shape(const Graph& graph, const Operation& operation, std::span<const TensorId> inputs);

/// `wanted` with its -1, of which there may be one, replaced so that the elements are as many as the input's.
Shape resolve_reshape(const Shape& input, Shape wanted);

/// Infers every node's output and compares it with what the graph declares. Reshape and fully-connected may
/// declare any shape with as many elements. Throws InputError `NODE: OPERATOR: what`.
void check_shapes(const Graph& graph);

/// TFLite's and ONNX's names for padding that depends on sizes.
enum class PaddingScheme { kSame, kValid };

/// Positions added on both ends of one axis.
struct PaddingEnds {
  std::int64_t before = 0, after = 0;
  friend bool operator==(const PaddingEnds&, const PaddingEnds&) = default;
};

/// Windows along an axis: SAME ceil(in / stride), VALID ceil((in - e + 1) / stride), e = (k-1) * dilation + 1
/// (spec/tflite_semantics.md section 3). At least 0.
std::int64_t window_count(PaddingScheme scheme, std::int64_t input, std::int64_t kernel, std::int64_t stride,
                          std::int64_t dilation);

/// The padding that makes a convolution or a pooling give window_count() windows: SAME puts the odd position
/// at the end; VALID adds none.
PaddingEnds window_padding(PaddingScheme scheme, std::int64_t input, std::int64_t kernel, std::int64_t stride,
                           std::int64_t dilation);

/// What a transposed convolution cuts from its full output of (input-1) * stride + kernel positions so that
/// `output` are left. `after` is negative where the full output is shorter than `output`.
PaddingEnds transpose_padding(PaddingScheme scheme, std::int64_t input, std::int64_t output,
                              std::int64_t kernel, std::int64_t stride);

/// window_padding for both axes of an NHWC input.
Padding window_padding(PaddingScheme scheme, const Shape& input, Pair kernel, Pair stride, Pair dilation);

}  // namespace dlasim::network
