#include "support/operator_cases.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "base/random.h"

namespace dlasim::test {
namespace {

using network::DType;
using network::Multiplier;
using network::RequantRule;
using network::Shape;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;

class CaseBuilder {
 public:
  CaseBuilder(std::string_view operation, const Knobs& knobs, std::uint64_t seed)
      : operation_(operation), k_(knobs), random_(seed) {
    case_.graph.name = "case";
    sim::arch::Hardware& h = case_.hardware;
    h.pe_array.ic_lanes = 3;
    h.pe_array.oc_lanes = 4;
    h.pe_array.activation_bits = h.pe_array.weight_bits = 32;
    h.pe_array.max_taps = 16;
  }

  Case build() {
    if (operation_ == "conv2d") return conv2d();
    if (operation_ == "depthwise_conv2d") return depthwise();
    if (operation_ == "transpose_conv2d") return transpose_conv();
    if (operation_ == "fully_connected") return fully_connected();
    if (operation_ == "batch_matmul") return batch_matmul();
    if (operation_ == "add" || operation_ == "sub") return add();
    if (operation_ == "mul") return mul();
    if (operation_ == "minimum" || operation_ == "maximum") return min_max();
    if (operation_ == "avg_pool2d" || operation_ == "max_pool2d") return pool();
    if (operation_ == "reduce") return reduce();
    if (operation_ == "requantize") return requantize();
    if (operation_ == "relu") return unary(qop::ClampOnly{{k_.input == DType::kUInt8 ? 20 : -20, 50}});
    if (operation_ == "leaky_relu") return leaky_relu();
    if (operation_ == "tanh" || operation_ == "sigmoid") return curve();
    if (operation_ == "table") return table();
    if (operation_ == "pad") return pad();
    if (operation_ == "transpose") return transpose();
    if (operation_ == "reshape") return reshape();
    if (operation_ == "concat") return concat();
    if (operation_ == "slice") return slice();
    if (operation_ == "space_to_batch") return space_to_batch();
    if (operation_ == "batch_to_space") return batch_to_space();
    if (operation_ == "softmax") return softmax();
    if (operation_ == "svdf") return svdf();
    if (operation_ == "lstm") return lstm();
    if (operation_ == "quantize") return unary(qop::QuantizeFloat{0.25F, zero_point(k_.output)});
    if (operation_ == "dequantize") return unary(qop::DequantizeFloat{0.1F, zero_point(k_.input)});
    throw std::invalid_argument("no case for " + std::string(operation_));
  }

 private:
  // ---- pieces -----------------------------------------------------------------------------------------

  Tensor random_values(DType dtype, const Shape& shape, std::int64_t limit) {
    Tensor tensor(dtype, shape);
    if (dtype == DType::kFloat32) {
      for (float& v : tensor.data<float>()) v = static_cast<float>(random_.normal() * 20.0);
      return tensor;
    }
    const std::int64_t low = std::max(network::lowest(dtype), -limit);
    const std::int64_t high = std::min(network::highest(dtype), limit);
    for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, random_.integer(low, high));
    return tensor;
  }

  TensorId declare(std::string name, DType dtype, Shape shape) {
    network::QuantizedTensor tensor;
    tensor.name = std::move(name);
    tensor.dtype = dtype;
    tensor.shape = std::move(shape);
    return case_.graph.add_tensor(std::move(tensor));
  }

  void input(std::string name, DType dtype, const Shape& shape) {
    const TensorId id = declare(std::move(name), dtype, shape);
    case_.graph.inputs.push_back(id);
    node_inputs_.push_back(id);
    // 2^20 keeps products with any multiplier here inside int32.
    case_.inputs.push_back(random_values(dtype, shape, std::int64_t{1} << 20));
  }

  void constant(std::string name, DType dtype, const Shape& shape, std::int64_t limit) {
    const TensorId id = declare(std::move(name), dtype, shape);
    case_.graph.tensors[static_cast<std::size_t>(id)].constant = random_values(dtype, shape, limit);
    node_inputs_.push_back(id);
  }

  void optional_bias(const Shape& shape) {
    if (k_.bias) {
      constant("bias", *k_.bias, shape, 5000);
    } else {
      node_inputs_.push_back(network::kNoTensor);
    }
  }

  Case finish(network::QuantizedOperation operation, Shape shape, DType dtype) {
    const TensorId id = declare("output", dtype, std::move(shape));
    case_.graph.outputs = {id};
    case_.graph.nodes.push_back({"node", std::move(operation), node_inputs_, {id}, {}});
    return std::move(case_);
  }

  /// One input, an output of the same shape.
  Case unary(network::QuantizedOperation operation) {
    input("input", k_.input, k_.shape);
    return finish(std::move(operation), k_.shape, k_.output);
  }

  std::int64_t zero_point(DType dtype) {
    if (!k_.zero_points || (dtype != DType::kInt8 && dtype != DType::kUInt8)) return 0;
    return random_.integer(-20, 20) + (dtype == DType::kUInt8 ? 128 : 0);
  }

  RequantRule mac_rule() const {
    if (k_.rule) return *k_.rule;
    const bool wide = k_.input == DType::kInt16 && k_.bias != DType::kInt32;
    return wide ? RequantRule::kInt64 : RequantRule::kDouble;
  }
  RequantRule rule() const { return k_.rule.value_or(RequantRule::kDouble); }

  network::Clamp full_range() const { return {network::lowest(k_.output), network::highest(k_.output)}; }

  qop::MacParameters mac(std::int64_t channels) {
    qop::MacParameters result;
    result.rule = mac_rule();
    if (k_.input != DType::kInt16) {
      result.input_zero_point = zero_point(k_.input);
      result.output_zero_point = zero_point(k_.output);
    }
    for (std::int64_t c = 0; c < (k_.multiplier_a_channel ? channels : 1); ++c) {
      Multiplier m = k_.multiplier;
      // The last bits differ: a channel must not get its neighbour's.
      if (rule_is_fixed(result.rule)) m.mantissa -= static_cast<std::int32_t>(c * 1000003);
      result.multiplier.push_back(m);
    }
    result.clamp = full_range();
    if (k_.weight == DType::kUInt8 || operation_ == "fully_connected") {
      result.weight_zero_point = k_.input == DType::kInt16 ? 0 : zero_point(k_.weight);
    }
    return result;
  }
  static bool rule_is_fixed(RequantRule rule) { return rule != RequantRule::kPytorch; }

  static std::int64_t windows(std::int64_t size, std::int64_t pads, std::int64_t kernel, std::int64_t stride,
                              std::int64_t dilation) {
    return (size + pads - (kernel - 1) * dilation - 1) / stride + 1;
  }
  Shape window_output(const network::Pair& dilation, std::int64_t channels) const {
    const network::Padding& p = k_.padding;
    return {k_.shape[0], windows(k_.shape[1], p.top + p.bottom, k_.kernel[0], k_.stride[0], dilation[0]),
            windows(k_.shape[2], p.left + p.right, k_.kernel[1], k_.stride[1], dilation[1]), channels};
  }
  std::int64_t weight_limit() const {
    return k_.weight == DType::kInt4 ? 7 : k_.weight == DType::kUInt8 ? 255 : 127;
  }

  // ---- multiply-accumulate ----------------------------------------------------------------------------

  Case conv2d() {
    input("input", k_.input, k_.shape);
    constant("weight", k_.weight, {k_.channels, k_.kernel[0], k_.kernel[1], k_.shape[3] / k_.groups},
             weight_limit());
    optional_bias({k_.channels});
    const qop::Conv2d op{k_.stride, k_.dilation, k_.padding, k_.groups, mac(k_.channels)};
    return finish(op, window_output(k_.dilation, k_.channels), k_.output);
  }

  Case depthwise() {
    const std::int64_t channels = k_.shape[3] * k_.channel_multiplier;
    input("input", k_.input, k_.shape);
    constant("weight", k_.weight, {1, k_.kernel[0], k_.kernel[1], channels}, weight_limit());
    optional_bias({channels});
    const qop::DepthwiseConv2d op{k_.stride, k_.dilation, k_.padding, k_.channel_multiplier, mac(channels)};
    return finish(op, window_output(k_.dilation, channels), k_.output);
  }

  Case transpose_conv() {
    input("input", k_.input, k_.shape);
    constant("weight", k_.weight, {k_.channels, k_.kernel[0], k_.kernel[1], k_.shape[3]}, weight_limit());
    optional_bias({k_.channels});
    const network::Padding& p = k_.padding;
    const auto extent = [&](std::size_t axis, std::int64_t pads) {
      return (k_.shape[axis + 1] - 1) * k_.stride[axis] + (k_.kernel[axis] - 1) * k_.dilation[axis] + 1 -
             pads;
    };
    const Shape out{k_.shape[0], extent(0, p.top + p.bottom), extent(1, p.left + p.right), k_.channels};
    return finish(qop::TransposeConv2d{k_.stride, k_.dilation, p, mac(k_.channels)}, out, k_.output);
  }

  Case fully_connected() {
    const std::int64_t inputs = k_.shape[2] * k_.shape[3];
    const std::int64_t rows = k_.shape[0] * k_.shape[1];
    input("input", k_.input, {rows, inputs});
    constant("weight", k_.weight, {k_.channels, inputs}, weight_limit());
    optional_bias({k_.channels});
    return finish(qop::FullyConnected{mac(k_.channels)}, {rows, k_.channels}, k_.output);
  }

  Case batch_matmul() {
    // rows x inner times inner x columns; a batch of 1 is broadcast.
    constexpr std::int64_t kRows = 3, kInner = 5, kColumns = 6;
    Shape first(k_.shape.begin(), k_.shape.end() - 2);
    Shape second = first;
    if (!second.empty()) second.back() = 1;
    Shape out = first;
    first.insert(first.end(), {k_.adj_x ? kInner : kRows, k_.adj_x ? kRows : kInner});
    second.insert(second.end(), {k_.adj_y ? kColumns : kInner, k_.adj_y ? kInner : kColumns});
    out.insert(out.end(), {kRows, kColumns});
    input("input1", k_.input, first);
    input("input2", k_.weight, second);
    k_.bias.reset();
    qop::BatchMatmul op{k_.adj_x, k_.adj_y, mac(1)};
    if (k_.input != DType::kInt16) op.mac.weight_zero_point = zero_point(k_.weight);
    return finish(op, out, k_.output);
  }

  // ---- one or two values ------------------------------------------------------------------------------

  Case add() {
    input("input1", k_.input, k_.shape);
    input("input2", k_.input, k_.second);
    qop::Add op;
    op.subtract = operation_ == "sub";
    op.input1_zero_point = zero_point(k_.input);
    op.input2_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    op.left_shift = k_.left_shift >= 0 ? k_.left_shift : k_.input == DType::kInt16 ? 15 : 20;
    op.input1 = {1 << 30, 0};
    op.input2 = {1717986918, -1};
    op.output = {1288490189, k_.multiplier.shift == -7 ? 1 - op.left_shift : k_.multiplier.shift};
    op.rule = rule();
    op.clamp = full_range();
    return finish(op, broadcast(), k_.output);
  }

  Case mul() {
    input("input1", k_.input, k_.shape);
    input("input2", k_.input, k_.second);
    qop::Mul op;
    op.input1_zero_point = zero_point(k_.input);
    op.input2_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    op.output = k_.multiplier;
    op.rule = rule();
    op.clamp = full_range();
    return finish(op, broadcast(), k_.output);
  }

  Case min_max() {
    input("input1", k_.input, k_.shape);
    input("input2", k_.input, k_.second);
    return finish(qop::MinMax{operation_ == "maximum"}, broadcast(), k_.output);
  }

  Shape broadcast() const {
    const Shape& longer = k_.shape.size() >= k_.second.size() ? k_.shape : k_.second;
    const Shape& shorter = k_.shape.size() >= k_.second.size() ? k_.second : k_.shape;
    Shape out = longer;
    for (std::size_t i = 0; i < shorter.size(); ++i) {
      std::int64_t& size = out[longer.size() - shorter.size() + i];
      size = std::max(size, shorter[i]);
    }
    return out;
  }

  Case pool() {
    qop::Pool2d op;
    op.kind =
        operation_ == "avg_pool2d" ? network::op::Pool2d::Kind::kAverage : network::op::Pool2d::Kind::kMax;
    op.kernel = k_.kernel;
    op.stride = k_.stride;
    op.padding = k_.padding;
    op.clamp = {k_.input == DType::kUInt8 ? 20 : -100, 100};
    input("input", k_.input, k_.shape);
    return finish(op, window_output({1, 1}, k_.shape[3]), k_.output);
  }

  Case reduce() {
    qop::Reduce op;
    op.axes = k_.axes;
    op.input_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    op.multiplier = k_.multiplier.shift == -7 ? Multiplier{1518500250, -4} : k_.multiplier;
    op.rule = rule();
    op.clamp = full_range();
    Shape out = k_.shape;
    for (const int axis : k_.axes) {
      const auto rank = static_cast<int>(out.size());
      const int at = axis < 0 ? axis + rank : axis;
      if (at >= 0 && at < rank) out[static_cast<std::size_t>(at)] = 1;
    }
    input("input", k_.input, k_.shape);
    return finish(op, out, k_.output);
  }

  Case requantize() {
    qop::Requantize op;
    op.input_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    for (std::int64_t c = 0; c < (k_.multiplier_a_channel ? k_.shape.back() : 1); ++c) {
      op.multiplier.push_back(
          {k_.multiplier.mantissa - static_cast<std::int32_t>(c * 7), k_.multiplier.shift});
    }
    op.rule = k_.rule.value_or(k_.input == DType::kInt64 ? RequantRule::kInt64 : RequantRule::kDouble);
    op.clamp = full_range();
    return unary(op);
  }

  Case leaky_relu() {
    qop::LeakyRelu op;
    op.input_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    op.identity = {1 << 30, 1};
    op.alpha = {-1288490189, k_.multiplier.shift == -7 ? -2 : k_.multiplier.shift};
    op.rule = rule();
    op.clamp = full_range();
    return unary(op);
  }

  Case curve() {
    const bool sigmoid = operation_ == "sigmoid";
    if (k_.input == DType::kInt8) {
      return unary(qop::TableInt8{sigmoid, zero_point(k_.input), {1 << 30, 24 + k_.input_shift}, 100});
    }
    if (k_.tflite_curve) return unary(qop::ActivationS16Tflite{sigmoid, 20000, k_.input_shift});
    return unary(qop::ActivationS16{sigmoid, k_.input_shift});
  }

  Case table() {
    const std::int64_t codes = std::int64_t{1} << (8 * network::bytes_per_element(k_.input));
    input("input", k_.input, k_.shape);
    constant("table", k_.output, {k_.table_entries < 0 ? codes : k_.table_entries}, 30000);
    case_.hardware.post_processor.table_entries = static_cast<int>(codes);
    return finish(qop::Table{}, k_.shape, k_.output);
  }

  // ---- data movement ----------------------------------------------------------------------------------

  Case pad() {
    qop::Pad op;
    Shape out = k_.shape;
    for (std::size_t i = 0; i < out.size(); ++i) {
      op.before.push_back(k_.pad[i % 4]);
      op.after.push_back(k_.pad[(i + 1) % 4]);
      out[i] += op.before.back() + op.after.back();
    }
    op.value = k_.input == DType::kUInt8 ? std::abs(k_.pad_value) : k_.pad_value;
    input("input", k_.input, k_.shape);
    return finish(op, out, k_.output);
  }

  Case transpose() {
    qop::Transpose op;
    op.perm.resize(k_.shape.size());
    std::iota(op.perm.begin(), op.perm.end(), 0);
    std::ranges::rotate(op.perm, op.perm.begin() + 1);
    if (op.perm.size() > 3) std::swap(op.perm[0], op.perm[1]);
    Shape out;
    for (const int axis : op.perm) out.push_back(k_.shape[static_cast<std::size_t>(axis)]);
    input("input", k_.input, k_.shape);
    return finish(op, out, k_.output);
  }

  Case reshape() {
    input("input", k_.input, k_.shape);
    return finish(qop::Reshape{}, {network::element_count(k_.shape)}, k_.output);
  }

  Case concat() {
    const auto rank = static_cast<int>(k_.shape.size());
    const int at = std::clamp(k_.axis < 0 ? k_.axis + rank : k_.axis, 0, rank - 1);
    Shape second = k_.shape;
    second[static_cast<std::size_t>(at)] = 3;
    Shape out = k_.shape;
    out[static_cast<std::size_t>(at)] += 3;
    input("input1", k_.input, k_.shape);
    input("input2", k_.input, second);
    return finish(qop::Concat{k_.axis}, out, k_.output);
  }

  Case slice() {
    qop::Slice op;
    op.stride = k_.slice_stride;
    op.stride.resize(k_.shape.size(), 1);
    Shape out;
    for (std::size_t i = 0; i < k_.shape.size(); ++i) {
      const std::int64_t step = std::max<std::int64_t>(std::abs(op.stride[i]), 1);
      op.begin.push_back(op.stride[i] < 0 ? k_.shape[i] - 1 : std::min<std::int64_t>(1, k_.shape[i] - 1));
      const std::int64_t left = op.stride[i] < 0 ? k_.shape[i] : k_.shape[i] - op.begin.back();
      op.size.push_back((left + step - 1) / step);
      out.push_back(op.size.back());
    }
    input("input", k_.input, k_.shape);
    return finish(op, out, k_.output);
  }

  static std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return b == 0 ? a : (a + b - 1) / b; }

  Case space_to_batch() {
    const Shape& s = k_.shape;
    qop::SpaceToBatch op{k_.block, {}, k_.input == DType::kUInt8 ? 3 : -3};
    const std::int64_t rows = ceil_div(s[1] + 1, k_.block[0]);
    const std::int64_t columns = ceil_div(s[2] + 2, k_.block[1]);
    op.padding = {1, 2, rows * k_.block[0] - s[1] - 1, columns * k_.block[1] - s[2] - 2};
    input("input", k_.input, s);
    return finish(op, {s[0] * k_.block[0] * k_.block[1], rows, columns, s.back()}, k_.output);
  }

  Case batch_to_space() {
    const Shape& s = k_.shape;
    const std::int64_t images = k_.block[0] * k_.block[1];
    input("input", k_.input, {s[0] * images, s[1], s[2], s.back()});
    const network::Padding crop{1, 0, 0, 2};
    return finish(qop::BatchToSpace{k_.block, crop},
                  {s[0], s[1] * k_.block[0] - 1, s[2] * k_.block[1] - 2, s.back()}, k_.output);
  }

  // ---- host -------------------------------------------------------------------------------------------

  Case softmax() {
    qop::Softmax op;
    op.rule = rule();
    if (k_.input != DType::kInt16) {
      op.input = {1 << 30, 22};
      op.diff_min = -120;
      return unary(op);
    }
    op.input = {1717986918, 0};
    input("input", k_.input, k_.shape);
    softmax_table("exp_lut", [](double x) { return std::exp(10.0 * (x - 1.0)); });
    softmax_table("one_by_one_lut", [](double x) { return 1.0 / (1.0 + x); });
    return finish(op, k_.shape, k_.output);
  }

  template <class Function>
  void softmax_table(const char* name, Function function) {
    constexpr std::int64_t kEntries = 513;
    constant(name, DType::kInt16, {kEntries}, 0);
    Tensor& table = case_.graph.tensors.back().constant.edit();
    for (std::int64_t i = 0; i < kEntries; ++i) {
      const double v = std::round(function(static_cast<double>(i) / 512.0) * 32768.0);
      table.set_integer(i, static_cast<std::int64_t>(std::min(v, 32767.0)));
    }
  }

  Case svdf() {
    constexpr std::int64_t kSteps = 3, kBatches = 2, kInputs = 5, kFeatures = 6, kMemory = 4, kRank = 2;
    qop::Svdf op;
    op.rank = kRank;
    op.input_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    op.input = op.output = k_.multiplier;
    op.rule = rule();
    op.state_clamp = {-32768, 32767};
    op.clamp = full_range();
    input("input", k_.input, {kSteps, kBatches, kInputs});
    constant("weight_feature", k_.weight, {kFeatures, kInputs}, 127);
    constant("weight_time", DType::kInt16, {kFeatures, kMemory}, 127);
    optional_bias({kFeatures / kRank});
    constant("state", DType::kInt16, {kBatches, kFeatures, kMemory}, 1000);
    return finish(op, {kBatches, kFeatures / kRank}, k_.output);
  }

  Case lstm() {
    constexpr std::int64_t kBatches = 2, kSteps = 3, kInputs = 5, kUnits = 4;
    qop::Lstm op;
    op.cell_clip = 30000;
    op.input_zero_point = zero_point(k_.input);
    op.output_zero_point = zero_point(k_.output);
    const bool wide = k_.input == DType::kInt16;
    input("input", k_.input, {kBatches, kSteps, kInputs});
    for (auto* gate : {&op.input_gate, &op.forget_gate, &op.cell_gate, &op.output_gate}) {
      *gate = {{1518500250, wide ? -8 : -1}, {1288490189, wide ? -8 : -1}};
      constant("input_weight", k_.weight, {kUnits, kInputs}, 127);
      constant("hidden_weight", k_.weight, {kUnits, kUnits}, 127);
      optional_bias({kUnits});
    }
    op.forget_to_cell = op.input_to_cell = {1 << 30, -14};
    op.output = {1 << 30, wide ? -14 : -22};
    op.cell_scale_power = -12;
    op.rule = rule();
    return finish(op, {kBatches, kSteps, kUnits}, k_.output);
  }

  const std::string_view operation_;
  Knobs k_;
  base::Random random_;
  Case case_;
  std::vector<TensorId> node_inputs_;
};

}  // namespace

Case make_case(std::string_view operation, const Knobs& knobs, std::uint64_t seed) {
  return CaseBuilder(operation, knobs, seed).build();
}

}  // namespace dlasim::test
