#include "pass_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "fixed_point/activation_table.h"
#include "staged_pass.h"
#include "support_limits.h"

namespace dlasim::sim::compiler {
namespace {

using network::QuantizedNode;
using network::TensorId;
namespace qop = network::qop;

constexpr std::int64_t kNoClampMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kNoClampMax = std::numeric_limits<std::int32_t>::max();

arch::Requant requant_of(network::RequantRule rule) {
  switch (rule) {
    case network::RequantRule::kDouble:
      return arch::Requant::kDouble;
    case network::RequantRule::kSingle:
      return arch::Requant::kSingle;
    case network::RequantRule::kInt64:
      return arch::Requant::kInt64;
    case network::RequantRule::kPytorch:
      return arch::Requant::kPytorch;
  }
  return arch::Requant::kNone;
}

arch::Scale scale_of(const network::Multiplier& m) {
  return {m.mantissa, m.shift};
}

/// The entry of a list that has one for all channels or one for each.
const network::Multiplier& entry(const std::vector<network::Multiplier>& list, std::int64_t channel) {
  return list.size() == 1 ? list.front() : list.at(static_cast<std::size_t>(channel));
}

std::int32_t i32(std::int64_t v) {
  return static_cast<std::int32_t>(v);
}

ConstantWeights identity() {
  return {[](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) { return oc == ic ? 1 : 0; }};
}

std::function<arch::ChannelParameters(std::int64_t)> bias_only(std::int64_t bias) {
  return [bias](std::int64_t) { return arch::ChannelParameters{bias, 0, 0}; };
}

/// Settings of a pass that hands its sums on unchanged.
arch::PostSettings pass_through() {
  arch::PostSettings post;
  post.clamp_min = kNoClampMin;
  post.clamp_max = kNoClampMax;
  return post;
}

}  // namespace

std::vector<Pass> PassBuilder::build(const Group& group) {
  const Node& node = graph_.nodes[group.head];
  if (is_staged(node)) require_stageable(node);
  std::vector<Pass> passes = build_head(node);
  if (group.nodes.size() > 1) fuse(group, passes.front());
  for (Pass& pass : passes) pass.name = node.name;
  return passes;
}

std::vector<Pass> PassBuilder::build_head(const Node& node) {
  return std::visit(
      [&](const auto& op) -> std::vector<Pass> {
        if constexpr (requires { build(node, op); }) {
          return build(node, op);
        } else {
          return build_table(node);
        }
      },
      node.operation);
}

// ---- tensors ------------------------------------------------------------------------------------------

std::uint64_t PassBuilder::address(TensorId t) const {
  return placements_[static_cast<std::size_t>(t)].address;
}

View PassBuilder::view(TensorId t) const {
  return dense_view(address(t), tensor(t).dtype, tensor(t).shape);
}

std::vector<std::int64_t> PassBuilder::byte_strides(TensorId t) const {
  const network::Shape& shape = tensor(t).shape;
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = network::bytes_per_element(tensor(t).dtype);
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

const network::Tensor& PassBuilder::constant(const Node& node, std::size_t input) const {
  const auto& info = tensor(node.inputs.at(input));
  if (!info.constant) {
    throw base::UnsupportedError(fmt::format("{} '{}': input {} ('{}') must be a constant",
                                             network::name(node.operation), node.name, input, info.name));
  }
  return *info.constant;
}

std::int64_t PassBuilder::bias_of(const Node& node, std::size_t input, std::int64_t channel) const {
  const bool absent = node.inputs.size() <= input || node.inputs[input] == network::kNoTensor;
  return absent ? 0 : constant(node, input).integer(channel);
}

std::int64_t PassBuilder::largest_magnitude(TensorId t) const {
  return std::max(network::highest(tensor(t).dtype), -network::lowest(tensor(t).dtype));
}

// ---- multiply-accumulate ------------------------------------------------------------------------------

Pass PassBuilder::convolution(const Node& node, const network::Padding& padding,
                              const qop::MacParameters& mac) const {
  Pass pass;
  pass.input = view(node.inputs[0]);
  pass.output = view(node.outputs[0]);
  pass.pad_top = padding.top;
  pass.pad_left = padding.left;
  pass.settings.pad_value = i32(mac.input_zero_point);
  pass.settings.post.requant = requant_of(mac.rule);
  pass.settings.post.output_zero_point = i32(mac.output_zero_point);
  pass.settings.post.clamp_min = mac.clamp.min;
  pass.settings.post.clamp_max = mac.clamp.max;
  return pass;
}

namespace {

/// Weights of one output channel: their sum, for the zero-point term, and the sum of their magnitudes, for
/// the accumulator's width.
struct WeightSums {
  std::vector<std::int64_t> sum, magnitude;
};

template <class At>
WeightSums sum_weights(std::int64_t outputs, std::int64_t inputs_of_output, const At& at) {
  WeightSums sums;
  sums.sum.resize(static_cast<std::size_t>(outputs));
  sums.magnitude.resize(static_cast<std::size_t>(outputs));
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t i = 0; i < inputs_of_output; ++i) {
      const std::int64_t w = at(o, i);
      sums.sum[static_cast<std::size_t>(o)] += w;
      sums.magnitude[static_cast<std::size_t>(o)] += std::abs(w);
    }
  }
  return sums;
}

bool needs_wide(const WeightSums& sums, std::int64_t largest_input) {
  const std::int64_t most = sums.magnitude.empty() ? 0 : std::ranges::max(sums.magnitude);
  return most > std::numeric_limits<std::int32_t>::max() / std::max<std::int64_t>(largest_input, 1);
}

/// Folded as the hardware does: the array multiplies raw codes, padding is the zero point, and the bias
/// takes back what the zero point adds.
std::function<arch::ChannelParameters(std::int64_t)> folded_parameters(std::vector<std::int64_t> biases,
                                                                       WeightSums sums,
                                                                       qop::MacParameters mac) {
  return [biases = std::move(biases), sums = std::move(sums), mac = std::move(mac)](std::int64_t oc) {
    const auto o = static_cast<std::size_t>(oc);
    const network::Multiplier& m = entry(mac.multiplier, oc);
    return arch::ChannelParameters{biases[o] - mac.input_zero_point * sums.sum[o], m.mantissa, m.shift};
  };
}

}  // namespace

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Conv2d& op) {
  Pass pass = convolution(node, op.padding, op.mac);
  const network::Tensor& weight = weights_of(node);
  const network::Shape& shape = weight.shape();  // O, KH, KW, I/groups
  const std::int64_t outputs = shape[0];
  const std::int64_t inputs = shape[3];
  pass.kernel_height = shape[1];
  pass.kernel_width = shape[2];
  pass.settings.stride_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.stride_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.dilation_y = static_cast<std::uint32_t>(op.dilation[0]);
  pass.settings.dilation_x = static_cast<std::uint32_t>(op.dilation[1]);
  pass.oc_tiles = convolution_tiles(inputs * op.groups, outputs, op.groups, hardware_.pe_array.ic_lanes,
                                    hardware_.pe_array.oc_lanes, !node.staged);
  const std::int64_t outputs_of_group = outputs / op.groups;
  const std::int64_t weight_zero_point = op.mac.weight_zero_point;
  pass.weights = ConstantWeights{[&weight, shape, inputs, outputs_of_group, weight_zero_point](
                                     std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
    if (ic / inputs != oc / outputs_of_group) return 0;  // another group's channel in a shared tile
    return i32(weight.integer(((oc * shape[1] + ky) * shape[2] + kx) * inputs + ic % inputs) -
               weight_zero_point);
  }};
  const std::int64_t taps = shape[1] * shape[2] * inputs;
  WeightSums sums = sum_weights(outputs, taps, [&](std::int64_t o, std::int64_t i) {
    return weight.integer(o * taps + i) - weight_zero_point;
  });
  pass.settings.wide_accumulator = needs_wide(sums, largest_magnitude(node.inputs[0]));
  std::vector<std::int64_t> biases(static_cast<std::size_t>(outputs));
  for (std::int64_t o = 0; o < outputs; ++o) biases[static_cast<std::size_t>(o)] = bias_of(node, 2, o);
  pass.parameters = folded_parameters(std::move(biases), std::move(sums), op.mac);
  if (node.staged) return stage(node, std::move(pass));
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::DepthwiseConv2d& op) {
  Pass pass = convolution(node, op.padding, op.mac);
  const network::Tensor& weight = weights_of(node);
  const network::Shape& shape = weight.shape();  // 1, KH, KW, O
  const std::int64_t outputs = shape[3];
  const std::int64_t multiplier = op.channel_multiplier;
  pass.kernel_height = shape[1];
  pass.kernel_width = shape[2];
  pass.settings.stride_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.stride_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.dilation_y = static_cast<std::uint32_t>(op.dilation[0]);
  pass.settings.dilation_x = static_cast<std::uint32_t>(op.dilation[1]);
  pass.oc_tiles = convolution_tiles(outputs / multiplier, outputs, outputs / multiplier,
                                    hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes, !node.staged);
  const std::int64_t zero_point = op.mac.weight_zero_point;
  pass.weights = ConstantWeights{[&weight, shape, outputs, multiplier, zero_point](
                                     std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
    if (oc / multiplier != ic) return 0;  // another output's channel in a shared tile
    return i32(weight.integer((ky * shape[2] + kx) * outputs + oc) - zero_point);
  }};
  WeightSums sums = sum_weights(outputs, shape[1] * shape[2], [&](std::int64_t o, std::int64_t i) {
    return weight.integer(i * outputs + o) - zero_point;
  });
  pass.settings.wide_accumulator = needs_wide(sums, largest_magnitude(node.inputs[0]));
  std::vector<std::int64_t> biases(static_cast<std::size_t>(outputs));
  for (std::int64_t o = 0; o < outputs; ++o) biases[static_cast<std::size_t>(o)] = bias_of(node, 2, o);
  pass.parameters = folded_parameters(std::move(biases), std::move(sums), op.mac);
  if (node.staged) return stage(node, std::move(pass));
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::TransposeConv2d& op) {
  // As a direct convolution of the input with zeros between its elements, kernel turned by 180 degrees.
  Pass pass = convolution(node, op.padding, op.mac);
  const network::Tensor& weight = weights_of(node);
  const network::Shape& shape = weight.shape();  // O, KH, KW, I
  pass.kernel_height = shape[1];
  pass.kernel_width = shape[2];
  pass.settings.upsample_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.upsample_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.dilation_y = static_cast<std::uint32_t>(op.dilation[0]);
  pass.settings.dilation_x = static_cast<std::uint32_t>(op.dilation[1]);
  pass.pad_top = (shape[1] - 1) * op.dilation[0] - op.padding.top;
  pass.pad_left = (shape[2] - 1) * op.dilation[1] - op.padding.left;
  pass.oc_tiles = convolution_tiles(shape[3], shape[0], 1, hardware_.pe_array.ic_lanes,
                                    hardware_.pe_array.oc_lanes, true);
  const std::int64_t zero_point = op.mac.weight_zero_point;
  pass.weights = ConstantWeights{
      [&weight, shape, zero_point](std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
        const std::int64_t y = shape[1] - 1 - ky;
        const std::int64_t x = shape[2] - 1 - kx;
        return i32(weight.integer(((oc * shape[1] + y) * shape[2] + x) * shape[3] + ic) - zero_point);
      }};
  const std::int64_t taps = shape[1] * shape[2] * shape[3];
  WeightSums sums = sum_weights(shape[0], taps, [&](std::int64_t o, std::int64_t i) {
    return weight.integer(o * taps + i) - zero_point;
  });
  pass.settings.wide_accumulator = needs_wide(sums, largest_magnitude(node.inputs[0]));
  std::vector<std::int64_t> biases(static_cast<std::size_t>(shape[0]));
  for (std::int64_t o = 0; o < shape[0]; ++o) biases[static_cast<std::size_t>(o)] = bias_of(node, 2, o);
  pass.parameters = folded_parameters(std::move(biases), std::move(sums), op.mac);
  if (node.staged) return stage(node, std::move(pass));
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::FullyConnected& op) {
  const network::Tensor& weight = weights_of(node);
  const std::int64_t outputs = weight.shape()[0];
  const std::int64_t inputs = weight.shape()[1];
  const std::int64_t rows =
      network::element_count(tensor(node.inputs[0]).shape) / std::max<std::int64_t>(inputs, 1);
  Pass pass = convolution(node, {}, op.mac);
  pass.input = dense_view(address(node.inputs[0]), tensor(node.inputs[0]).dtype, {1, 1, rows, inputs});
  pass.output = dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {1, 1, rows, outputs});
  pass.oc_tiles =
      convolution_tiles(inputs, outputs, 1, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes, true);
  const std::int64_t zero_point = op.mac.weight_zero_point;
  pass.weights = ConstantWeights{
      [&weight, inputs, zero_point](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) {
        return i32(weight.integer(oc * inputs + ic) - zero_point);
      }};
  WeightSums sums = sum_weights(outputs, inputs, [&](std::int64_t o, std::int64_t i) {
    return weight.integer(o * inputs + i) - zero_point;
  });
  pass.settings.wide_accumulator = needs_wide(sums, largest_magnitude(node.inputs[0]));
  std::vector<std::int64_t> biases(static_cast<std::size_t>(outputs));
  for (std::int64_t o = 0; o < outputs; ++o) biases[static_cast<std::size_t>(o)] = bias_of(node, 2, o);
  pass.parameters = folded_parameters(std::move(biases), std::move(sums), op.mac);
  if (node.staged) return stage(node, std::move(pass));
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::BatchMatmul& op) {
  if (node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor)
    throw base::UnsupportedError(fmt::format("batch_matmul '{}': a bias", node.name));
  // a [B, M, K] times b [B, K, N]: b's rows are the weights. Zero points are subtracted by a pass of their
  // own, transposed inputs are transposed by one.
  std::vector<Pass> passes;
  struct Operand {
    std::uint64_t address = 0;
    std::vector<std::int64_t> batch;  // dimensions before the matrix
    std::int64_t rows = 0, columns = 0;
    arch::Element element = arch::Element::kInt8;
  };
  const auto prepare = [&](TensorId t, bool transpose, std::int64_t zero_point) {
    const network::Shape& shape = tensor(t).shape;
    Operand operand{address(t),
                    {shape.begin(), shape.end() - 2},
                    shape[shape.size() - 2],
                    shape.back(),
                    element_of(tensor(t).dtype)};
    const std::int64_t images =
        std::accumulate(operand.batch.begin(), operand.batch.end(), std::int64_t{1}, std::multiplies<>());
    if (transpose) {
      const std::int64_t size = arch::bytes_of(operand.element);
      const std::uint64_t to =
          image_.reserve(static_cast<std::uint64_t>(images * operand.rows * operand.columns * size));
      move(node, operand.address, to, operand.element,
           {{images, operand.rows * operand.columns * size, operand.rows * operand.columns * size},
            {operand.columns, size, operand.rows * size},
            {operand.rows, operand.columns * size, size}},
           passes);
      operand.address = to;
      std::swap(operand.rows, operand.columns);
    }
    if (zero_point != 0) {
      if (network::bytes_per_element(tensor(t).dtype) > 1) {
        throw base::UnsupportedError(fmt::format("batch_matmul '{}': a zero point of {} tensor '{}'",
                                                 node.name, network::name(tensor(t).dtype), tensor(t).name));
      }
      Pass shift;
      shift.input = dense_view(operand.address, tensor(t).dtype, {images, 1, operand.rows, operand.columns});
      const std::uint64_t to =
          image_.reserve(static_cast<std::uint64_t>(images * operand.rows * operand.columns * 2));
      shift.output = dense_view(to, network::DType::kInt16, {images, 1, operand.rows, operand.columns});
      shift.settings.post = pass_through();
      shift.oc_tiles =
          channelwise_tiles(operand.columns, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
      shift.weights = identity();
      shift.parameters = bias_only(-zero_point);
      passes.push_back(std::move(shift));
      operand.address = to;
      operand.element = arch::Element::kInt16;
    }
    return operand;
  };
  const Operand a = prepare(node.inputs[0], op.adj_x, op.mac.input_zero_point);
  const Operand b = prepare(node.inputs[1], op.adj_y, op.mac.weight_zero_point);

  // The last batch dimension is the pass's images; each index of the one before it is a pass of its own.
  const auto batch_of = [](const Operand& o, std::size_t from_back) {
    return from_back < o.batch.size() ? o.batch[o.batch.size() - 1 - from_back] : 1;
  };
  const std::int64_t images = std::max(batch_of(a, 0), batch_of(b, 0));
  const std::int64_t outer = std::max(batch_of(a, 1), batch_of(b, 1));
  const auto matrix_view = [&](const Operand& o, std::int64_t outer_index) {
    const std::int64_t row = o.columns * arch::bytes_of(o.element);
    const std::int64_t matrix = o.rows * row;
    View v;
    v.address = o.address;
    if (batch_of(o, 1) > 1) v.address += static_cast<std::uint64_t>(outer_index * batch_of(o, 0) * matrix);
    v.element = o.element;
    v.size = {images, 1, o.rows, o.columns};
    v.stride = {batch_of(o, 0) == 1 ? 0 : matrix, matrix, row};
    return v;
  };
  for (std::int64_t i = 0; i < outer; ++i) {
    Pass pass = convolution(node, {}, op.mac);
    pass.input = matrix_view(a, i);
    pass.output =
        dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {images, 1, a.rows, b.columns});
    pass.output.address += static_cast<std::uint64_t>(i * images * pass.output.stride[0]);
    pass.settings.pad_value = 0;
    pass.settings.wide_accumulator =
        a.columns > 1 << 13 || tensor(node.inputs[0]).dtype == network::DType::kInt16;
    pass.oc_tiles = convolution_tiles(a.columns, b.columns, 1, hardware_.pe_array.ic_lanes,
                                      hardware_.pe_array.oc_lanes, true);
    pass.weights = TensorWeights{matrix_view(b, i)};
    pass.parameters = [mac = op.mac](std::int64_t oc) {
      const network::Multiplier& m = entry(mac.multiplier, oc);
      return arch::ChannelParameters{0, m.mantissa, m.shift};
    };
    passes.push_back(std::move(pass));
  }
  return passes;
}

// ---- one or two values --------------------------------------------------------------------------------

Pass PassBuilder::channelwise(const Node& node) const {
  Pass pass;
  pass.input = view(node.inputs[0]);
  pass.output = view(node.outputs[0]);
  pass.settings.post = pass_through();
  pass.oc_tiles =
      channelwise_tiles(pass.input.channels(), hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  pass.weights = identity();
  pass.parameters = bias_only(0);
  return pass;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Requantize& op) {
  Pass pass = channelwise(node);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  pass.parameters = [op](std::int64_t oc) {
    const network::Multiplier& m = entry(op.multiplier, oc);
    return arch::ChannelParameters{-op.input_zero_point, m.mantissa, m.shift};
  };
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::ClampOnly& op) {
  Pass pass = channelwise(node);
  pass.settings.post.clamp_min = op.clamp.min;
  pass.settings.post.clamp_max = op.clamp.max;
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::LeakyRelu& op) {
  Pass pass = channelwise(node);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  post.negative_enable = 1;
  post.negative = scale_of(op.alpha);
  pass.parameters = [op](std::int64_t) {
    return arch::ChannelParameters{-op.input_zero_point, op.identity.mantissa, op.identity.shift};
  };
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build_table(const Node& node) {
  Pass pass = channelwise(node);
  apply_table(node, pass.settings.post.lower, pass.tables[0], 0);
  return {std::move(pass)};
}

void PassBuilder::apply_table(const Node& node, arch::TableStage& stage, std::vector<std::int32_t>& table,
                              std::uint32_t bank) const {
  if (const auto* op = std::get_if<qop::TableInt8>(&node.operation)) {
    const auto curve = op->sigmoid ? fixed_point::Curve::kSigmoid : fixed_point::Curve::kTanh;
    const auto entries = fixed_point::int8_table(
        curve,
        {{op->input.mantissa, op->input.shift}, i32(op->input_range_radius), i32(op->input_zero_point)});
    table.assign(entries.begin(), entries.end());
  } else if (std::holds_alternative<qop::Table>(node.operation)) {
    const network::Tensor& entries = constant(node, 1);
    for (std::int64_t i = 0; i < entries.size(); ++i) table.push_back(i32(entries.integer(i)));
  } else if (const auto* cmsis = std::get_if<qop::ActivationS16>(&node.operation)) {
    stage.kind = cmsis->sigmoid ? arch::Table::kSigmoid16 : arch::Table::kTanh16;
    stage.shift = cmsis->input_shift;
    return;
  } else if (const auto* tflite = std::get_if<qop::ActivationS16Tflite>(&node.operation)) {
    stage.kind = tflite->sigmoid ? arch::Table::kSigmoid16Tflite : arch::Table::kTanh16Tflite;
    stage.multiplier = tflite->input_multiplier;
    stage.shift = tflite->input_right_shift;
    return;
  } else {
    throw base::UnsupportedError(
        fmt::format("{} '{}' does not run on the accelerator", network::name(node.operation), node.name));
  }
  const auto entries = static_cast<std::int64_t>(table.size());
  stage.kind = arch::Table::kLookup;
  stage.bank = bank;
  stage.index_mask = static_cast<std::uint32_t>(entries - 1);
}

void PassBuilder::apply_combine(const Node& node, TensorId value, arch::PostSettings& post) const {
  // `first` is the value that comes through the pipeline, `second` the operand.
  const bool value_is_first = node.inputs[0] == value;
  if (const auto* op = std::get_if<qop::Add>(&node.operation)) {
    post.combine = !op->subtract    ? arch::Combine::kAdd
                   : value_is_first ? arch::Combine::kSubtract
                                    : arch::Combine::kSubtractFrom;
    post.combine_rule = requant_of(op->rule);
    post.left_shift = op->left_shift;
    post.first_zero_point = i32(value_is_first ? op->input1_zero_point : op->input2_zero_point);
    post.second_zero_point = i32(value_is_first ? op->input2_zero_point : op->input1_zero_point);
    post.first = scale_of(value_is_first ? op->input1 : op->input2);
    post.second = scale_of(value_is_first ? op->input2 : op->input1);
    post.combined = scale_of(op->output);
    post.combine_zero_point = i32(op->output_zero_point);
    post.combine_min = op->clamp.min;
    post.combine_max = op->clamp.max;
  } else if (const auto* mul = std::get_if<qop::Mul>(&node.operation)) {
    post.combine = arch::Combine::kMultiply;
    post.combine_rule = requant_of(mul->rule);
    post.first_zero_point = i32(value_is_first ? mul->input1_zero_point : mul->input2_zero_point);
    post.second_zero_point = i32(value_is_first ? mul->input2_zero_point : mul->input1_zero_point);
    post.combined = scale_of(mul->output);
    post.combine_zero_point = i32(mul->output_zero_point);
    post.combine_min = mul->clamp.min;
    post.combine_max = mul->clamp.max;
  } else {
    post.combine =
        std::get<qop::MinMax>(node.operation).maximum ? arch::Combine::kMaximum : arch::Combine::kMinimum;
    post.combine_min = kNoClampMin;
    post.combine_max = kNoClampMax;
  }
}

std::vector<Pass> PassBuilder::binary(const Node& node, arch::PostSettings post) {
  BinaryPass binary = binary_geometry(node, post);
  apply_combine(node, binary.value, binary.pass.settings.post);
  return {std::move(binary.pass)};
}

PassBuilder::BinaryPass PassBuilder::binary_geometry(const Node& node, arch::PostSettings post) {
  TensorId main = node.inputs[0];
  TensorId other = node.inputs[1];
  const View out = view(node.outputs[0]);
  // The operand comes in as the output's tile; only the array can spread one channel over many.
  if (view(other).channels() != out.channels()) std::swap(main, other);
  Pass pass;
  pass.output = out;
  pass.input = broadcast(view(main), out.size);
  pass.operand = broadcast(view(other), out.size);
  pass.settings.post = post;
  if (view(main).channels() == out.channels()) {
    pass.oc_tiles =
        channelwise_tiles(out.channels(), hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
    pass.weights = identity();
  } else {
    pass.oc_tiles = convolution_tiles(1, out.channels(), 1, hardware_.pe_array.ic_lanes,
                                      hardware_.pe_array.oc_lanes, true);
    pass.weights = ConstantWeights{[](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return 1; }};
  }
  pass.parameters = bias_only(0);
  return {std::move(pass), main};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Add&) {
  return binary(node, pass_through());
}
std::vector<Pass> PassBuilder::build(const Node& node, const qop::Mul&) {
  return binary(node, pass_through());
}
std::vector<Pass> PassBuilder::build(const Node& node, const qop::MinMax&) {
  return binary(node, pass_through());
}

// ---- staged -------------------------------------------------------------------------------------------

std::vector<Pass> PassBuilder::stage(const Node& node, Pass pass) {
  std::vector<Pass> passes;
  stage_reduction(graph_, hardware_, node, pass);
  if (pass.staged->scaled_input != 0) {
    const Pass merged = merge_mx_input(node, pass.input, passes);
    pass.input = merged.output;
  }
  // Padding is +0 and no zero point; the bias is the code as it is.
  std::vector<std::int64_t> biases;
  for (std::int64_t o = 0; o < pass.output.channels(); ++o) biases.push_back(bias_of(node, 2, o));
  const bool affine = pass.staged->affine != 0;
  pass.parameters = [biases = std::move(biases), affine, folded = pass.parameters](std::int64_t oc) {
    arch::ChannelParameters p;
    if (affine) p = folded(oc);
    p.bias = biases[static_cast<std::size_t>(oc)];
    return p;
  };
  passes.push_back(std::move(pass));
  return passes;
}

const network::Tensor& PassBuilder::weights_of(const Node& node) {
  const network::Tensor& codes = constant(node, 1);
  const auto& info = tensor(node.inputs[1]);
  if (!node.staged || node.staged->weight.mx_block == 0) return codes;
  if (info.mx_scales == network::kNoTensor || !tensor(info.mx_scales).constant) {
    throw base::UnsupportedError(fmt::format("{} '{}': the scales of '{}' must be a constant",
                                             network::name(node.operation), node.name, info.name));
  }
  const network::Tensor& scales = *tensor(info.mx_scales).constant;
  const std::int64_t channels = codes.shape().back();
  const std::int64_t block = node.staged->weight.mx_block;
  const std::int64_t blocks = scales.shape().back();
  network::Tensor& merged = merged_weights_.emplace_back(network::DType::kInt16, codes.shape());
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const std::int64_t scale = scales.integer(i / channels * blocks + i % channels / block);
    merged.set_integer(i, scaled_code(codes.integer(i), scale));
  }
  return merged;
}

Pass PassBuilder::merge_mx_input(const Node& node, const View& elements, std::vector<Pass>& passes) {
  const auto& info = tensor(node.inputs[0]);
  if (info.mx_scales == network::kNoTensor) {
    throw base::InputError(fmt::format("{} '{}': MX tensor '{}' has no scales", network::name(node.operation),
                                       node.name, info.name));
  }
  const int ic_lanes = hardware_.pe_array.ic_lanes;
  const int oc_lanes = hardware_.pe_array.oc_lanes;
  const std::int64_t block = node.staged->input.mx_block;
  const auto lanes_view = [&] {
    const std::int64_t count = elements.size[0] * elements.size[1] * elements.size[2] * elements.size[3];
    return dense_view(image_.reserve(static_cast<std::uint64_t>(count * 2)), network::DType::kInt16,
                      {elements.size.begin(), elements.size.end()});
  };
  // Each block's scale next to each of its channels, in the upper byte.
  Pass spread;
  spread.name = node.name;
  spread.input = dense_view(
      address(info.mx_scales), network::DType::kUInt8,
      {elements.size[0], elements.size[1], elements.size[2], (elements.size[3] + block - 1) / block});
  spread.output = lanes_view();
  spread.settings.post = pass_through();
  spread.oc_tiles =
      convolution_tiles(spread.input.channels(), elements.channels(), 1, ic_lanes, oc_lanes, true);
  spread.weights = ConstantWeights{[block](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) {
    return oc / block == ic ? 256 : 0;
  }};
  spread.parameters = bias_only(0);
  // Their sum with the element codes.
  Pass sum;
  sum.name = node.name;
  sum.input = elements;
  sum.output = lanes_view();
  sum.operand = spread.output;
  sum.settings.post = pass_through();
  arch::PostSettings& post = sum.settings.post;
  const arch::Scale one{1 << 30, 1};
  post.combine = arch::Combine::kAdd;
  post.first = post.second = post.combined = one;
  post.combine_min = kNoClampMin;
  post.combine_max = kNoClampMax;
  sum.oc_tiles = channelwise_tiles(elements.channels(), ic_lanes, oc_lanes);
  sum.weights = identity();
  sum.parameters = bias_only(0);
  passes.push_back(std::move(spread));
  passes.push_back(sum);
  return sum;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedBinary& /*op*/) {
  BinaryPass binary = binary_geometry(node, pass_through());
  stage_elementwise(graph_, hardware_, node, binary.value != node.inputs[0], binary.pass);
  return {std::move(binary.pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedConvert& /*op*/) {
  Pass pass = channelwise(node);
  stage_elementwise(graph_, hardware_, node, false, pass);
  return {std::move(pass)};
}

// ---- windows ------------------------------------------------------------------------------------------

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Pool2d& op) {
  Pass pass = channelwise(node);
  const bool average = op.kind == network::op::Pool2d::Kind::kAverage;
  pass.kernel_height = op.kernel[0];
  pass.kernel_width = op.kernel[1];
  pass.pad_top = op.padding.top;
  pass.pad_left = op.padding.left;
  pass.settings.stride_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.stride_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.mode = average ? arch::PeMode::kMultiplyAccumulate : arch::PeMode::kMaximum;
  if (average) {
    pass.settings.post.requant = arch::Requant::kAverage;
    pass.settings.wide_accumulator = op.kernel[0] * op.kernel[1] > std::numeric_limits<std::int32_t>::max() /
                                                                       largest_magnitude(node.inputs[0]);
  }
  pass.settings.post.clamp_min = op.clamp.min;
  pass.settings.post.clamp_max = op.clamp.max;
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Reduce& op) {
  const network::Shape& shape = tensor(node.inputs[0]).shape;
  // Reduced axes are the kernel, kept ones images and channels.
  const ReducedAxes axes =
      reduced_axes(shape, op.axes, network::bytes_per_element(tensor(node.inputs[0]).dtype));
  std::vector<ReducedAxes::Axis> kernel = axes.window;
  kernel.insert(kernel.begin(), 2 - kernel.size(), {1, 0});
  const ReducedAxes::Axis images = axes.kept.empty() ? ReducedAxes::Axis{1, 0} : axes.kept.front();
  const bool over_channels = axes.over_channels;
  std::int64_t count = kernel[0].size * kernel[1].size * (over_channels ? shape.back() : 1);

  Pass pass;
  pass.input.address = address(node.inputs[0]);
  pass.input.element = element_of(tensor(node.inputs[0]).dtype);
  pass.input.size = {images.size, kernel[0].size, kernel[1].size, shape.back()};
  pass.input.stride = {images.stride, kernel[0].stride, kernel[1].stride};
  const std::int64_t channels = over_channels ? 1 : shape.back();
  pass.output =
      dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {images.size, 1, 1, channels});
  pass.kernel_height = kernel[0].size;
  pass.kernel_width = kernel[1].size;
  if (over_channels) {
    pass.oc_tiles =
        convolution_tiles(shape.back(), 1, 1, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes, true);
    pass.weights = ConstantWeights{[](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return 1; }};
  } else {
    pass.oc_tiles = channelwise_tiles(channels, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
    pass.weights = identity();
  }
  pass.settings.wide_accumulator =
      count > std::numeric_limits<std::int32_t>::max() / largest_magnitude(node.inputs[0]);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  const arch::ChannelParameters parameters{-op.input_zero_point * count, op.multiplier.mantissa,
                                           op.multiplier.shift};
  pass.parameters = [parameters](std::int64_t) { return parameters; };
  return {std::move(pass)};
}

// ---- data movement ------------------------------------------------------------------------------------

void PassBuilder::move(const Node& node, std::uint64_t from, std::uint64_t to, arch::Element element,
                       std::vector<MoveAxis> axes, std::vector<Pass>& passes) const {
  const std::int64_t size = arch::bytes_of(element);
  std::erase_if(axes, [](const MoveAxis& a) { return a.size == 1; });
  std::vector<MoveAxis> merged;  // neighbours that are one run on both sides
  for (const MoveAxis& a : axes) {
    if (!merged.empty() && merged.back().from_stride == a.size * a.from_stride &&
        merged.back().to_stride == a.size * a.to_stride) {
      merged.back() = {merged.back().size * a.size, a.from_stride, a.to_stride};
    } else {
      merged.push_back(a);
    }
  }
  std::int64_t channels = 1;
  if (!merged.empty() && merged.back().from_stride == size && merged.back().to_stride == size) {
    channels = merged.back().size;
    merged.pop_back();
  }
  // A long run is cut into pixels, so that one row of it does not have to fit the buffers.
  const std::int64_t lanes = std::min(hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  if (channels > lanes && channels % lanes == 0) {
    merged.push_back({channels / lanes, lanes * size, lanes * size});
    channels = lanes;
  }
  while (merged.size() < 3) merged.insert(merged.begin(), MoveAxis{1, 0, 0});
  if (merged.size() > 3) {  // one pass for each index of the outermost axis
    const MoveAxis outer = merged.front();
    merged.erase(merged.begin());
    merged.push_back({channels, size, size});
    for (std::int64_t i = 0; i < outer.size; ++i) {
      move(node, from + static_cast<std::uint64_t>(i * outer.from_stride),
           to + static_cast<std::uint64_t>(i * outer.to_stride), element, merged, passes);
    }
    return;
  }
  Pass pass;
  pass.input = {from,
                {merged[0].size, merged[1].size, merged[2].size, channels},
                {merged[0].from_stride, merged[1].from_stride, merged[2].from_stride},
                element};
  pass.output = {
      to, pass.input.size, {merged[0].to_stride, merged[1].to_stride, merged[2].to_stride}, element};
  pass.settings.post = pass_through();
  pass.oc_tiles = channelwise_tiles(channels, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  pass.weights = identity();
  pass.parameters = bias_only(0);
  pass.name = node.name;
  passes.push_back(std::move(pass));
}

void PassBuilder::fill(const Node& node, std::int64_t value, std::vector<Pass>& passes) {
  const auto& out = tensor(node.outputs[0]);
  const std::int64_t size = network::bytes_per_element(out.dtype);
  const std::int64_t elements = network::element_count(out.shape);
  const std::int64_t run = std::gcd(elements, static_cast<std::int64_t>(hardware_.pe_array.oc_lanes));
  std::vector<std::byte> row(static_cast<std::size_t>(run * size));
  for (std::int64_t i = 0; i < run; ++i) {
    std::memcpy(row.data() + i * size, &value, static_cast<std::size_t>(size));
  }
  move(node, image_.place(row), address(node.outputs[0]), element_of(out.dtype),
       {{elements / run, 0, run * size}, {run, size, size}}, passes);
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Pad& op) {
  std::vector<Pass> passes;
  fill(node, op.value, passes);
  const auto& in = tensor(node.inputs[0]);
  const auto from = byte_strides(node.inputs[0]);
  const auto to = byte_strides(node.outputs[0]);
  std::vector<MoveAxis> axes;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < in.shape.size(); ++i) {
    axes.push_back({in.shape[i], from[i], to[i]});
    offset += op.before[i] * to[i];
  }
  move(node, address(node.inputs[0]), address(node.outputs[0]) + static_cast<std::uint64_t>(offset),
       element_of(in.dtype), std::move(axes), passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Transpose& op) {
  const auto& out = tensor(node.outputs[0]);
  const auto from = byte_strides(node.inputs[0]);
  const auto to = byte_strides(node.outputs[0]);
  std::vector<MoveAxis> axes;
  for (std::size_t i = 0; i < out.shape.size(); ++i) {
    axes.push_back({out.shape[i], from[static_cast<std::size_t>(op.perm[i])], to[i]});
  }
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]), address(node.outputs[0]), element_of(out.dtype), std::move(axes),
       passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Reshape&) {
  if (address(node.inputs[0]) == address(node.outputs[0])) return {};
  const auto& out = tensor(node.outputs[0]);
  const std::int64_t size = network::bytes_per_element(out.dtype);
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]), address(node.outputs[0]), element_of(out.dtype),
       {{network::element_count(out.shape), size, size}}, passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Concat& op) {
  const auto to = byte_strides(node.outputs[0]);
  const auto rank = static_cast<int>(to.size());
  const auto axis = static_cast<std::size_t>(op.axis < 0 ? op.axis + rank : op.axis);
  std::vector<Pass> passes;
  std::uint64_t at = address(node.outputs[0]);
  for (const TensorId t : node.inputs) {
    const auto from = byte_strides(t);
    const network::Shape& shape = tensor(t).shape;
    std::vector<MoveAxis> axes;
    for (std::size_t i = 0; i < shape.size(); ++i) axes.push_back({shape[i], from[i], to[i]});
    move(node, address(t), at, element_of(tensor(t).dtype), std::move(axes), passes);
    at += static_cast<std::uint64_t>(shape[axis] * to[axis]);
  }
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Slice& op) {
  // The output may have lost axes of one element; the codes stay in the same order.
  const auto from = byte_strides(node.inputs[0]);
  std::vector<std::int64_t> to(op.size.size());
  std::int64_t stride = network::bytes_per_element(tensor(node.outputs[0]).dtype);
  for (std::size_t i = to.size(); i-- > 0;) {
    to[i] = stride;
    stride *= op.size[i];
  }
  std::vector<MoveAxis> axes;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < op.size.size(); ++i) {
    axes.push_back({op.size[i], from[i] * op.stride[i], to[i]});
    offset += op.begin[i] * from[i];
  }
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]) + static_cast<std::uint64_t>(offset), address(node.outputs[0]),
       element_of(tensor(node.outputs[0]).dtype), std::move(axes), passes);
  return passes;
}

namespace {

struct BlockWindow {
  std::int64_t first = 0, count = 0, offset = 0;  // in the smaller image; element of the larger one
};

/// Rows (or columns) i of the small image with 0 <= i * block + phase - lead < size.
BlockWindow block_window(std::int64_t small, std::int64_t large, std::int64_t block, std::int64_t phase,
                         std::int64_t lead) {
  BlockWindow window;
  bool any = false;
  for (std::int64_t i = 0; i < small; ++i) {
    const std::int64_t at = i * block + phase - lead;
    if (at < 0 || at >= large) continue;
    if (!any) window = {i, 0, at};
    any = true;
    ++window.count;
  }
  return window;
}

}  // namespace

std::vector<Pass> PassBuilder::build(const Node& node, const qop::SpaceToBatch& op) {
  const View large = view(node.inputs[0]);
  const View small = view(node.outputs[0]);
  std::vector<Pass> passes;
  fill(node, op.value, passes);
  for (std::int64_t by = 0; by < op.block[0]; ++by) {
    for (std::int64_t bx = 0; bx < op.block[1]; ++bx) {
      const BlockWindow y = block_window(small.size[1], large.size[1], op.block[0], by, op.padding.top);
      const BlockWindow x = block_window(small.size[2], large.size[2], op.block[1], bx, op.padding.left);
      if (y.count == 0 || x.count == 0) continue;
      const std::int64_t image = (by * op.block[1] + bx) * large.size[0];
      const std::int64_t to = image * small.stride[0] + y.first * small.stride[1] + x.first * small.stride[2];
      const std::int64_t from = y.offset * large.stride[1] + x.offset * large.stride[2];
      const std::int64_t size = arch::bytes_of(large.element);
      move(node, large.address + static_cast<std::uint64_t>(from),
           small.address + static_cast<std::uint64_t>(to), large.element,
           {{large.size[0], large.stride[0], small.stride[0]},
            {y.count, large.stride[1] * op.block[0], small.stride[1]},
            {x.count, large.stride[2] * op.block[1], small.stride[2]},
            {large.size[3], size, size}},
           passes);
    }
  }
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::BatchToSpace& op) {
  const View small = view(node.inputs[0]);
  const View large = view(node.outputs[0]);
  std::vector<Pass> passes;
  for (std::int64_t by = 0; by < op.block[0]; ++by) {
    for (std::int64_t bx = 0; bx < op.block[1]; ++bx) {
      const BlockWindow y = block_window(small.size[1], large.size[1], op.block[0], by, op.crop.top);
      const BlockWindow x = block_window(small.size[2], large.size[2], op.block[1], bx, op.crop.left);
      if (y.count == 0 || x.count == 0) continue;
      const std::int64_t image = (by * op.block[1] + bx) * large.size[0];
      const std::int64_t from =
          image * small.stride[0] + y.first * small.stride[1] + x.first * small.stride[2];
      const std::int64_t to = y.offset * large.stride[1] + x.offset * large.stride[2];
      const std::int64_t size = arch::bytes_of(large.element);
      move(node, small.address + static_cast<std::uint64_t>(from),
           large.address + static_cast<std::uint64_t>(to), large.element,
           {{large.size[0], small.stride[0], large.stride[0]},
            {y.count, small.stride[1], large.stride[1] * op.block[0]},
            {x.count, small.stride[2], large.stride[2] * op.block[1]},
            {large.size[3], size, size}},
           passes);
    }
  }
  return passes;
}

// ---- fusion -------------------------------------------------------------------------------------------

void PassBuilder::fuse(const Group& group, Pass& pass) const {
  const Node& last = graph_.nodes[group.last()];
  arch::PostSettings& post = pass.settings.post;
  const auto put_out = [&] {
    const View out = view(last.outputs[0]);
    pass.output.address = out.address;
    pass.output.element = out.element;
  };
  if (group.gate) {
    const std::int64_t half = pass.output.channels() / 2;
    apply_table(graph_.nodes[group.gate->first], post.lower, pass.tables[0], 0);
    apply_table(graph_.nodes[group.gate->second], post.upper, pass.tables[1], 1);
    const Node& product = graph_.nodes[*group.combine];
    apply_combine(product, graph_.nodes[group.gate->first].outputs[0], post);
    post.combine = arch::Combine::kGate;
    post.gate_offset = static_cast<std::uint32_t>(hardware_.pe_array.oc_lanes / 2);
    pass.output = view(product.outputs[0]);
    pass.oc_tiles = gated_tiles(pass.input.channels(), half, hardware_.pe_array.oc_lanes);
    return;
  }
  TensorId tail = graph_.nodes[group.head].outputs[0];
  if (group.table) {
    apply_table(graph_.nodes[*group.table], post.lower, pass.tables[0], 0);
    tail = graph_.nodes[*group.table].outputs[0];
  }
  if (group.combine) {
    const Node& node = graph_.nodes[*group.combine];
    const TensorId other = node.inputs[0] == tail ? node.inputs[1] : node.inputs[0];
    apply_combine(node, tail, post);
    View operand = view(other);
    operand.size = pass.output.size;  // a fully connected layer's rows are the pass's columns
    const View rows =
        dense_view(operand.address, tensor(other).dtype,
                   {pass.output.size[0], pass.output.size[1], pass.output.size[2], pass.output.size[3]});
    pass.operand = rows;
  }
  put_out();
  const std::int64_t size = arch::bytes_of(pass.output.element);
  pass.output.stride[2] = pass.output.size[3] * size;
  pass.output.stride[1] = pass.output.size[2] * pass.output.stride[2];
  pass.output.stride[0] = pass.output.size[1] * pass.output.stride[1];
}

}  // namespace dlasim::sim::compiler
