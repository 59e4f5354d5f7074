#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "layer.h"
#include "network/shape_inference.h"
#include "network_reader.h"

/// Layers without weights.
namespace dlasim::network {
namespace {

/// The second operand of a layer with one input: the number `constant`, or the array that `weight` names.
TensorId constant_of(const Layer& layer) {
  if (layer.node().has("weight")) {
    const std::string name = layer.array_name("weight");
    const auto shape = layer.weights().shape_of(name);
    if (!shape) layer.node().at("weight").fail(fmt::format("there is no array '{}'", name));
    return layer.add_constant(name, layer.weights().require(name, *shape, 1));
  }
  Tensor number(DType::kFloat32, {1});
  constexpr double kMost = std::numeric_limits<float>::max();
  number.data<float>()[0] = static_cast<float>(layer.node().get_double("constant", -kMost, kMost));
  return layer.add_constant(layer.name() + ".constant", std::move(number));
}

template <op::Binary::Kind kind>
TensorId read_binary(const Layer& layer) {
  op::Binary operation;
  operation.kind = kind;
  operation.activation = layer.activation();
  std::vector<TensorId> inputs = layer.inputs();
  if (inputs.size() == 1) inputs.push_back(constant_of(layer));
  if (inputs.size() != 2) layer.node().fail(fmt::format("two inputs are wanted, found {}", inputs.size()));
  return layer.append(operation, std::move(inputs));
}

Padding pool_padding(const Layer& layer, Pair kernel, Pair stride) {
  enum class Kind { kValid, kSame };
  static constexpr std::array kKinds{base::Choice<Kind>{"valid", Kind::kValid},
                                     base::Choice<Kind>{"same", Kind::kSame}};
  const auto node = layer.node().find("padding");
  if (!node) return {};
  if (node->is_list()) {
    const std::vector<std::int64_t> p = node->as_ints(0, kLargestSize);
    if (p.size() != 4) {
      node->fail(
          fmt::format("same, valid or [top, left, bottom, right] is wanted, found {} numbers", p.size()));
    }
    return {p[0], p[1], p[2], p[3]};
  }
  if (node->as_enum<Kind>(kKinds) == Kind::kValid) return {};
  return window_padding(PaddingScheme::kSame, layer.image_shape(), kernel, stride, {1, 1});
}

template <op::Pool2d::Kind kind>
TensorId read_pool(const Layer& layer) {
  op::Pool2d pool;
  pool.kind = kind;
  static_cast<void>(layer.node().at("kernel"));
  pool.kernel = layer.pair_or("kernel", 1);
  pool.stride = layer.node().has("stride") ? layer.pair_or("stride", 1) : pool.kernel;
  pool.padding = pool_padding(layer, pool.kernel, pool.stride);
  pool.activation = layer.activation();
  // A window that sees padding only has no average and no maximum.
  if (pool.padding.top >= pool.kernel[0] || pool.padding.bottom >= pool.kernel[0] ||
      pool.padding.left >= pool.kernel[1] || pool.padding.right >= pool.kernel[1]) {
    layer.node().at("padding").fail("must be less than the kernel");
  }
  return layer.append(pool, {layer.input()});
}

template <op::Reduce::Kind kind>
TensorId read_reduce(const Layer& layer) {
  op::Reduce reduce;
  reduce.kind = kind;
  reduce.axes = {1, 2};
  if (const auto axes = layer.node().find("axes")) {
    reduce.axes.clear();
    for (const base::YamlNode& axis : axes->items()) reduce.axes.push_back(layer.axis(axis));
  }
  reduce.keep_dims = layer.node().get_bool_or("keep_dims", false);
  return layer.append(reduce, {layer.input()});
}

template <op::Unary::Kind kind>
TensorId read_unary(const Layer& layer) {
  op::Unary operation;
  operation.kind = kind;
  const base::YamlNode& node = layer.node();
  if constexpr (kind == op::Unary::Kind::kLeakyRelu)
    operation.parameters = {node.get_double_or("slope", 0.01)};
  if constexpr (kind == op::Unary::Kind::kPRelu) operation.parameters = node.at("slopes").as_doubles();
  if constexpr (kind == op::Unary::Kind::kLeakyHardtanh) {
    operation.parameters = {node.get_double_or("min", -1.0), node.get_double_or("max", 1.0),
                            node.get_double_or("slope_min", 0.01), node.get_double_or("slope_max", 0.01)};
  }
  return layer.append(operation, {layer.input()});
}

/// The number `key`, or the one in the array that it names, as training stores what it learnt.
float number_or_array(const Layer& layer, std::string_view key) {
  constexpr double kMost = std::numeric_limits<float>::max();
  const base::YamlNode node = layer.node().at(key);
  const std::string text = node.as_string();
  const auto shape = layer.weights().shape_of(text);
  if (!shape) return static_cast<float>(node.as_double(-kMost, kMost));
  if (element_count(*shape) != 1) {
    node.fail(fmt::format("array '{}' is {}; one number is wanted", text, to_string(*shape)));
  }
  return layer.weights().require(text, *shape, 1).data<float>()[0];
}

TensorId read_clip(const Layer& layer) {
  op::Clip clip;
  if (layer.node().has("minimum")) clip.minimum = number_or_array(layer, "minimum");
  clip.maximum = number_or_array(layer, "maximum");
  return layer.append(clip, {layer.input()});
}

TensorId read_softmax(const Layer& layer) {
  op::Softmax softmax;
  softmax.beta = static_cast<float>(layer.node().get_double_or("beta", 1.0, 0.0, 1e6));
  return layer.append(softmax, {layer.input()});
}

TensorId read_pad(const Layer& layer) {
  op::Pad pad;
  pad.before = layer.node().get_ints("before", 0, kLargestSize);
  pad.after = layer.node().get_ints("after", 0, kLargestSize);
  pad.value = layer.node().get_double_or("value", 0.0);
  return layer.append(pad, {layer.input()});
}

/// `begin` and `size`, where -1 means up to the end; `stride` default 1.
TensorId read_slice(const Layer& layer) {
  const Shape& x = layer.input_shape();
  op::Slice slice;
  slice.begin = layer.node().get_ints("begin", 0, kLargestSize);
  slice.size = layer.node().get_ints("size", -1, kLargestSize);
  slice.stride.assign(x.size(), 1);
  if (const auto stride = layer.node().find("stride")) slice.stride = stride->as_ints(1, kLargestSize);
  for (std::size_t i = 0; i < slice.size.size() && i < x.size(); ++i) {
    const bool known = i < slice.begin.size() && i < slice.stride.size();
    if (slice.size[i] == -1 && known) slice.size[i] = (x[i] - slice.begin[i] - 1) / slice.stride[i] + 1;
  }
  return layer.append(std::move(slice), {layer.input()});
}

TensorId read_concat(const Layer& layer) {
  op::Concat concat;
  const auto axis = layer.node().find("axis");
  concat.axis = axis ? layer.axis(*axis) : static_cast<int>(layer.first_shape().size()) - 1;
  return layer.append(concat, layer.inputs());
}

TensorId read_transpose(const Layer& layer) {
  op::Transpose transpose;
  for (const std::int64_t axis : layer.node().get_ints("perm", 0, 7)) {
    transpose.perm.push_back(static_cast<int>(axis));
  }
  return layer.append(std::move(transpose), {layer.input()});
}

/// `shape`, in which one dimension may be -1.
TensorId read_reshape(const Layer& layer) {
  const Shape wanted = layer.node().get_ints("shape", -1, kLargestSize);
  return layer.append_reshape(wanted);
}

}  // namespace

std::vector<LayerKind> plain_layer_kinds() {
  using Binary = op::Binary::Kind;
  using Unary = op::Unary::Kind;
  return {{"add", read_binary<Binary::kAdd>},
          {"sub", read_binary<Binary::kSub>},
          {"mul", read_binary<Binary::kMul>},
          {"minimum", read_binary<Binary::kMinimum>},
          {"maximum", read_binary<Binary::kMaximum>},
          {"avg_pool2d", read_pool<op::Pool2d::Kind::kAverage>},
          {"max_pool2d", read_pool<op::Pool2d::Kind::kMax>},
          {"mean", read_reduce<op::Reduce::Kind::kMean>},
          {"sum", read_reduce<op::Reduce::Kind::kSum>},
          {"relu", read_unary<Unary::kRelu>},
          {"relu6", read_unary<Unary::kRelu6>},
          {"relu_n1_to_1", read_unary<Unary::kReluN1To1>},
          {"leaky_relu", read_unary<Unary::kLeakyRelu>},
          {"prelu", read_unary<Unary::kPRelu>},
          {"tanh", read_unary<Unary::kTanh>},
          {"fasttanh", read_unary<Unary::kFasttanh>},
          {"hardtanh", read_unary<Unary::kHardtanh>},
          {"leaky_hardtanh", read_unary<Unary::kLeakyHardtanh>},
          {"sigmoid", read_unary<Unary::kSigmoid>},
          {"silu", read_unary<Unary::kSilu>},
          {"hardswish", read_unary<Unary::kHardswish>},
          {"softsign", read_unary<Unary::kSoftsign>},
          {"clip", read_clip},
          {"softmax", read_softmax},
          {"pad", read_pad},
          {"slice", read_slice},
          {"concat", read_concat},
          {"transpose", read_transpose},
          {"reshape", read_reshape}};
}

}  // namespace dlasim::network
