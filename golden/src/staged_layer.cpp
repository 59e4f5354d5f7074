#include "staged_layer.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "staged_engine.inl.h"

namespace dlasim::golden {

using network::NumberFormat;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::StagedNumerics;
using network::TensorId;

namespace {

constexpr std::int64_t kMxWidth = 32;      // L = W of section 6's block mode
constexpr std::int64_t kMaxLanes = 65536;  // an instance number has 16 bits

TensorId input_id(const QuantizedNode& node, std::size_t position) {
  return position < node.inputs.size() ? node.inputs[position] : network::kNoTensor;
}

/// A layer is affine if neither operand tensor has a number format.
bool is_affine(const QuantizedGraph& graph, const QuantizedNode& node) {
  const bool x = graph.tensor(node.inputs.at(0)).format.has_value();
  const bool w = graph.tensor(node.inputs.at(1)).format.has_value();
  if (x != w) throw base::InputError("one of input and weight has a number format, the other has not");
  return !x;
}

const StagedNumerics& required_numerics(const QuantizedGraph& graph, const QuantizedNode& node) {
  if (!node.staged) throw base::InputError("the node has no number formats");
  for (std::size_t i = 0; i < 2; ++i) {
    const TensorId id = input_id(node, i);
    if (id < 0 || static_cast<std::size_t>(id) >= graph.tensors.size()) {
      throw base::InputError(i == 0 ? "the input is missing" : "the weight is missing");
    }
  }
  if (node.outputs.empty()) throw base::InputError("the output is missing");
  return *node.staged;
}

OperandReader operand(const QuantizedGraph& graph, const QuantizedNode& node,
                      const StagedTensorLookup& lookup, std::size_t position) {
  const bool input = position == 0;
  const std::string_view what = input ? "input" : "weight";
  if (!is_affine(graph, node)) {
    const network::OperandFormat& format = input ? node.staged->input : node.staged->weight;
    return OperandReader::codes(graph, lookup, node.inputs[position], format, what);
  }
  const network::qop::MacParameters& mac = *mac_parameters(node.operation);
  return OperandReader::affine(graph, lookup, node.inputs[position],
                               input ? mac.input_zero_point : mac.weight_zero_point, what);
}

std::int64_t tree_width(std::int64_t lanes) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(lanes)));
}

std::vector<UnitBank> tree_units(const StagedNumerics& numerics, std::int64_t width) {
  const auto levels = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(width)) - 1);
  const std::size_t formats = numerics.tree.size();
  if (levels > 0 && formats != 1 && formats != levels) {
    throw base::InputError(
        fmt::format("{} tree formats for {} levels: 1 or {} are allowed", formats, levels, levels));
  }
  std::vector<UnitBank> units;
  std::int64_t first = 0;
  for (std::size_t level = 0; level < levels; ++level) {
    width /= 2;
    units.emplace_back(numerics.tree[formats == 1 ? 0 : level], Point::kTree, first, width);
    first += width;
  }
  return units;
}

void check_not_exact(const NumberFormat& format, Point point) {
  if (format.kind == NumberFormat::Kind::kExact) {
    throw base::InputError(fmt::format("the point {} cannot be exact", name(point)));
  }
}

void check_points(const StagedNumerics& numerics, bool has_bias, bool block_mode, bool affine) {
  for (const NumberFormat& level : numerics.tree) check_not_exact(level, Point::kTree);
  check_not_exact(numerics.partial_sum, Point::kPartialSum);
  if (!block_mode) check_not_exact(numerics.accumulator, Point::kAccumulator);
  if (block_mode) check_not_exact(numerics.block, Point::kBlock);
  if (has_bias) check_not_exact(numerics.bias, Point::kBias);
  if (!affine) check_not_exact(numerics.output, Point::kOutput);
  check_function(numerics.function);
}

}  // namespace

std::int64_t integer_total(const Value& v) {
  if (v.is_zero()) return 0;
  UInt128 magnitude = v.magnitude;
  std::int64_t exponent = v.exponent;
  for (; v.is_finite() && (magnitude & 1) == 0; magnitude >>= 1) ++exponent;
  if (!v.is_finite() || exponent < 0 || exponent + bit_length(magnitude) > 63) {
    throw base::InputError(fmt::format(
        "requantisation needs an integer of 64 bits, the points before it leave {}", to_string(v)));
  }
  const auto integer = static_cast<std::int64_t>(magnitude << exponent);
  return v.negative ? -integer : integer;
}

StagedLayer::StagedLayer(const QuantizedGraph& graph, const QuantizedNode& node,
                         const StagedTensorLookup& lookup)
    : numerics_(&required_numerics(graph, node)),
      geometry_(make_geometry(node.operation, graph.tensor(node.inputs[0]).shape,
                              graph.tensor(node.inputs[1]).shape, graph.tensor(node.outputs[0]).shape)),
      lanes_(block_mode() ? kMxWidth : graph.reduction_lanes),
      input_(operand(graph, node, lookup, 0)),
      weight_(operand(graph, node, lookup, 1)) {
  if (lanes_ < 1 || lanes_ > kMaxLanes / 2) {
    throw base::InputError(fmt::format("{} reduction lanes are not 1 to {}", lanes_, kMaxLanes / 2));
  }
  const bool affine = is_affine(graph, node);
  const TensorId bias_id = input_id(node, 2);
  if (bias_id != network::kNoTensor) {
    if (affine) {
      bias_ = OperandReader::affine(graph, lookup, bias_id, 0, "bias");
    } else {
      if (!numerics_->bias_operand) throw base::InputError("the bias has no format");
      bias_ = OperandReader::codes(graph, lookup, bias_id, {*numerics_->bias_operand, 0}, "bias");
    }
    if (bias_->tensor().size() != geometry_.out_c) {
      throw base::InputError(
          fmt::format("bias has {} elements for {} outputs", bias_->tensor().size(), geometry_.out_c));
    }
  }
  if (affine) {
    const network::qop::MacParameters& mac = *mac_parameters(node.operation);
    requantization_.emplace(mac.multiplier, mac.rule, mac.output_zero_point, mac.clamp,
                            graph.tensor(node.outputs[0]).dtype, geometry_.out_c);
  }
  check_points(*numerics_, bias_.has_value(), block_mode(), affine);
  if (block_mode()) check_block_mode();
  const std::int64_t size = input_.tensor().size();
  input_values_.reserve(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    input_values_.push_back(block_mode() ? input_.element(i) : input_.value(i));
  }
}

void StagedLayer::check_block_mode() const {
  if (!input_.is_mx() || !weight_.is_mx() || numerics_->input.mx_block != kMxWidth ||
      numerics_->weight.mx_block != kMxWidth) {
    throw base::InputError("mx_mode block needs MX operands with blocks of 32");
  }
  const bool one_group = geometry_.channels == geometry_.in_c;
  if (!one_group && geometry_.channels % kMxWidth != 0) {
    throw base::UnsupportedError(fmt::format(
        "mx_mode block with groups of {} channels: groups are whole blocks of 32", geometry_.channels));
  }
  if (geometry_.layout == Geometry::WeightLayout::kHwo) {
    throw base::UnsupportedError("mx_mode block of a depthwise convolution: its groups are no whole blocks");
  }
}

std::vector<Value> StagedLayer::channel_weights(std::int64_t o) const {
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(geometry_.channels * geometry_.taps()));
  for (std::int64_t c = 0; c < geometry_.channels; ++c) {
    for (std::int64_t ky = 0; ky < geometry_.kernel_h; ++ky) {
      for (std::int64_t kx = 0; kx < geometry_.kernel_w; ++kx) {
        const std::int64_t i = geometry_.weight_index(o, ky, kx, c);
        values.push_back(block_mode() ? weight_.element(i) : weight_.value(i));
      }
    }
  }
  return values;
}

ElementEngine::ElementEngine(const StagedLayer& layer)
    : layer_(layer),
      width_(tree_width(layer.lanes())),
      product_(layer.numerics().product, Point::kProduct, 0, width_),
      accumulator_(layer.numerics().accumulator, Point::kAccumulator, 0, width_),
      partial_sum_(layer.numerics().partial_sum, Point::kPartialSum, 0, 1),
      bias_(layer.numerics().bias, Point::kBias, 0, 1),
      activation_(layer.numerics().activation, Point::kActivation, 0, 1),
      output_(layer.numerics().output, Point::kOutput, 0, 1),
      block_(layer.numerics().block, Point::kBlock, 0, 1),
      tree_(tree_units(layer.numerics(), width_)),
      nodes_(static_cast<std::size_t>(width_)) {}

void ElementEngine::start_element(std::int64_t e) {
  for (UnitBank* bank : {&product_, &accumulator_, &partial_sum_, &bias_, &activation_, &output_, &block_}) {
    bank->start_element(e);
  }
  for (UnitBank& level : tree_) level.start_element(e);
}

StageEvents ElementEngine::events() const {
  StageEvents events;
  events.at(Point::kProduct) = product_.events();
  events.at(Point::kAccumulator) = accumulator_.events();
  events.at(Point::kPartialSum) = partial_sum_.events();
  events.at(Point::kBias) = bias_.events();
  events.at(Point::kActivation) = activation_.events();
  events.at(Point::kOutput) = output_.events();
  events.at(Point::kBlock) = block_.events();
  for (const UnitBank& level : tree_) {
    events.tree_levels.push_back(level.events());
    events.at(Point::kTree) += level.events();
  }
  return events;
}

}  // namespace dlasim::golden
