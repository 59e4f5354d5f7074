#pragma once
/// Layers whose every intermediate value is truncated to a number format: spec/number_formats.md sections
/// 5 and 6, in exactly that order, in exact arithmetic.
///
/// A node is staged if it has `staged`. Its tensors are codes (QuantizedTensor::format) or, for affine
/// layers, integers with zero points: then the points truncate as always and the operator's integer
/// requantisation takes the place of the point `output`.

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "golden/convert.h"
#include "network/quantized_graph.h"

namespace dlasim::golden {

/// Truncation points; the number is the `point` of section 2's seeds.
enum class Point { kProduct, kAccumulator, kTree, kPartialSum, kBias, kActivation, kOutput, kBlock };
inline constexpr int kPoints = 8;
/// "product", "accumulator", "tree", ...
std::string_view name(Point point);

/// What the units of one point did in a layer.
struct PointEvents {
  std::int64_t count = 0;  ///< conversions
  std::int64_t inexact = 0, overflow = 0, underflow = 0, invalid = 0;
  /// Smallest and largest value that came out (nan left out); min > max if there was none.
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void record(const Converted& result);
  PointEvents& operator+=(const PointEvents& other);
};

/// Events of one layer, per point, and for the tree per level too (leaves first).
struct StageEvents {
  std::array<PointEvents, kPoints> points;
  std::vector<PointEvents> tree_levels;

  PointEvents& at(Point point) { return points.at(static_cast<std::size_t>(point)); }
  const PointEvents& at(Point point) const { return points.at(static_cast<std::size_t>(point)); }
  StageEvents& operator+=(const StageEvents& other);
};

/// The tensors of a graph by id; null where there is none yet.
using StagedTensorLookup = std::function<const network::Tensor*(network::TensorId)>;

/// True for the operators that run_staged_node runs.
bool is_staged_operation(const network::QuantizedOperation& operation);

/// Runs a node that has `staged`, or is a StagedBinary or StagedConvert, and returns its outputs in order
/// (for an MX output: codes, then scales if the node lists them). Adds to `events` unless it is null.
/// Throws base::InputError where tensors, formats and geometry do not fit
/// together; base::UnsupportedError for what is not modelled.
std::vector<network::Tensor> run_staged_node(const network::QuantizedGraph& graph,
                                             const network::QuantizedNode& node,
                                             const StagedTensorLookup& lookup, StageEvents* events);

/// One multiply-accumulate of a trace.
struct TapTrace {
  std::int64_t channel = 0;              ///< in the element's group
  std::int64_t ky = 0, kx = 0;           ///< kernel tap; of the equivalent direct convolution if transposed
  bool padded = false;                   ///< then x is +0 and has no code
  std::uint64_t x_code = 0, w_code = 0;  ///< low code bits; affine: the integers' low 64 bits
  Value x, w;                            ///< operands as multiplied
  Converted product;
  Converted accumulator;  ///< after this tap; unused in block mode
};

/// One tile of input channels.
struct TileTrace {
  std::vector<std::vector<TapTrace>> lanes;  ///< [lane][tap]; only lanes with a channel
  std::vector<std::vector<Converted>> tree;  ///< [level][node]
  Converted partial_sum;                     ///< the total after this tile
};

/// One MX block at one kernel tap (section 6, block mode).
struct BlockTrace {
  std::uint8_t x_scale = 0, w_scale = 0;  ///< E8M0 codes; x_scale is 0 for a padded tap
  std::vector<TapTrace> elements;
  std::vector<std::vector<Converted>> tree;
  Converted block;
  Converted partial_sum;
};

/// One output element, step by step.
struct ElementTrace {
  std::int64_t element = 0;        ///< flat index in the output
  std::vector<TileTrace> tiles;    ///< standard order and mx storage
  std::vector<BlockTrace> blocks;  ///< mx block mode
  std::uint64_t bias_code = 0;
  std::optional<Value> bias_operand;
  std::optional<Converted> bias;  ///< absent: no bias
  Value function;                 ///< f(total), before the point `activation`
  Converted activation;
  std::optional<Converted> output;            ///< staged output
  std::optional<std::int64_t> affine_output;  ///< affine layers
};

/// Every step of output element `element` of a staged multiply-accumulate layer. Throws as run_staged_node,
/// with the node's name in front, and base::InputError for an element that the output does not have.
ElementTrace trace_element(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                           const StagedTensorLookup& lookup, std::int64_t element);

}  // namespace dlasim::golden
