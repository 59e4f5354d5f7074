#include "network/float_reference.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "float/convolution.h"
#include "float/kernels.h"

namespace dlasim::network {
namespace {

namespace kernels = float_kernels;

[[noreturn]] void refuse(const Node& node, const std::string& what) {
  throw base::InputError("node '" + node.name + "' (" + std::string(name(node.operation)) + "): " + what);
}

void require_rank4(const Node& node, const Shape& shape) {
  if (shape.size() != 4) refuse(node, "needs a shape of 4 dimensions, found " + to_string(shape));
}

/// What convolutions have in common; `channels_fit` is the kind's own rule.
kernels::ConvGeometry geometry_of(const Graph& graph, const Node& node) {
  const Shape& in = graph.tensor(node.inputs.at(0)).shape;
  const Shape& weight = graph.tensor(node.inputs.at(1)).shape;
  const Shape& out = graph.tensor(node.outputs.at(0)).shape;
  for (const Shape* shape : {&in, &weight, &out}) require_rank4(node, *shape);
  kernels::ConvGeometry g;
  g.batch = in[0];
  g.in_height = in[1];
  g.in_width = in[2];
  g.in_channels = in[3];
  g.out_height = out[1];
  g.out_width = out[2];
  g.out_channels = out[3];
  g.kernel_height = weight[1];
  g.kernel_width = weight[2];
  if (out[0] != in[0]) refuse(node, "the batch changes from " + to_string(in) + " to " + to_string(out));
  if (node.inputs.size() > 2 && node.inputs[2] != kNoTensor &&
      element_count(graph.tensor(node.inputs[2]).shape) != out[3]) {
    refuse(node, "the bias is not one value an output channel");
  }
  return g;
}

[[noreturn]] void refuse_weight(const Graph& graph, const Node& node) {
  refuse(node, "weight " + to_string(graph.tensor(node.inputs[1]).shape) + " does not fit input " +
                   to_string(graph.tensor(node.inputs[0]).shape) + " and output " +
                   to_string(graph.tensor(node.outputs[0]).shape));
}

template <class Op>
void set_window(const Op& op, kernels::ConvGeometry& g) {
  g.stride = op.stride;
  g.top = op.padding.top;
  g.left = op.padding.left;
}

kernels::ConvGeometry geometry_of(const Graph& graph, const Node& node, const op::Conv2d& op) {
  kernels::ConvGeometry g = geometry_of(graph, node);
  const Shape& weight = graph.tensor(node.inputs[1]).shape;
  set_window(op, g);
  g.dilation = op.dilation;
  g.groups = op.groups;
  if (op.groups < 1 || g.in_channels % op.groups != 0 || g.out_channels % op.groups != 0 ||
      weight[0] != g.out_channels || weight[3] != g.in_channels / op.groups) {
    refuse_weight(graph, node);
  }
  return g;
}

kernels::ConvGeometry geometry_of(const Graph& graph, const Node& node, const op::DepthwiseConv2d& op) {
  kernels::ConvGeometry g = geometry_of(graph, node);
  const Shape& weight = graph.tensor(node.inputs[1]).shape;
  set_window(op, g);
  g.dilation = op.dilation;
  if (g.in_channels * op.channel_multiplier != g.out_channels || g.out_channels == 0 ||
      weight[3] != g.out_channels || weight[0] != 1) {
    refuse_weight(graph, node);
  }
  return g;
}

kernels::ConvGeometry geometry_of(const Graph& graph, const Node& node, const op::TransposeConv2d& op) {
  kernels::ConvGeometry g = geometry_of(graph, node);
  const Shape& weight = graph.tensor(node.inputs[1]).shape;
  set_window(op, g);
  if (weight[0] != g.out_channels || weight[3] != g.in_channels) refuse_weight(graph, node);
  return g;
}

/// A fully connected layer is a 1x1 convolution over rows.
kernels::ConvGeometry geometry_of(const Graph& graph, const Node& node, const op::FullyConnected&) {
  const Shape& weight = graph.tensor(node.inputs.at(1)).shape;
  if (weight.size() != 2 || weight[1] < 1) refuse_weight(graph, node);
  kernels::ConvGeometry g;
  g.in_channels = weight[1];
  g.out_channels = weight[0];
  g.in_width = g.out_width = element_count(graph.tensor(node.inputs[0]).shape) / weight[1];
  if (g.in_width * g.in_channels != element_count(graph.tensor(node.inputs[0]).shape) ||
      g.out_width * g.out_channels != element_count(graph.tensor(node.outputs.at(0)).shape)) {
    refuse_weight(graph, node);
  }
  return g;
}

}  // namespace

namespace {

/// The real values of the elements of an integer tensor from `first` on.
void dequantize(const Tensor& tensor, const std::optional<Affine>& affine, std::int64_t first,
                std::span<float> y) {
  std::int64_t inner = 1;
  std::size_t slices = 1;
  if (affine) {
    slices = affine->scale.size();
    const auto& shape = tensor.shape();
    const bool on_axis = affine->axis >= 0 && affine->axis < static_cast<int>(shape.size());
    if (slices > 1 &&
        (!on_axis || shape[static_cast<std::size_t>(affine->axis)] != static_cast<std::int64_t>(slices))) {
      throw base::InputError(std::to_string(slices) + " scales on axis " + std::to_string(affine->axis) +
                             " do not fit the shape " + to_string(shape));
    }
    if (slices == 0 || affine->zero_point.size() != slices) {
      throw base::InputError("an affine needs as many zero points as scales, and at least one");
    }
    if (on_axis) inner = element_count(Shape(shape.begin() + affine->axis + 1, shape.end()));
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::int64_t at = first + static_cast<std::int64_t>(i);
    const std::int64_t q = tensor.integer(at);
    if (!affine) {
      y[i] = static_cast<float>(q);
      continue;
    }
    const std::size_t s = slices == 1 ? 0 : static_cast<std::size_t>(at / inner) % slices;
    y[i] = static_cast<float>(static_cast<double>(affine->scale[s]) *
                              static_cast<double>(q - affine->zero_point[s]));
  }
}

/// Calls `use` with the packed weights of all output channels, a slice at a time: neither the floats of
/// integers nor the packed form of a large layer exists as a whole.
template <class Use>
void for_each_slice(const Tensor& weight, const std::optional<Affine>& affine,
                    const kernels::ConvGeometry& geometry, const Use& use) {
  constexpr std::int64_t kWeights = 1 << 18;
  const std::int64_t length = weight.size() / std::max<std::int64_t>(1, geometry.out_channels);
  std::vector<float> reals;
  for (const kernels::ChannelSlice& slice : kernels::channel_slices(geometry, kWeights)) {
    const auto first = static_cast<std::size_t>(slice.first_channel * length);
    const auto count = static_cast<std::size_t>(slice.channels * length);
    if (weight.dtype() == DType::kFloat32) {
      use(kernels::pack(weight.data<float>().subspan(first, count), geometry, slice));
      continue;
    }
    reals.resize(count);
    dequantize(weight, affine, static_cast<std::int64_t>(first), reals);
    use(kernels::pack(reals, geometry, slice));
  }
}

/// Operators whose weights (input 1) are packed.
bool packs_weights(const Node& node) {
  return std::holds_alternative<op::Conv2d>(node.operation) ||
         std::holds_alternative<op::FullyConnected>(node.operation);
}

using PackedLayers = std::unordered_map<const Node*, std::vector<kernels::PackedWeights>>;

}  // namespace

Tensor dequantize(const Tensor& tensor, const std::optional<Affine>& affine) {
  if (tensor.dtype() == DType::kFloat32) return tensor;
  Tensor real(DType::kFloat32, tensor.shape());
  dequantize(tensor, affine, 0, real.data<float>());
  return real;
}

/// The graph with its constants as floats, weights packed, and the last use of every tensor.
struct FloatReference::Prepared {
  explicit Prepared(const Graph& g) : graph(g), constants(g.tensors.size()), last_use(g.tensors.size(), -1) {
    for (std::size_t n = 0; n < g.nodes.size(); ++n) prepare(g.nodes[n], static_cast<int>(n));
    for (const TensorId id : g.outputs) {
      last_use.at(static_cast<std::size_t>(id)) = static_cast<int>(g.nodes.size());
      convert(id);
    }
  }

  const Graph& graph;
  std::vector<Constant> constants;  ///< floats; of integers that are packed a slice at a time, none
  std::vector<int> last_use;        ///< node that reads the tensor last; -1: none
  PackedLayers packed;

 private:
  /// Weights that stay packed from run to run. Those beyond are packed in each: packing costs no more than
  /// the sums of a few positions, keeping it a second set of weights.
  static constexpr std::int64_t kKeptWeights = 8 << 20;

  void prepare(const Node& node, int position) {
    if (node.inputs.empty() || node.outputs.size() != 1) refuse(node, "needs inputs and exactly one output");
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor) continue;
      if (id < 0 || static_cast<std::size_t>(id) >= graph.tensors.size())
        refuse(node, "reads a tensor that is not there");
      last_use[static_cast<std::size_t>(id)] = position;
    }
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (i != 1 || !packs_weights(node)) convert(node.inputs[i]);
    }
    if (const auto* conv = std::get_if<op::Conv2d>(&node.operation))
      pack(node, geometry_of(graph, node, *conv));
    if (const auto* fc = std::get_if<op::FullyConnected>(&node.operation))
      pack(node, geometry_of(graph, node, *fc));
  }

  void convert(TensorId id) {
    if (id == kNoTensor || constants[static_cast<std::size_t>(id)]) return;
    const TensorInfo& info = graph.tensor(id);
    if (!info.constant) return;
    constants[static_cast<std::size_t>(id)] = info.constant->dtype() == DType::kFloat32
                                                  ? info.constant
                                                  : Constant(dequantize(*info.constant, info.affine));
  }

  void pack(const Node& node, const kernels::ConvGeometry& geometry) {
    const TensorInfo& weight = graph.tensor(node.inputs[1]);
    if (!weight.constant || kept_ + weight.constant->size() > kKeptWeights) return;
    kept_ += weight.constant->size();
    auto& slices = packed[&node];
    for_each_slice(*weight.constant, weight.affine, geometry,
                   [&](kernels::PackedWeights slice) { slices.push_back(std::move(slice)); });
  }

  std::int64_t kept_ = 0;
};

namespace {

/// One run: the live tensors, and one overload an operator.
class Execution {
 public:
  Execution(const Graph& graph, const std::vector<Constant>& constants, const PackedLayers& packed)
      : graph_(graph), constants_(constants), packed_(packed), values_(graph.tensors.size()) {}

  void set(TensorId id, Tensor value) { values_.at(static_cast<std::size_t>(id)) = std::move(value); }
  void release(TensorId id) { values_[static_cast<std::size_t>(id)].reset(); }
  const Tensor& value(TensorId id) const {
    const auto i = static_cast<std::size_t>(id);
    if (values_.at(i)) return *values_[i];
    if (constants_[i]) return *constants_[i];
    throw base::InputError("tensor '" + graph_.tensors[i].name + "' is read before it is written");
  }

  Tensor run(const Node& node) {
    Tensor output(DType::kFloat32, graph_.tensor(node.outputs[0]).shape);
    std::visit([&](const auto& op) { execute(op, node, output); }, node.operation);
    return output;
  }

 private:
  const Tensor& input(const Node& node, std::size_t i) const {
    const Tensor* tensor = optional_input(node, i);
    if (tensor == nullptr) refuse(node, "input " + std::to_string(i) + " is missing");
    return *tensor;
  }
  const Tensor* optional_input(const Node& node, std::size_t i) const {
    return i < node.inputs.size() && node.inputs[i] != kNoTensor ? &value(node.inputs[i]) : nullptr;
  }
  const float* bias(const Node& node, std::size_t i) const {
    const Tensor* tensor = optional_input(node, i);
    return tensor == nullptr ? nullptr : tensor->data<float>().data();
  }
  /// The first input, for an operator that changes no shape or only how it is written.
  const Tensor& same_size_input(const Node& node, const Tensor& output) const {
    const Tensor& x = input(node, 0);
    if (x.size() != output.size()) {
      refuse(node, "input " + to_string(x.shape()) + " and output " + to_string(output.shape()) +
                       " differ in size");
    }
    return x;
  }

  template <class Op>
  void packed_convolution(const Op& op, const Node& node, Tensor& output) const {
    const kernels::ConvGeometry geometry = geometry_of(graph_, node, op);
    const float* x = input(node, 0).template data<float>().data();
    float* y = output.data<float>().data();
    const auto run = [&](const kernels::PackedWeights& slice) {
      kernels::convolve(geometry, x, slice, bias(node, 2), y);
    };
    const auto found = packed_.find(&node);
    const TensorInfo& weight = graph_.tensor(node.inputs[1]);
    if (found != packed_.end()) {
      std::ranges::for_each(found->second, run);
    } else if (weight.constant) {
      for_each_slice(*weight.constant, weight.affine, geometry, run);
    } else {
      for_each_slice(input(node, 1), std::nullopt, geometry, run);
    }
    kernels::apply(op.activation, output.data<float>());
  }
  void execute(const op::Conv2d& op, const Node& node, Tensor& y) const { packed_convolution(op, node, y); }
  void execute(const op::FullyConnected& op, const Node& node, Tensor& y) const {
    packed_convolution(op, node, y);
  }
  void execute(const op::DepthwiseConv2d& op, const Node& node, Tensor& y) const {
    kernels::convolve_depthwise(geometry_of(graph_, node, op), input(node, 0).data<float>().data(),
                                input(node, 1).data<float>().data(), bias(node, 2), y.data<float>().data());
    kernels::apply(op.activation, y.data<float>());
  }
  void execute(const op::TransposeConv2d& op, const Node& node, Tensor& y) const {
    kernels::convolve_transposed(geometry_of(graph_, node, op), input(node, 0).data<float>().data(),
                                 input(node, 1).data<float>().data(), bias(node, 2), y.data<float>().data());
    kernels::apply(op.activation, y.data<float>());
  }
  void execute(const op::BatchMatmul& op, const Node& node, Tensor& y) const {
    kernels::batch_matmul(op, input(node, 0), input(node, 1), y);
  }
  void execute(const op::Binary& op, const Node& node, Tensor& y) const {
    const Tensor& a = input(node, 0);
    const Tensor& b = input(node, 1);
    for (const Tensor* x : {&a, &b}) {
      const Shape& shape = x->shape();
      const Shape& out = y.shape();
      bool fits = shape.size() <= out.size();
      for (std::size_t i = 1; fits && i <= shape.size(); ++i) {
        const std::int64_t d = shape[shape.size() - i];
        fits = d == 1 || d == out[out.size() - i];
      }
      if (!fits) refuse(node, to_string(shape) + " does not broadcast to " + to_string(out));
    }
    kernels::binary(op, a, b, y);
  }
  void execute(const op::Pool2d& op, const Node& node, Tensor& y) const {
    require_rank4(node, input(node, 0).shape());
    require_rank4(node, y.shape());
    if (input(node, 0).shape()[0] != y.shape()[0] || input(node, 0).shape()[3] != y.shape()[3]) {
      refuse(node, "batch or channels change");
    }
    kernels::pool(op, input(node, 0), y);
  }
  void execute(const op::Reduce& op, const Node& node, Tensor& y) const {
    kernels::reduce(op, input(node, 0), y);
  }
  void execute(const op::Unary& op, const Node& node, Tensor& y) const {
    kernels::unary(op, same_size_input(node, y), y);
  }
  void execute(const op::Softmax& op, const Node& node, Tensor& y) const {
    kernels::softmax(op, same_size_input(node, y), y);
  }
  void execute(const op::Slice& op, const Node& node, Tensor& y) const {
    kernels::slice(op, input(node, 0), y);
  }
  void execute(const op::Concat& op, const Node& node, Tensor& y) const {
    kernels::concat(op, all_inputs(node), y);
  }
  void execute(const op::Pad& op, const Node& node, Tensor& y) const {
    double value = op.value;
    const auto& affine = graph_.tensor(node.inputs[0]).affine;
    if (op.raw_value) {
      const double zero_point = affine ? static_cast<double>(affine->zero_point.at(0)) : 0.0;
      const double scale = affine ? static_cast<double>(affine->scale.at(0)) : 1.0;
      value = scale * (static_cast<double>(*op.raw_value) - zero_point);
    }
    kernels::pad(op, static_cast<float>(value), input(node, 0), y);
  }
  void execute(const op::Transpose& op, const Node& node, Tensor& y) const {
    kernels::transpose(op, input(node, 0), y);
  }
  void execute(const op::Reshape&, const Node& node, Tensor& y) const { copy(node, y); }
  void execute(const op::Quantize&, const Node& node, Tensor& y) const { copy(node, y); }
  void execute(const op::Dequantize&, const Node& node, Tensor& y) const { copy(node, y); }
  void execute(const op::FakeQuantize& op, const Node& node, Tensor& y) const {
    kernels::fake_quantize(op, same_size_input(node, y), y);
  }
  void execute(const op::Clip& op, const Node& node, Tensor& y) const {
    kernels::clip(op, same_size_input(node, y), y);
  }
  void execute(const op::SpaceToBatch& op, const Node& node, Tensor& y) const {
    const Shape& in = input(node, 0).shape();
    require_rank4(node, in);
    require_rank4(node, y.shape());
    const Padding& p = op.padding;
    if (y.shape() != Shape{in[0] * op.block[0] * op.block[1], (in[1] + p.top + p.bottom) / op.block[0],
                           (in[2] + p.left + p.right) / op.block[1], in[3]}) {
      refuse(node, to_string(in) + " does not give " + to_string(y.shape()));
    }
    kernels::space_to_batch(op, input(node, 0), y);
  }
  void execute(const op::BatchToSpace& op, const Node& node, Tensor& y) const {
    const Shape& in = input(node, 0).shape();
    require_rank4(node, in);
    require_rank4(node, y.shape());
    const Padding& c = op.crop;
    const Shape& out = y.shape();
    if (in != Shape{out[0] * op.block[0] * op.block[1], (out[1] + c.top + c.bottom) / op.block[0],
                    (out[2] + c.left + c.right) / op.block[1], out[3]}) {
      refuse(node, to_string(in) + " does not give " + to_string(out));
    }
    kernels::batch_to_space(op, input(node, 0), y);
  }
  void execute(const op::Svdf& op, const Node& node, Tensor& y) const {
    // A state that no constant fills starts at zero.
    const TensorId state = node.inputs.size() > 4 ? node.inputs[4] : kNoTensor;
    const bool given = state != kNoTensor && constants_[static_cast<std::size_t>(state)].has_value();
    kernels::svdf(op,
                  {&input(node, 0), &input(node, 1), &input(node, 2), optional_input(node, 3),
                   given ? &value(state) : nullptr},
                  y);
  }
  void execute(const op::Lstm& op, const Node& node, Tensor& y) const {
    if (node.inputs.size() != 13)
      refuse(node, "needs 13 inputs, found " + std::to_string(node.inputs.size()));
    kernels::lstm(op, all_inputs(node), y);
  }

  void copy(const Node& node, Tensor& y) const {
    const auto x = same_size_input(node, y).data<float>();
    std::copy(x.begin(), x.end(), y.data<float>().begin());
  }
  std::vector<const Tensor*> all_inputs(const Node& node) const {
    std::vector<const Tensor*> all(node.inputs.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = optional_input(node, i);
    return all;
  }

  const Graph& graph_;
  const std::vector<Constant>& constants_;
  const PackedLayers& packed_;
  std::vector<std::optional<Tensor>> values_;
};

}  // namespace

FloatReference::FloatReference(const Graph& graph) : prepared_(std::make_unique<Prepared>(graph)) {}
FloatReference::~FloatReference() = default;
FloatReference::FloatReference(FloatReference&&) noexcept = default;
FloatReference& FloatReference::operator=(FloatReference&&) noexcept = default;

std::vector<Tensor> FloatReference::run(const std::vector<Tensor>& inputs, const Observer& observer) const {
  const Graph& graph = prepared_->graph;
  if (inputs.size() != graph.inputs.size()) {
    throw base::InputError("network '" + graph.name + "' has " + std::to_string(graph.inputs.size()) +
                           " inputs, found " + std::to_string(inputs.size()));
  }
  Execution execution(graph, prepared_->constants, prepared_->packed);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = graph.tensor(graph.inputs[i]);
    if (inputs[i].shape() != info.shape) {
      throw base::InputError("input '" + info.name + "': shape " + to_string(inputs[i].shape()) +
                             ", declared is " + to_string(info.shape));
    }
    execution.set(graph.inputs[i], dequantize(inputs[i], info.affine));
    if (observer) observer(graph.inputs[i], execution.value(graph.inputs[i]));
  }
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const TensorId output = node.outputs[0];
    execution.set(output, execution.run(node));
    if (observer) observer(output, execution.value(output));
    for (const TensorId id : node.inputs) {
      if (id != kNoTensor && prepared_->last_use[static_cast<std::size_t>(id)] == static_cast<int>(n))
        execution.release(id);
    }
    if (prepared_->last_use[static_cast<std::size_t>(output)] < 0) execution.release(output);
  }
  std::vector<Tensor> outputs;
  for (const TensorId id : graph.outputs) outputs.push_back(execution.value(id));
  return outputs;
}

}  // namespace dlasim::network
