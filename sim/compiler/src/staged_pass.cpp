#include "staged_pass.h"

#include <fmt/format.h>

#include <bit>

#include "base/error.h"
#include "fixed_point/mx.h"
#include "fixed_point/reduce.h"
#include "silicon.h"
#include "sim/compiler/compile.h"

namespace dlasim::sim::compiler {
namespace {

using arch::StagedSettings;
using fixed_point::Format;
using network::NumberFormat;
using network::QuantizedNode;
using network::StagedNumerics;
using network::TensorId;
namespace qop = network::qop;

constexpr int kScaledBits = 16;  ///< of a lane with an element and a scale code

[[noreturn]] void refuse(const QuantizedNode& node, const std::string& reason) {
  throw base::UnsupportedError(fmt::format("{} '{}': {}", network::name(node.operation), node.name, reason));
}

void require_width(const QuantizedNode& node, const network::QuantizedTensor& tensor, int bits,
                   const char* key, int lane_bits) {
  if (bits <= lane_bits) return;
  refuse(node, fmt::format("tensor '{}' has codes of {} bits, but hardware.pe_array.{} is {}", tensor.name,
                           bits, key, lane_bits));
}

void require_lanes(const QuantizedNode& node, const network::QuantizedGraph& graph,
                   const arch::Hardware& hardware) {
  const int lanes = reduction_lanes(graph, node);
  if (lanes == hardware.pe_array.ic_lanes) return;
  refuse(node, fmt::format("its numbers are defined for {} reduction lanes{}, but "
                           "hardware.pe_array.ic_lanes is {}",
                           lanes, node.staged->mx_mode == network::MxMode::kBlock ? " (mx_mode block)" : "",
                           hardware.pe_array.ic_lanes));
}

/// The format of codes in a tensor.
const network::OperandFormat& format_of(const network::QuantizedGraph& graph, const QuantizedNode& node,
                                        TensorId t) {
  const auto& tensor = graph.tensor(t);
  if (!tensor.format) refuse(node, fmt::format("tensor '{}' has no number format", tensor.name));
  return *tensor.format;
}

void set_tree(const StagedNumerics& numerics, const QuantizedNode& node, int ic_lanes, StagedSettings& s) {
  const auto levels = static_cast<std::size_t>(fixed_point::tree_levels(ic_lanes));
  if (numerics.tree.size() != 1 && numerics.tree.size() != levels) {
    refuse(node, fmt::format("{} formats for the {} levels of the adder tree", numerics.tree.size(), levels));
  }
  for (std::size_t level = 0; level < levels; ++level) {
    s.tree.at(level) = to_hardware(numerics.tree.size() == 1 ? numerics.tree[0] : numerics.tree[level]);
  }
}

void set_function(const network::StagedActivation& f, StagedSettings& s) {
  using Type = network::StagedActivation::Type;
  switch (f.type) {
    case Type::kNone:
      s.function = arch::StagedFunction::kNone;
      break;
    case Type::kRelu:
      s.function = arch::StagedFunction::kRelu;
      break;
    case Type::kLeakyRelu:
      s.function = arch::StagedFunction::kLeakyRelu;
      break;
    case Type::kClamp:
      s.function = arch::StagedFunction::kClamp;
      break;
  }
  s.slope = std::bit_cast<std::uint64_t>(f.slope);
  s.minimum = std::bit_cast<std::uint64_t>(f.min);
  s.maximum = std::bit_cast<std::uint64_t>(f.max);
}

const qop::MacParameters& mac_of(const QuantizedNode& node) {
  if (const auto* conv = std::get_if<qop::Conv2d>(&node.operation)) return conv->mac;
  if (const auto* depthwise = std::get_if<qop::DepthwiseConv2d>(&node.operation)) return depthwise->mac;
  if (const auto* transpose = std::get_if<qop::TransposeConv2d>(&node.operation)) return transpose->mac;
  if (const auto* full = std::get_if<qop::FullyConnected>(&node.operation)) return full->mac;
  refuse(node, "staged number formats are not modelled for this operator");
}

bool holds_integers(const Format& f) {
  return f.kind == fixed_point::Kind::kDfp && f.fl == 0;
}

/// Integers with zero points: operands are the integers, and what reaches the requantisation must be one.
void set_affine(const QuantizedNode& node, StagedSettings& s) {
  s.affine = 1;
  s.input_zero_point = static_cast<std::int32_t>(mac_of(node).input_zero_point);
  s.input = s.weight = fixed_point::dfp(32, 0);  // lanes; weights have lost their zero point already
  const Format& biased = s.has_bias != 0 ? s.bias : s.partial_sum;
  const bool passes_integers = s.activation.kind == fixed_point::Kind::kExact &&
                               s.function != arch::StagedFunction::kLeakyRelu &&
                               s.function != arch::StagedFunction::kClamp;
  if (!holds_integers(s.activation) && !(passes_integers && holds_integers(biased))) {
    refuse(node, "the point before the integer requantisation must be a DFP format with fl 0");
  }
}

void set_operands(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                  const QuantizedNode& node, StagedSettings& s) {
  const StagedNumerics& numerics = *node.staged;
  const auto& input = graph.tensor(node.inputs[0]);
  const auto& weight = graph.tensor(node.inputs[1]);
  const auto& output = graph.tensor(node.outputs[0]);
  s.scaled_input = numerics.input.mx_block != 0;
  s.scaled_weight = numerics.weight.mx_block != 0;
  require_width(node, input, s.scaled_input != 0 ? kScaledBits : s.input.code_bits(), "activation_bits",
                hardware.pe_array.activation_bits);
  require_width(node, weight, s.scaled_weight != 0 ? kScaledBits : s.weight.code_bits(), "weight_bits",
                hardware.pe_array.weight_bits);
  require_width(node, output, s.output.code_bits(), "activation_bits", hardware.pe_array.activation_bits);
}

}  // namespace

bool is_staged(const QuantizedNode& node) {
  if (std::holds_alternative<qop::Table>(node.operation)) return false;
  return node.staged || std::holds_alternative<qop::StagedBinary>(node.operation) ||
         std::holds_alternative<qop::StagedConvert>(node.operation);
}

int reduction_lanes(const network::QuantizedGraph& graph, const QuantizedNode& node) {
  const bool takes_blocks = node.staged && node.staged->mx_mode == network::MxMode::kBlock;
  return takes_blocks ? fixed_point::kMxBlock : graph.reduction_lanes;
}

void require_stageable(const QuantizedNode& node) {
  if (std::holds_alternative<qop::StagedBinary>(node.operation) ||
      std::holds_alternative<qop::StagedConvert>(node.operation)) {
    return;
  }
  mac_of(node);
}

Format to_hardware(const NumberFormat& f) {
  Format h;
  h.kind = f.kind == NumberFormat::Kind::kExact ? fixed_point::Kind::kExact
           : f.kind == NumberFormat::Kind::kDfp ? fixed_point::Kind::kDfp
                                                : fixed_point::Kind::kMinifloat;
  h.bits = f.bits;
  h.fl = f.fl;
  h.is_signed = f.is_signed;
  h.exp = f.exp;
  h.man = f.man;
  h.bias = f.bias;
  // The two rooms name the same modes in the same order: static_asserts below hold them to it.
  h.exp_zero = static_cast<fixed_point::ExpZero>(f.exp_zero);
  h.specials = static_cast<fixed_point::Specials>(f.specials);
  h.rounding = static_cast<fixed_point::Rounding>(f.rounding);
  h.overflow = static_cast<fixed_point::Overflow>(f.overflow);
  if (f.lfsr) h.lfsr = {f.lfsr->bits, f.lfsr->seed};
  if (!fixed_point::is_valid(h))
    throw base::InputError("a number format that section 3 or 4 does not define");
  return h;
}

namespace {

template <class Ours, class Theirs>
constexpr bool same(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(same(network::Rounding::kFloor, fixed_point::Rounding::kFloor) &&
              same(network::Rounding::kTrunc, fixed_point::Rounding::kTrunc) &&
              same(network::Rounding::kNearestUp, fixed_point::Rounding::kNearestUp) &&
              same(network::Rounding::kNearestAway, fixed_point::Rounding::kNearestAway) &&
              same(network::Rounding::kNearestEven, fixed_point::Rounding::kNearestEven) &&
              same(network::Rounding::kStochastic, fixed_point::Rounding::kStochastic));
static_assert(same(network::Overflow::kSaturate, fixed_point::Overflow::kSaturate) &&
              same(network::Overflow::kSaturateSymmetric, fixed_point::Overflow::kSaturateSymmetric) &&
              same(network::Overflow::kWrap, fixed_point::Overflow::kWrap) &&
              same(network::Overflow::kInf, fixed_point::Overflow::kInf));
static_assert(same(network::ExpZero::kSubnormal, fixed_point::ExpZero::kSubnormal) &&
              same(network::ExpZero::kZero, fixed_point::ExpZero::kZero) &&
              same(network::ExpZero::kNormal, fixed_point::ExpZero::kNormal));
static_assert(same(network::Specials::kIeee, fixed_point::Specials::kIeee) &&
              same(network::Specials::kFn, fixed_point::Specials::kFn) &&
              same(network::Specials::kNone, fixed_point::Specials::kNone));

/// How the codes of a tensor come on the lanes.
struct LaneCodes {
  Format format;
  bool is_scaled = false;  ///< MX: element and scale code together
};

LaneCodes lane_codes(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                     const QuantizedNode& node, TensorId t) {
  const network::OperandFormat& format = format_of(graph, node, t);
  const bool is_scaled = format.mx_block != 0;
  require_width(node, graph.tensor(t), is_scaled ? kScaledBits : format.element.code_bits(),
                "activation_bits", hardware.pe_array.activation_bits);
  return {to_hardware(format.element), is_scaled};
}

/// The element format of a node's MX output.
Format mx_output(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                 const QuantizedNode& node) {
  const NumberFormat& element = format_of(graph, node, node.outputs[0]).element;
  if (element.lfsr) refuse(node, "stochastic rounding to MX");
  constexpr int kScaleLaneBits = 9;  // a lane is signed, and a scale code has 8 bits
  require_width(node, graph.tensor(node.outputs[1]), kScaleLaneBits, "activation_bits",
                hardware.pe_array.activation_bits);
  return fixed_point::mx_saturating(to_hardware(element));
}

/// Elements of the output from one row and one position to the next.
void set_element_strides(const Pass& pass, StagedSettings& s) {
  s.element_row_stride = static_cast<std::uint32_t>(pass.output.size[2] * pass.output.size[3]);
  s.element_column_stride = static_cast<std::uint32_t>(pass.output.size[3]);
}

}  // namespace

void stage_reduction(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                     const QuantizedNode& node, Pass& pass) {
  const StagedNumerics& numerics = *node.staged;
  require_lanes(node, graph, hardware);
  StagedSettings s;
  s.has_bias = node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
  s.input = to_hardware(numerics.input.element);
  s.weight = to_hardware(numerics.weight.element);
  if (numerics.bias_operand) s.bias_operand = to_hardware(*numerics.bias_operand);
  s.product = to_hardware(numerics.product);
  s.accumulator = to_hardware(numerics.accumulator);
  set_tree(numerics, node, hardware.pe_array.ic_lanes, s);
  s.partial_sum = to_hardware(numerics.partial_sum);
  s.bias = to_hardware(numerics.bias);
  s.activation = to_hardware(numerics.activation);
  s.output = to_hardware(numerics.output);
  set_function(numerics.function, s);
  if (numerics.input.mx_block != 0 && numerics.weight.mx_block != 0 &&
      numerics.mx_mode == network::MxMode::kBlock) {
    s.datapath = arch::StagedDatapath::kBlocks;
    s.block = to_hardware(numerics.block);
  } else if (numerics.mx_mode == network::MxMode::kBlock) {
    refuse(node, "mx_mode block needs MX formats for input and weight");
  }
  // An affine layer's tensors are integers, not codes.
  if (graph.tensor(node.outputs[0]).format) {
    set_operands(graph, hardware, node, s);
  } else {
    set_affine(node, s);
    for (const TensorId t : {node.inputs[0], node.outputs[0]}) {
      // A lane is signed: uint8 needs nine bits.
      const network::DType dtype = graph.tensor(t).dtype;
      const int bits = network::bytes_per_element(dtype) * 8 + (dtype == network::DType::kUInt8 ? 1 : 0);
      require_width(node, graph.tensor(t), bits, "activation_bits", hardware.pe_array.activation_bits);
    }
  }
  set_element_strides(pass, s);
  require_silicon(node, hardware, s);
  pass.staged = s;
}

void stage_elementwise(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                       const QuantizedNode& node, bool swapped, Pass& pass) {
  StagedSettings s;
  s.datapath = arch::StagedDatapath::kElementwise;
  const LaneCodes value = lane_codes(graph, hardware, node, node.inputs[swapped ? 1 : 0]);
  s.input = value.format;
  s.scaled_input = value.is_scaled;
  const LaneCodes output = lane_codes(graph, hardware, node, node.outputs[0]);
  if (output.is_scaled) refuse(node, "an MX output of this operator");
  s.output = output.format;
  if (const auto* op = std::get_if<qop::StagedBinary>(&node.operation)) {
    const LaneCodes operand = lane_codes(graph, hardware, node, node.inputs[swapped ? 0 : 1]);
    s.weight = operand.format;
    s.scaled_weight = operand.is_scaled;
    if (node.staged) {
      s.output = to_hardware(node.staged->output);
      s.activation = to_hardware(node.staged->activation);
      set_function(node.staged->function, s);
    }
    using Kind = network::op::Binary::Kind;
    switch (op->kind) {
      case Kind::kAdd:
        s.elementwise = arch::StagedElementwise::kAdd;
        break;
      case Kind::kSub:
        s.elementwise = swapped ? arch::StagedElementwise::kSubtractFrom : arch::StagedElementwise::kSubtract;
        break;
      case Kind::kMul:
        s.elementwise = arch::StagedElementwise::kMultiply;
        break;
      case Kind::kMinimum:
        s.elementwise = arch::StagedElementwise::kMinimum;
        break;
      case Kind::kMaximum:
        s.elementwise = arch::StagedElementwise::kMaximum;
        break;
    }
  }
  set_element_strides(pass, s);
  require_silicon(node, hardware, s);
  pass.staged = s;
}

void stage_mx_scales(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                     const QuantizedNode& node, Pass& pass) {
  const LaneCodes value = lane_codes(graph, hardware, node, node.inputs[0]);
  StagedSettings s;
  s.datapath = arch::StagedDatapath::kMxScales;
  s.input = value.format;
  s.scaled_input = value.is_scaled;
  s.output = mx_output(graph, hardware, node);
  require_silicon(node, hardware, s);
  pass.staged = s;
}

void stage_mx_elements(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                       const QuantizedNode& node, Pass& pass) {
  const LaneCodes value = lane_codes(graph, hardware, node, node.inputs[0]);
  StagedSettings s;
  s.datapath = arch::StagedDatapath::kMxElements;
  s.weight = value.format;
  s.scaled_weight = value.is_scaled;
  s.output = mx_output(graph, hardware, node);
  require_silicon(node, hardware, s);
  pass.staged = s;
}

}  // namespace dlasim::sim::compiler
