#include "quantize/staged.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "quantize/codes.h"
#include "quantize/tables.h"
#include "staged_formats.h"
#include "tensor_index.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
namespace qop = network::qop;
using network::FusedActivation;
using network::Graph;
using network::LayerNumerics;
using network::Node;
using network::NumberFormat;
using network::OperandFormat;
using network::QuantizedNode;
using network::QuantizedOperation;
using network::QuantizedTensor;
using network::StagedActivation;
using network::StagedNumerics;
using network::Tensor;
using network::TensorId;

constexpr int kMostTableBits = 16;

bool has_bias(const Node& node) {
  return node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
}

bool is_mac(const network::Operation& operation) {
  return std::holds_alternative<op::Conv2d>(operation) ||
         std::holds_alternative<op::DepthwiseConv2d>(operation) ||
         std::holds_alternative<op::TransposeConv2d>(operation) ||
         std::holds_alternative<op::FullyConnected>(operation);
}

StagedActivation staged_function(FusedActivation activation) {
  using Type = StagedActivation::Type;
  switch (activation) {
    case FusedActivation::kNone:
      return {};
    case FusedActivation::kRelu:
      return {Type::kRelu, 0.0, 0.0, 0.0};
    case FusedActivation::kRelu6:
      return {Type::kClamp, 0.0, 0.0, 6.0};
    case FusedActivation::kReluN1To1:
      return {Type::kClamp, 0.0, -1.0, 1.0};
  }
  return {};
}

class StagedQuantizer {
 public:
  StagedQuantizer(const Graph& graph, const network::NumericsConfig& numerics, const TensorSamples& samples,
                  int lanes)
      : graph_(graph), numerics_(numerics), samples_(samples), lanes_(lanes) {
    out_.name = graph.name;
    out_.inputs = graph.inputs;
    out_.outputs = graph.outputs;
    out_.reduction_lanes = lanes;
    for (const network::TensorInfo& info : graph.tensors) {
      QuantizedTensor empty;
      empty.name = info.name;
      empty.shape = {0};
      out_.tensors.push_back(std::move(empty));
    }
  }

  network::QuantizedGraph run() {
    std::vector<std::string> names;
    for (const Node& node : graph_.nodes) names.push_back(node.name);
    numerics_.check_names(names);
    for (const TensorId id : graph_.inputs) declare_input(id);
    for (const Node& node : graph_.nodes) {
      try {
        std::visit([&](const auto& operation) { convert(operation, node); }, node.operation);
      } catch (const base::UnsupportedError& e) {
        throw base::UnsupportedError(fmt::format("layer '{}': {}", node.name, e.what()));
      } catch (const base::InputError& e) {
        throw base::InputError(fmt::format("layer '{}': {}", node.name, e.what()));
      }
    }
    return std::move(out_);
  }

 private:
  // --- formats -----------------------------------------------------------------------------------

  LayerNumerics layer_numerics(const Node& node) const {
    const bool bias = is_mac(node.operation) && has_bias(node);
    const auto numerics = numerics_.open_layer({node.name, bias, lanes_});
    if (!numerics) {
      throw base::UnsupportedError(
          "has no number formats: integer layers beside staged ones need a float network in between");
    }
    return *numerics;
  }

  std::span<const float> values_of(TensorId id) const {
    if (index(id) >= samples_.size() || !samples_[index(id)]) {
      throw base::InputError(
          fmt::format("`fl: auto` for '{}', whose values calibration has not seen", graph_.tensor(id).name));
    }
    return *samples_[index(id)];
  }

  void choose_from_samples(const std::optional<network::FlRule>& rule, TensorId id,
                           NumberFormat* format) const {
    if (rule) choose_open_fl(rule, values_of(id), format);
  }

  const OperandFormat& format_of(TensorId id) const {
    const QuantizedTensor& info = out_.tensor(id);
    if (!info.format) throw base::InputError(fmt::format("'{}' is read before it is written", info.name));
    return *info.format;
  }

  /// The layer's input format; an open fl is the tensor's where that has as many bits already.
  OperandFormat input_format(const LayerNumerics& layer, TensorId id) const {
    OperandFormat wanted = layer.formats.input;
    if (!layer.open.input) return wanted;
    const auto& present = out_.tensor(id).format;
    if (present && present->mx_block == 0) {
      OperandFormat moved = wanted;
      moved.element.fl = present->element.fl;
      if (same_codes(moved, *present)) return moved;
    }
    choose_from_samples(layer.open.input, id, &wanted.element);
    return wanted;
  }

  // --- tensors -----------------------------------------------------------------------------------

  void declare(TensorId id, const OperandFormat& format) {
    QuantizedTensor& info = out_.tensors[index(id)];
    info.shape = graph_.tensor(id).shape;
    info.dtype = code_dtype(format.element);
    info.format = format;
  }

  /// A network input has the format that its first reader wants.
  void declare_input(TensorId id) {
    for (const Node& node : graph_.nodes) {
      if (std::find(node.inputs.begin(), node.inputs.end(), id) == node.inputs.end()) continue;
      const LayerNumerics layer = layer_numerics(node);
      const bool from_output = layer.formats.input.mx_block > 0;
      OperandFormat format = from_output ? OperandFormat{layer.formats.output, 0} : layer.formats.input;
      choose_from_samples(from_output ? layer.open.output : layer.open.input, id, &format.element);
      declare(id, format);
      return;
    }
    throw base::InputError(fmt::format("no layer reads the input '{}'", graph_.tensor(id).name));
  }

  const Tensor& constant(TensorId id, std::string_view what) const {
    if (id == network::kNoTensor || !graph_.tensor(id).constant ||
        graph_.tensor(id).constant->dtype() != network::DType::kFloat32) {
      throw base::UnsupportedError(fmt::format("the {} is not a constant of floats", what));
    }
    return *graph_.tensor(id).constant;
  }

  struct Conversion {
    TensorId from;
    OperandFormat format;
    TensorId to;
  };

  std::optional<TensorId> find_conversion(TensorId id, const OperandFormat& format) const {
    for (const Conversion& c : conversions_) {
      if (c.from == id && c.format == format) return c.to;
    }
    return std::nullopt;
  }

  /// The codes of a constant in a format. The first use takes the constant's id.
  TensorId constant_codes(TensorId id, const OperandFormat& format) {
    if (const auto made = find_conversion(id, format)) return *made;
    Codes codes = encode(*graph_.tensor(id).constant, format);
    TensorId to = id;
    if (out_.tensor(id).format) {
      to = out_.add_tensor(
          {out_.tensor(id).name + fmt::format("/{}", conversions_.size()), {}, {}, {}, {}, {}, {}});
    }
    if (codes.scales) {
      const TensorId scales = add_scales(to, codes.scales->shape());
      out_.tensors[index(scales)].constant = std::move(codes.scales);
      out_.tensors[index(to)].mx_scales = scales;
    }
    QuantizedTensor& info = out_.tensors[index(to)];
    info.shape = codes.codes.shape();
    info.dtype = codes.codes.dtype();
    info.format = format;
    info.constant = std::move(codes.codes);
    conversions_.push_back({id, format, to});
    return to;
  }

  TensorId add_scales(TensorId of, network::Shape shape) {
    QuantizedTensor scales;
    scales.name = out_.tensor(of).name + "/scales";
    scales.dtype = network::DType::kUInt8;
    scales.shape = std::move(shape);
    return out_.add_tensor(std::move(scales));
  }

  /// The tensor itself, or a StagedConvert's output.
  TensorId as_operand(TensorId id, const OperandFormat& wanted, const std::string& node_name) {
    if (same_codes(format_of(id), wanted)) return id;
    if (const auto made = find_conversion(id, wanted)) return *made;
    QuantizedTensor info;
    info.name = node_name + "/operand";
    info.shape = out_.tensor(id).shape;
    info.dtype = code_dtype(wanted.element);
    info.format = wanted;
    const TensorId to = out_.add_tensor(info);
    QuantizedNode node{node_name, qop::StagedConvert{}, {id}, {to}, std::nullopt};
    if (wanted.mx_block > 0) {
      network::Shape shape = info.shape;
      shape.back() = (shape.back() + wanted.mx_block - 1) / wanted.mx_block;
      const TensorId scales = add_scales(to, std::move(shape));
      out_.tensors[index(to)].mx_scales = scales;
      node.outputs.push_back(scales);
    }
    out_.nodes.push_back(std::move(node));
    conversions_.push_back({id, wanted, to});
    return to;
  }

  /// An operand that is read as it is; a constant in the layer's weight format.
  TensorId any_operand(TensorId id, const LayerNumerics& layer) {
    if (id == network::kNoTensor) throw base::InputError("an operand is missing");
    if (!graph_.tensor(id).constant) {
      static_cast<void>(format_of(id));
      return id;
    }
    const bool mx = layer.formats.weight.mx_block > 0;
    OperandFormat format = mx ? OperandFormat{layer.formats.output, 0} : layer.formats.weight;
    choose_open_fl(mx ? layer.open.output : layer.open.weight, constant(id, "operand").data<float>(),
                   &format.element);
    return constant_codes(id, format);
  }

  void add_node(const Node& node, QuantizedOperation operation, std::vector<TensorId> inputs,
                const OperandFormat& output, std::optional<StagedNumerics> staged = std::nullopt) {
    declare(node.outputs.at(0), output);
    out_.nodes.push_back(
        {node.name, std::move(operation), std::move(inputs), {node.outputs[0]}, std::move(staged)});
  }

  // --- multiply-accumulate -----------------------------------------------------------------------

  static void set_function(FusedActivation fused, StagedNumerics* numerics) {
    const StagedActivation function = staged_function(fused);
    if (numerics->function.type != StagedActivation::Type::kNone && numerics->function != function) {
      throw base::InputError("the numerics give an activation that the network does not have");
    }
    numerics->function = function;
  }

  void convert_mac(const Node& node, QuantizedOperation operation, FusedActivation fused,
                   std::size_t channel_axis) {
    LayerNumerics layer = layer_numerics(node);
    StagedNumerics& n = layer.formats;
    const TensorId x = node.inputs.at(0);
    const Tensor& weight = constant(node.inputs.at(1), "weight");
    const Tensor* bias = has_bias(node) ? &constant(node.inputs[2], "bias") : nullptr;

    n.input = input_format(layer, x);
    choose_open_fl(layer.open.weight, weight.data<float>(), &n.weight.element);
    if (bias != nullptr) choose_open_fl(layer.open.bias_operand, bias->data<float>(), &*n.bias_operand);
    choose_sums(x, weight, bias, channel_axis, &layer);
    choose_from_samples(layer.open.activation, node.outputs.at(0), &n.activation);
    choose_from_samples(layer.open.output, node.outputs.at(0), &n.output);
    set_function(fused, &n);

    std::vector<TensorId> inputs{as_operand(x, n.input, node.name + "/input"),
                                 constant_codes(node.inputs[1], n.weight)};
    if (bias != nullptr) inputs.push_back(constant_codes(node.inputs[2], {*n.bias_operand, 0}));
    add_node(node, std::move(operation), std::move(inputs), {n.output, 0}, n);
  }

  void choose_sums(TensorId x, const Tensor& weight, const Tensor* bias, std::size_t channel_axis,
                   LayerNumerics* layer) const {
    const network::OpenFl& open = layer->open;
    const bool any_tree = std::any_of(open.tree.begin(), open.tree.end(), [](const auto& r) { return !!r; });
    if (!open.product && !open.accumulator && !any_tree && !open.partial_sum && !open.bias && !open.block) {
      return;
    }
    double amax = 0.0;
    for (const float v : values_of(x)) amax = std::max(amax, std::abs(static_cast<double>(v)));
    SumBounds bounds = sum_bounds(amax, weight, bias, channel_axis);
    const OperandFormat& input = layer->formats.input;
    const OperandFormat& weights = layer->formats.weight;
    const auto is_dfp = [](const OperandFormat& f) {
      return f.mx_block == 0 && f.element.kind == NumberFormat::Kind::kDfp;
    };
    if (is_dfp(input) && is_dfp(weights)) bounds.exact_product = input.element.fl + weights.element.fl;
    choose_inner_fl(bounds, layer);
  }

  void convert(const op::Conv2d& o, const Node& node) {
    convert_mac(node, qop::Conv2d{o.stride, o.dilation, o.padding, o.groups, {}}, o.activation, 0);
  }
  void convert(const op::DepthwiseConv2d& o, const Node& node) {
    convert_mac(node, qop::DepthwiseConv2d{o.stride, o.dilation, o.padding, o.channel_multiplier, {}},
                o.activation, 3);
  }
  void convert(const op::TransposeConv2d& o, const Node& node) {
    convert_mac(node, qop::TransposeConv2d{o.stride, {1, 1}, o.padding, {}}, o.activation, 0);
  }
  void convert(const op::FullyConnected& o, const Node& node) {
    convert_mac(node, qop::FullyConnected{}, o.activation, 0);
  }

  // --- element by element ------------------------------------------------------------------------

  void convert(const op::Binary& o, const Node& node) {
    LayerNumerics layer = layer_numerics(node);
    const TensorId a = any_operand(node.inputs.at(0), layer);
    const TensorId b = any_operand(node.inputs.at(1), layer);
    choose_from_samples(layer.open.activation, node.outputs.at(0), &layer.formats.activation);
    choose_from_samples(layer.open.output, node.outputs.at(0), &layer.formats.output);
    set_function(o.activation, &layer.formats);
    // Only these points exist in an element-wise operator.
    StagedNumerics n;
    n.input = format_of(a);
    n.weight = format_of(b);
    n.activation = layer.formats.activation;
    n.output = layer.formats.output;
    n.function = layer.formats.function;
    add_node(node, qop::StagedBinary{o.kind}, {a, b}, {n.output, 0}, n);
  }

  void convert(const op::Unary& o, const Node& node) {
    if (o.kind == op::Unary::Kind::kPRelu && o.parameters.size() > 1) {
      throw base::UnsupportedError("prelu with a slope a channel; split it first (fold.h)");
    }
    LayerNumerics layer = layer_numerics(node);
    const TensorId x = node.inputs.at(0);
    const OperandFormat& input = format_of(x);
    if (input.mx_block > 0 || input.element.code_bits() > kMostTableBits) {
      throw base::InputError(fmt::format(
          "reads '{}' through a table, which takes codes of at most {} bits, not {}{}; give the layer "
          "before it a narrower output",
          out_.tensor(x).name, kMostTableBits, input.element.code_bits(), input.mx_block > 0 ? " (MX)" : ""));
    }
    choose_from_samples(layer.open.output, node.outputs.at(0), &layer.formats.output);
    QuantizedTensor info;
    info.name = node.name + "/table";
    info.constant = code_table(real_function(o), input.element, layer.formats.output);
    info.dtype = info.constant->dtype();
    info.shape = info.constant->shape();
    info.format = OperandFormat{layer.formats.output, 0};
    const TensorId table = out_.add_tensor(std::move(info));
    add_node(node, qop::Table{}, {x, table}, {layer.formats.output, 0});
  }

  void convert(const op::Pool2d& o, const Node& node) {
    const TensorId x = node.inputs.at(0);
    const OperandFormat format = format_of(x);
    if (o.kind != op::Pool2d::Kind::kMax || format.element.kind != NumberFormat::Kind::kDfp ||
        !format.element.is_signed || o.activation != FusedActivation::kNone) {
      throw base::UnsupportedError("staged pooling; only a max pool of signed DFP codes has codes in order");
    }
    const network::DType dtype = code_dtype(format.element);
    const network::Clamp all{network::lowest(dtype), network::highest(dtype)};
    add_node(node, qop::Pool2d{o.kind, o.kernel, o.stride, o.padding, all}, {x}, format);
  }

  // --- codes that move ---------------------------------------------------------------------------

  void move(const Node& node, QuantizedOperation operation) {
    const TensorId x = node.inputs.at(0);
    const OperandFormat format = format_of(x);
    add_node(node, std::move(operation), {x}, format);
  }

  void convert(const op::Slice& o, const Node& node) { move(node, qop::Slice{o.begin, o.size, o.stride}); }
  void convert(const op::Transpose& o, const Node& node) { move(node, qop::Transpose{o.perm}); }
  void convert(const op::Reshape&, const Node& node) { move(node, qop::Reshape{}); }
  void convert(const op::Pad& o, const Node& node) {
    if (o.raw_value) throw base::UnsupportedError("padding with a raw code of another quantisation");
    const std::int64_t value = encode_value(o.value, format_of(node.inputs.at(0)).element);
    move(node, qop::Pad{o.before, o.after, value});
  }
  void convert(const op::SpaceToBatch& o, const Node& node) {
    move(node, qop::SpaceToBatch{o.block, o.padding, 0});
  }
  void convert(const op::BatchToSpace& o, const Node& node) {
    move(node, qop::BatchToSpace{o.block, o.crop});
  }

  /// Codes in one format come out as they are; otherwise all become the layer's output format.
  void convert(const op::Concat& o, const Node& node) {
    LayerNumerics layer = layer_numerics(node);
    std::vector<TensorId> inputs;
    for (const TensorId id : node.inputs) inputs.push_back(any_operand(id, layer));
    OperandFormat format = format_of(inputs.at(0));
    const bool agree = std::all_of(inputs.begin(), inputs.end(),
                                   [&](TensorId id) { return same_codes(format_of(id), format); });
    if (!agree) {
      choose_from_samples(layer.open.output, node.outputs.at(0), &layer.formats.output);
      format = {layer.formats.output, 0};
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i] = as_operand(inputs[i], format, fmt::format("{}/input{}", node.name, i + 1));
      }
    }
    add_node(node, qop::Concat{o.axis}, std::move(inputs), format);
  }

  template <class Op>
  void convert(const Op&, const Node& node) {
    throw base::UnsupportedError(fmt::format("{} has no staged form", network::name(node.operation)));
  }

  const Graph& graph_;
  const network::NumericsConfig& numerics_;
  const TensorSamples& samples_;
  int lanes_;
  network::QuantizedGraph out_;
  std::vector<Conversion> conversions_;
};

}  // namespace

network::QuantizedGraph quantize_staged(const Graph& graph, const network::NumericsConfig& numerics,
                                        const TensorSamples& samples, int lanes) {
  return StagedQuantizer(graph, numerics, samples, lanes).run();
}

}  // namespace dlasim::quantize
