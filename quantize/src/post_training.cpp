#include "quantize/post_training.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "base/error.h"
#include "quantize/affine.h"
#include "quantize/fold.h"
#include "quantize/rescale.h"
#include "scale_plan.h"
#include "scheme_affine.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::Affine;
using network::DType;
using network::Graph;
using network::Node;
using network::Tensor;
using network::TensorId;

/// Scale exponent of an LSTM's cell state where no clip bounds it: +-16 in 16 bits.
constexpr int kCellScalePower = -11;

void check(const Graph& graph, const Scheme& scheme) {
  if (scheme.activation != DType::kInt8 && scheme.activation != DType::kInt16) {
    throw base::InputError("activations of " + std::string(name(scheme.activation)) +
                           "; int8 and int16 are allowed");
  }
  if (scheme.weight != DType::kInt8 && scheme.weight != DType::kInt4) {
    throw base::InputError("weights of " + std::string(name(scheme.weight)) + "; int8 and int4 are allowed");
  }
  if (!(scheme.headroom >= 1.0) || !(scheme.tanh_clip > 0.0) || !(scheme.sigmoid_clip > 0.0)) {
    throw base::InputError("headroom must be at least 1 and clips above 0");
  }
  if (scheme.activation == DType::kInt16 && scheme.activation_codes == ActivationCodes::kReduced) {
    throw base::InputError("only int8 activations have a reduced range");
  }
  if (scheme.power_of_two &&
      !(needs_only_amax(scheme.power_of_two->activation) && needs_only_amax(scheme.power_of_two->weight))) {
    throw base::InputError("scales that are powers of two need a method that knows only the magnitude");
  }
  const bool asymmetric_weights = scheme.weight_zero_point == WeightZeroPoint::kFree;
  if (asymmetric_weights && (scheme.weight != DType::kInt8 || scheme.activation != DType::kInt8 ||
                             scheme.granularity != WeightGranularity::kPerTensor || scheme.power_of_two)) {
    throw base::InputError(
        "weights with a zero point are int8, with int8 activations, one scale a tensor and no power of two");
  }
  if (scheme.weight == DType::kInt4 && scheme.weight_codes == WeightCodes::kReduced) {
    throw base::InputError("only int8 weights have a reduced range");
  }
  if (scheme.bias_bits && (*scheme.bias_bits < 2 || *scheme.bias_bits > 32)) {
    throw base::InputError("biases of " + std::to_string(*scheme.bias_bits) + " bits; 2 to 32 are allowed");
  }
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<op::Quantize>(node.operation) ||
        std::holds_alternative<op::Dequantize>(node.operation)) {
      throw base::UnsupportedError("node '" + node.name + "': the network is already quantised");
    }
  }
  for (const auto& info : graph.tensors) {
    if (info.affine && !info.constant)
      throw base::UnsupportedError("tensor '" + info.name + "': the network is already quantised");
  }
}

class Assignment {
 public:
  Assignment(const Graph& graph, const Ranges& ranges, const Scheme& scheme, const ActivationClips& clips)
      : graph_(graph),
        scheme_(scheme),
        plan_(graph_, ranges, scheme, clips),
        taken_(graph.tensors.size(), false) {}

  Graph run() {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (plan_.affine(static_cast<TensorId>(i)))
        set_activation(graph_.tensors[i], *plan_.affine(static_cast<TensorId>(i)));
    }
    for (Node& node : graph_.nodes) {
      std::visit([&](auto& operation) { quantize_operands(operation, node); }, node.operation);
    }
    return insert_rescaling(std::move(graph_));
  }

 private:
  void set_activation(network::TensorInfo& info, const Affine& affine) const {
    if (info.constant) {
      info.constant = quantize(network::dequantize(*info.constant, info.affine), affine, scheme_.activation);
    }
    info.dtype = scheme_.activation;
    info.affine = affine;
  }

  bool has(const Node& node, std::size_t i) const {
    return i < node.inputs.size() && node.inputs[i] != network::kNoTensor;
  }

  float scale_of(TensorId id) const { return graph_.tensor(id).affine->scale[0]; }

  /// The float constant behind operand `i`. The first use takes its place in the graph, further ones get a
  /// copy: integers depend on the scales around them.
  network::Constant claim(Node& node, std::size_t i) {
    const network::TensorInfo& info = graph_.tensor(node.inputs.at(i));
    if (!info.constant) {
      throw base::UnsupportedError("node '" + node.name + "': '" + info.name +
                                   "' is not constant; weights that are computed are not quantised");
    }
    if (static_cast<std::size_t>(node.inputs[i]) >= taken_.size())
      taken_.resize(graph_.tensors.size(), false);
    const bool recorded = info.affine && !taken_[static_cast<std::size_t>(node.inputs[i])];
    if (taken_[static_cast<std::size_t>(node.inputs[i])] || (info.dtype != DType::kFloat32 && !recorded)) {
      throw base::UnsupportedError("node '" + node.name + "': constant '" + info.name +
                                   "' has another use already");
    }
    taken_[static_cast<std::size_t>(node.inputs[i])] = true;
    return info.constant;
  }

  void store(TensorId id, Tensor value, Affine affine) {
    network::TensorInfo& info = graph_.tensors[static_cast<std::size_t>(id)];
    info.dtype = value.dtype();
    info.constant = std::move(value);
    info.affine = std::move(affine);
  }

  /// A weight scale must leave the bias room in its accumulator, and a channel of zeros a bias to requantise.
  void fit_bias(const Node& node, const Tensor* bias, Affine& affine,
                const std::vector<double>& magnitude) const {
    const double input = static_cast<double>(scale_of(node.inputs[0]));
    const double output = static_cast<double>(scale_of(node.outputs[0]));
    const int room = scheme_.activation == DType::kInt16 ? 45 : 30;
    for (std::size_t c = 0; c < affine.scale.size(); ++c) {
      double b = 0.0;
      if (bias != nullptr) {
        const auto values = bias->data<float>();
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (affine.scale.size() == 1 || i == c) b = std::max(b, std::abs(static_cast<double>(values[i])));
        }
      }
      double scale = static_cast<double>(affine.scale[c]);
      if (magnitude[c] == 0.0) scale = b > 0.0 ? b / (input * 32768.0) : 0.5 * output / input;
      scale = std::max(scale, b / (input * std::ldexp(1.0, room)));
      affine.scale[c] = static_cast<float>(allowed_scale(scale, scheme_));
    }
  }

  /// Weights that bring their integers along keep them; the bias must fit what that makes of its scale.
  void keep_recorded_weight(Node& node) {
    const network::TensorInfo weight = graph_.tensor(node.inputs[1]);
    static_cast<void>(claim(node, 1));
    if (weight.dtype != DType::kInt8 && weight.dtype != DType::kInt4) {
      throw base::UnsupportedError("node '" + node.name + "': weights of " + std::string(name(weight.dtype)) +
                                   " were recorded; int8 and int4 are allowed");
    }
    if (!has(node, 2)) return;
    const Tensor bias = real_constant(node, 2);
    const double input = static_cast<double>(scale_of(node.inputs[0]));
    const double most = std::ldexp(1.0, scheme_.activation == DType::kInt16 ? 45 : 30);
    const auto values = bias.data<float>();
    const std::vector<float>& scales = weight.affine->scale;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double step = input * static_cast<double>(scales[scales.size() == 1 ? 0 : i]);
      if (std::abs(static_cast<double>(values[i])) > most * step) {
        throw base::UnsupportedError("node '" + node.name + "': bias " + std::to_string(values[i]) +
                                     " leaves the accumulator at the recorded scales");
      }
    }
    store_bias(node.inputs[2], bias, scale_of(node.inputs[0]), *weight.affine);
  }

  /// A float constant; one that brings a scale along is read as the reals that it stands for.
  Tensor real_constant(Node& node, std::size_t i) {
    return network::dequantize(*claim(node, i), graph_.tensor(node.inputs[i]).affine);
  }

  void quantize_mac(Node& node, int axis) {
    const network::TensorInfo& info = graph_.tensor(node.inputs.at(1));
    if (info.constant && info.affine) return keep_recorded_weight(node);
    const network::Constant weight = claim(node, 1);
    const bool per_channel = scheme_.granularity == WeightGranularity::kPerChannel;
    Affine affine = weight_affine(*weight, per_channel ? axis : -1, scheme_);
    std::vector<double> magnitude;
    for (const float s : affine.scale) magnitude.push_back(static_cast<double>(s));
    mark_zero_channels(*weight, affine, magnitude);
    const bool biased = has(node, 2);
    const Tensor bias = biased ? real_constant(node, 2) : Tensor();
    fit_bias(node, biased ? &bias : nullptr, affine, magnitude);
    if (biased) store_bias(node.inputs[2], bias, scale_of(node.inputs[0]), affine);
    Tensor codes = quantize(*weight, affine, scheme_.weight);
    store(node.inputs[1], std::move(codes), std::move(affine));
  }

  /// symmetric() gives scale 1 to a slice of zeros; it must be told from a slice whose scale is 1.
  static void mark_zero_channels(const Tensor& weight, const Affine& affine, std::vector<double>& magnitude) {
    const Tensor codes = quantize(weight, affine, DType::kInt8);
    std::vector<bool> zero(magnitude.size(), true);
    std::int64_t inner = 1;
    if (affine.axis >= 0) {
      inner = network::element_count(
          network::Shape(weight.shape().begin() + affine.axis + 1, weight.shape().end()));
    }
    const auto count = static_cast<std::int64_t>(magnitude.size());
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      if (codes.integer(i) != affine.zero_point[0])
        zero[static_cast<std::size_t>(count == 1 ? 0 : i / inner % count)] = false;
    }
    for (std::size_t c = 0; c < magnitude.size(); ++c) {
      if (zero[c]) magnitude[c] = 0.0;
    }
  }

  /// The bias as a fixed-point memory of `bias_bits` would hold it.
  Tensor stored_bias(Tensor bias) const {
    if (!scheme_.bias_bits) return bias;
    const double magnitude = range_of(bias.data<float>()).magnitude();
    if (magnitude == 0.0) return bias;
    const FlFormat format{*scheme_.bias_bits, true, network::Rounding::kNearestAway};
    const double step = std::ldexp(1.0, -choose_fl(FlMethod::kMax, format, magnitude));
    for (float& b : bias.data<float>())
      b = static_cast<float>(std::round(static_cast<double>(b) / step) * step);
    return bias;
  }

  void store_bias(TensorId id, const Tensor& real, float input_scale, const Affine& weight) {
    const Tensor bias = stored_bias(real);
    const DType dtype = scheme_.activation == DType::kInt16 ? DType::kInt64 : DType::kInt32;
    Affine affine;
    for (const float w : weight.scale) affine.scale.push_back(input_scale * w);
    affine.zero_point.assign(affine.scale.size(), 0);
    affine.axis = affine.scale.size() > 1 ? 0 : -1;
    store(id, quantize_bias(bias, input_scale, weight.scale, dtype), std::move(affine));
  }

  /// A weight without channels of its own: recurrent operators.
  Affine quantize_plain_weight(Node& node, std::size_t i, DType dtype) {
    const Tensor weight = real_constant(node, i);
    const Affine affine = symmetric(range_of(weight.data<float>()).magnitude(), dtype);
    store(node.inputs[i], quantize(weight, affine, dtype), affine);
    return affine;
  }

  void quantize_operands(op::Conv2d&, Node& node) { quantize_mac(node, 0); }
  void quantize_operands(op::DepthwiseConv2d&, Node& node) { quantize_mac(node, 3); }
  void quantize_operands(op::TransposeConv2d&, Node& node) { quantize_mac(node, 0); }
  void quantize_operands(op::FullyConnected&, Node& node) { quantize_mac(node, 0); }

  /// 16-bit state and time weights, as TFLite's converter chooses.
  void quantize_operands(op::Svdf& svdf, Node& node) {
    const Tensor feature = real_constant(node, 1);
    const Affine& x = *graph_.tensor(node.inputs[0]).affine;
    // What enters the state is not observed: the largest input and the largest row of weights bound it.
    const double most = static_cast<double>(x.scale[0]) *
                        static_cast<double>(std::max(127 - x.zero_point[0], x.zero_point[0] + 128));
    const Affine state = symmetric(most * largest_row(feature, feature.shape().at(1)), DType::kInt16);
    const Affine feature_affine = symmetric(range_of(feature.data<float>()).magnitude(), DType::kInt8);
    store(node.inputs[1], quantize(feature, feature_affine, DType::kInt8), feature_affine);

    // The sum of a unit's products with a full-scale state has to fit 32 bits, half of them left to the bias.
    const Tensor time = real_constant(node, 2);
    const double row = largest_row(time, time.shape().at(1) * svdf.rank);
    Affine time_affine = symmetric(range_of(time.data<float>()).magnitude(), DType::kInt16);
    time_affine.scale[0] = std::max(time_affine.scale[0], static_cast<float>(row / 32000.0));
    store(node.inputs[2], quantize(time, time_affine, DType::kInt16), time_affine);
    if (has(node, 3)) store_bias(node.inputs[3], real_constant(node, 3), state.scale[0], time_affine);

    network::TensorInfo& info = graph_.tensors[static_cast<std::size_t>(node.inputs.at(4))];
    info.constant =
        info.constant ? quantize(*info.constant, state, DType::kInt16) : Tensor(DType::kInt16, info.shape);
    info.dtype = DType::kInt16;
    info.affine = state;
  }

  /// The largest sum of magnitudes over `length` consecutive elements.
  static double largest_row(const Tensor& weight, std::int64_t length) {
    const auto w = weight.data<float>();
    double most = 0.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      sum = (static_cast<std::int64_t>(i) % length == 0 ? 0.0 : sum) + std::abs(static_cast<double>(w[i]));
      most = std::max(most, sum);
    }
    return most;
  }

  void quantize_operands(op::Lstm& lstm, Node& node) {
    for (std::size_t gate = 0; gate < 4; ++gate) {
      const Affine weight = quantize_plain_weight(node, 1 + 3 * gate, DType::kInt8);
      quantize_plain_weight(node, 2 + 3 * gate, DType::kInt8);
      if (has(node, 3 + 3 * gate))
        store_bias(node.inputs[3 + 3 * gate], real_constant(node, 3 + 3 * gate), scale_of(node.inputs[0]),
                   weight);
    }
    const int power =
        lstm.cell_clip > 0.0F ? static_cast<int>(std::ceil(std::log2(lstm.cell_clip))) - 15 : kCellScalePower;
    lstm.intermediates = {Affine{{std::ldexp(1.0F, power)}, {0}, -1}};
  }

  void quantize_operands(op::Quantize&, Node&) {}
  template <class Op>
  void quantize_operands(Op&, Node&) {}  // all operands are activations

  Graph graph_;
  const Scheme& scheme_;
  ScalePlan plan_;
  std::vector<bool> taken_;
};

/// Gives every use of a float constant its own tensor: weights and biases become different integers
/// wherever the scales around them differ.
Graph separate_constants(Graph graph) {
  std::vector<bool> used(graph.tensors.size(), false);
  for (Node& node : graph.nodes) {
    for (TensorId& id : node.inputs) {
      if (id == network::kNoTensor || !graph.tensor(id).constant) continue;
      if (static_cast<std::size_t>(id) < used.size() && !used[static_cast<std::size_t>(id)]) {
        used[static_cast<std::size_t>(id)] = true;
        continue;
      }
      network::TensorInfo copy = graph.tensor(id);
      copy.name += "/for/" + node.name;
      id = graph.add_tensor(std::move(copy));
    }
  }
  return graph;
}

/// The best clips, but none wider than the scheme's.
ActivationClips measured_clips(const Graph& graph, const Calibrator& calibrator, const Scheme& scheme) {
  ActivationClips clips =
      choose_activation_clips(graph, calibrator, scheme.activation == DType::kInt16 ? 16 : 8);
  for (const Node& node : graph.nodes) {
    const auto* unary = std::get_if<op::Unary>(&node.operation);
    const auto found = unary == nullptr ? clips.end() : clips.find(node.inputs[0]);
    if (found == clips.end()) continue;
    found->second = std::min(
        found->second, unary->kind == op::Unary::Kind::kSigmoid ? scheme.sigmoid_clip : scheme.tanh_clip);
  }
  return clips;
}

}  // namespace

Scheme int8_scheme() {
  return {};
}

Scheme int16x8_scheme() {
  Scheme scheme;
  scheme.activation = DType::kInt16;
  scheme.headroom = 2.0;
  // tanh(8) is 2e-7 below 1, sigmoid(12) 6e-6: less than a 16-bit code.
  scheme.tanh_clip = 8.0;
  scheme.sigmoid_clip = 12.0;
  return scheme;
}

Graph assign_ranges(const Graph& graph, const Ranges& ranges, const Scheme& scheme,
                    const ActivationClips& clips) {
  check(graph, scheme);
  return Assignment(separate_constants(graph), ranges, scheme, clips).run();
}

PostTrainingResult quantize_post_training(const Graph& graph, const std::vector<std::vector<Tensor>>& samples,
                                          const Scheme& scheme, const CalibrationMethod& method,
                                          const LowerOptions& options) {
  const Graph folded = rewrite_for_quantisation(graph);
  Calibrator calibrator(folded, method);
  for (const auto& sample : samples) calibrator.add(sample);
  const ActivationClips clips =
      scheme.clip == ClipChoice::kMeasured ? measured_clips(folded, calibrator, scheme) : ActivationClips{};
  PostTrainingResult result;
  result.graph = assign_ranges(folded, calibrator.ranges(), scheme, clips);
  result.quantized = lower(result.graph, options);
  return result;
}

}  // namespace dlasim::quantize
