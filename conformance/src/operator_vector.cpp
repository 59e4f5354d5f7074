#include "conformance/operator_vector.h"

#include <fmt/core.h>

#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "conformance/json_reader.h"

namespace dlasim::conformance {
namespace {

using network::Clamp;
using network::DType;
using network::Multiplier;
using network::Pair;
using network::RequantRule;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;

constexpr int kInt32Bits = 31;

int read_int(const JsonReader& field) {
  return static_cast<int>(
      field.integer_between(std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

Tensor read_tensor(const JsonReader& field) {
  DType dtype = DType::kInt8;
  try {
    dtype = network::dtype_from_name(field.at("dtype").string());
  } catch (const base::InputError& e) {
    field.at("dtype").fail(e.what());
  }
  if (dtype == DType::kFloat32) field.at("dtype").fail("float32 is not an integer type");
  network::Shape shape = field.at("shape").integers();
  for (const std::int64_t d : shape) {
    if (d < 1) field.at("shape").fail(fmt::format("dimension {} is not positive", d));
  }
  const auto values = field.at("data").elements();
  std::int64_t count = 0;
  try {
    count = network::element_count(shape);
  } catch (const base::InputError& e) {
    field.at("shape").fail(e.what());
  }
  // Before the tensor is made: a file cannot ask for more memory than it has numbers.
  if (count != static_cast<std::int64_t>(values.size()))
    field.fail(fmt::format("shape {} needs {} numbers, 'data' has {}", network::to_string(shape), count,
                           values.size()));
  Tensor tensor(dtype, std::move(shape));
  for (std::int64_t i = 0; i < count; ++i) {
    tensor.set_integer(i, values[static_cast<std::size_t>(i)].integer_between(network::lowest(dtype),
                                                                              network::highest(dtype)));
  }
  return tensor;
}

/// Builds the one-node graph of a vector from its JSON fields.
class VectorBuilder {
 public:
  explicit VectorBuilder(const JsonReader& root) : root_(root) {
    vector_.name = root.at("name").string();
    vector_.source = root.at("source").string();
    vector_.op = root.at("op").string();
    vector_.graph.name = vector_.name;
  }

  const OperatorVector& vector() const { return vector_; }

  /// Finishes the vector with the operation; call once.
  OperatorVector finish(network::QuantizedOperation operation) {
    vector_.expected = read_tensor(root_.at("tensors").at("output"));
    network::QuantizedTensor output;
    output.name = "output";
    output.dtype = vector_.expected.dtype();
    output.shape = vector_.expected.shape();
    const TensorId id = vector_.graph.add_tensor(std::move(output));
    vector_.graph.outputs = {id};
    vector_.graph.nodes.push_back({vector_.op, std::move(operation), node_inputs_, {id}, {}});
    return std::move(vector_);
  }

  DType add_input(std::string_view key) {
    Tensor value = read_tensor(root_.at("tensors").at(key));
    const TensorId id = add_declaration(key, value);
    vector_.graph.inputs.push_back(id);
    vector_.inputs.push_back(std::move(value));
    return vector_.graph.tensor(id).dtype;
  }

  void add_constant(std::string_view key) {
    Tensor value = read_tensor(root_.at("tensors").at(key));
    const TensorId id = add_declaration(key, value);
    vector_.graph.tensors[static_cast<std::size_t>(id)].constant = std::move(value);
  }

  /// The dtype of the constant if the vector has it.
  std::optional<DType> add_optional_constant(std::string_view key) {
    if (!root_.at("tensors").has(key)) {
      node_inputs_.push_back(network::kNoTensor);
      return std::nullopt;
    }
    add_constant(key);
    return vector_.graph.tensors.back().dtype;
  }

  JsonReader attribute(std::string_view key) const { return root_.at("attributes").at(key); }
  JsonReader quantization(std::string_view key) const { return root_.at("quantization").at(key); }
  bool has_attribute(std::string_view key) const {
    return root_.has("attributes") && root_.at("attributes").has(key);
  }
  bool has_quantization(std::string_view key) const {
    return root_.has("quantization") && root_.at("quantization").has(key);
  }

  Pair pair(std::string_view key) const {
    const auto values = attribute(key).integers();
    if (values.size() != 2) attribute(key).fail(fmt::format("expected two numbers, found {}", values.size()));
    return {values[0], values[1]};
  }

  network::Padding padding() const {
    const JsonReader field = attribute("padding");
    return {field.at("top").integer(), field.at("left").integer(), field.at("bottom").integer(),
            field.at("right").integer()};
  }

  Clamp clamp(std::string_view key) const {
    const auto values = pair(key);
    if (values[0] > values[1]) attribute(key).fail("the lower end is above the upper end");
    return {values[0], values[1]};
  }

  std::int64_t zero_point(std::string_view prefix) const {
    return quantization(fmt::format("{}_zero_point", prefix)).integer();
  }

  RequantRule rounding() const {
    const JsonReader field = quantization("rounding");
    const std::string text = field.string();
    if (text == "double") return RequantRule::kDouble;
    if (text == "single") return RequantRule::kSingle;
    field.fail(fmt::format("expected 'double' or 'single', found '{}'", text));
  }

  /// T*: the 64-bit rule where `accumulator` says so, else the vector's rounding.
  RequantRule accumulator_rule(RequantRule without) const {
    if (!has_quantization("accumulator")) return without;
    const JsonReader field = quantization("accumulator");
    const std::string text = field.string();
    if (text == "int64") return RequantRule::kInt64;
    if (text == "int32") return rounding();
    field.fail(fmt::format("expected 'int32' or 'int64', found '{}'", text));
  }

  /// PREFIX_multiplier and PREFIX_shift: numbers, or lists of one.
  Multiplier multiplier(std::string_view prefix) const {
    const auto list = multipliers(fmt::format("{}_", prefix));
    if (list.size() != 1) quantization(fmt::format("{}_multiplier", prefix)).fail("expected one number");
    return list[0];
  }

  /// PREFIXmultiplier and PREFIXshift, one entry or one a channel.
  std::vector<Multiplier> multipliers(std::string_view prefix) const {
    const auto mantissas = one_or_more(quantization(fmt::format("{}multiplier", prefix)));
    const auto shifts = one_or_more(quantization(fmt::format("{}shift", prefix)));
    if (mantissas.size() != shifts.size())
      quantization(fmt::format("{}shift", prefix))
          .fail(fmt::format("{} shifts for {} multipliers", shifts.size(), mantissas.size()));
    std::vector<Multiplier> result;
    for (std::size_t i = 0; i < mantissas.size(); ++i) {
      const std::int64_t most = std::numeric_limits<std::int32_t>::max();
      const auto mantissa = static_cast<std::int32_t>(mantissas[i].integer_between(-most, most));
      result.push_back({mantissa, static_cast<int>(shifts[i].integer_between(-kInt32Bits, kInt32Bits))});
    }
    return result;
  }

 private:
  static std::vector<JsonReader> one_or_more(const JsonReader& field) {
    if (!field.value().is_array()) return {field};
    auto result = field.elements();
    if (result.empty()) field.fail("expected one number or more");
    return result;
  }

  TensorId add_declaration(std::string_view key, const Tensor& value) {
    network::QuantizedTensor declared;
    declared.name = key;
    declared.dtype = value.dtype();
    declared.shape = value.shape();
    const TensorId id = vector_.graph.add_tensor(std::move(declared));
    node_inputs_.push_back(id);
    return id;
  }

  JsonReader root_;
  OperatorVector vector_;
  std::vector<TensorId> node_inputs_;
};

/// The parameters that the multiply-accumulate operators share. `input` and `weight` name the operands'
/// zero points.
network::qop::MacParameters mac(const VectorBuilder& b, std::string_view input, std::string_view weight,
                                DType input_dtype, RequantRule rule_of_int16) {
  qop::MacParameters result;
  result.multiplier = b.multipliers("");
  result.clamp = b.clamp("clamp");
  if (input_dtype == DType::kInt16) {
    // Section 2: all zero points are 0, whatever the vector says.
    result.rule = b.accumulator_rule(rule_of_int16);
    return result;
  }
  result.rule = b.accumulator_rule(b.rounding());
  result.input_zero_point = b.zero_point(input);
  result.weight_zero_point = b.zero_point(weight);
  result.output_zero_point = b.zero_point("output");
  return result;
}

OperatorVector conv2d(VectorBuilder& b) {
  qop::Conv2d op;
  op.stride = b.pair("stride");
  op.dilation = b.pair("dilation");
  op.padding = b.padding();
  op.groups = b.attribute("groups").integer();
  const DType input = b.add_input("input");
  b.add_constant("weight");
  const auto bias = b.add_optional_constant("bias");
  op.mac = mac(b, "input", "weight", input, bias == DType::kInt32 ? b.rounding() : RequantRule::kInt64);
  return b.finish(std::move(op));
}

OperatorVector depthwise_conv2d(VectorBuilder& b) {
  qop::DepthwiseConv2d op;
  op.stride = b.pair("stride");
  op.dilation = b.pair("dilation");
  op.padding = b.padding();
  op.channel_multiplier = b.attribute("channel_multiplier").integer();
  const DType input = b.add_input("input");
  b.add_constant("weight");
  b.add_optional_constant("bias");
  op.mac = mac(b, "input", "weight", input, RequantRule::kInt64);
  return b.finish(std::move(op));
}

OperatorVector transpose_conv2d(VectorBuilder& b) {
  qop::TransposeConv2d op;
  op.stride = b.pair("stride");
  if (b.has_attribute("dilation")) op.dilation = b.pair("dilation");
  op.padding = b.padding();
  const DType input = b.add_input("input");
  b.add_constant("weight");
  b.add_optional_constant("bias");
  op.mac = mac(b, "input", "weight", input, RequantRule::kInt64);
  return b.finish(std::move(op));
}

OperatorVector fully_connected(VectorBuilder& b) {
  qop::FullyConnected op;
  const DType input = b.add_input("input");
  b.add_constant("weight");
  b.add_optional_constant("bias");
  op.mac = mac(b, "input", "weight", input, RequantRule::kInt64);
  return b.finish(std::move(op));
}

OperatorVector batch_matmul(VectorBuilder& b) {
  qop::BatchMatmul op;
  op.adj_x = b.attribute("adj_x").boolean();
  op.adj_y = b.attribute("adj_y").boolean();
  const DType input = b.add_input("input1");
  b.add_input("input2");
  op.mac = mac(b, "input1", "input2", input, RequantRule::kInt64);
  return b.finish(std::move(op));
}

OperatorVector add(VectorBuilder& b) {
  qop::Add op;
  if (b.add_input("input1") != DType::kInt16) {
    op.input1_zero_point = b.zero_point("input1");
    op.input2_zero_point = b.zero_point("input2");
    op.output_zero_point = b.zero_point("output");
  }
  b.add_input("input2");
  op.left_shift = read_int(b.quantization("left_shift"));
  op.input1 = b.multiplier("input1");
  op.input2 = b.multiplier("input2");
  op.output = b.multiplier("output");
  op.rule = b.rounding();
  op.clamp = b.clamp("clamp");
  return b.finish(op);
}

OperatorVector mul(VectorBuilder& b) {
  qop::Mul op;
  if (b.add_input("input1") != DType::kInt16) {
    op.input1_zero_point = b.zero_point("input1");
    op.input2_zero_point = b.zero_point("input2");
    op.output_zero_point = b.zero_point("output");
  }
  b.add_input("input2");
  op.output = b.multiplier("output");
  op.rule = b.rounding();
  op.clamp = b.clamp("clamp");
  return b.finish(op);
}

OperatorVector min_max(VectorBuilder& b) {
  const qop::MinMax op{.maximum = b.vector().op == "maximum"};
  b.add_input("input1");
  b.add_input("input2");
  return b.finish(op);
}

OperatorVector pool2d(VectorBuilder& b) {
  qop::Pool2d op;
  op.kind =
      b.vector().op == "avg_pool2d" ? network::op::Pool2d::Kind::kAverage : network::op::Pool2d::Kind::kMax;
  op.kernel = b.pair("kernel");
  op.stride = b.pair("stride");
  op.padding = b.padding();
  op.clamp = b.clamp("clamp");
  b.add_input("input");
  return b.finish(op);
}

OperatorVector softmax(VectorBuilder& b) {
  qop::Softmax op;
  op.input = b.multiplier("input");
  op.rule = b.rounding();
  if (b.add_input("input") == DType::kInt16) {
    b.add_constant("exp_lut");
    b.add_constant("one_by_one_lut");
  } else {
    op.diff_min = b.quantization("diff_min").integer();
  }
  return b.finish(op);
}

OperatorVector activation_int8(VectorBuilder& b) {
  qop::TableInt8 op;
  op.sigmoid = b.vector().op == "sigmoid";
  // The rule of int8 fixes the output's scale and zero point.
  const std::int64_t wanted = op.sigmoid ? -128 : 0;
  if (b.has_quantization("output_zero_point") && b.zero_point("output") != wanted)
    b.quantization("output_zero_point")
        .fail(fmt::format("{} of int8 has the output zero point {}", b.vector().op, wanted));
  op.input_zero_point = b.zero_point("input");
  const auto multipliers = b.multipliers("");
  if (multipliers.size() != 1) b.quantization("multiplier").fail("expected one number");
  op.input = multipliers[0];
  op.input_range_radius = b.attribute("input_range_radius").integer();
  return b.finish(op);
}

OperatorVector activation(VectorBuilder& b) {
  if (b.add_input("input") != DType::kInt16) return activation_int8(b);
  const bool sigmoid = b.vector().op == "sigmoid";
  // CMSIS-NN writes one shift, TensorFlow Lite a factor of its own.
  if (!b.has_attribute("input_multiplier"))
    return b.finish(qop::ActivationS16{sigmoid, read_int(b.quantization("input_shift"))});
  return b.finish(qop::ActivationS16Tflite{sigmoid, read_int(b.attribute("input_multiplier")),
                                           read_int(b.attribute("input_right_shift"))});
}

OperatorVector leaky_relu(VectorBuilder& b) {
  qop::LeakyRelu op;
  op.input_zero_point = b.zero_point("input");
  op.output_zero_point = b.zero_point("output");
  op.identity = b.multiplier("identity");
  op.alpha = b.multiplier("alpha");
  op.rule = b.rounding();
  const DType input = b.add_input("input");
  op.clamp =
      b.has_attribute("clamp") ? b.clamp("clamp") : Clamp{network::lowest(input), network::highest(input)};
  return b.finish(op);
}

OperatorVector requantize(VectorBuilder& b) {
  qop::Requantize op;
  if (b.has_quantization("input_zero_point")) op.input_zero_point = b.zero_point("input");
  op.output_zero_point = b.zero_point("output");
  op.multiplier = b.multipliers("");
  op.rule = b.accumulator_rule(b.rounding());
  op.clamp = b.clamp("clamp");
  b.add_input("input");
  return b.finish(std::move(op));
}

OperatorVector pad(VectorBuilder& b) {
  qop::Pad op;
  op.before = b.attribute("before").integers();
  op.after = b.attribute("after").integers();
  op.value = b.attribute("value").integer();
  b.add_input("input");
  return b.finish(std::move(op));
}

OperatorVector transpose(VectorBuilder& b) {
  qop::Transpose op;
  for (const JsonReader& e : b.attribute("perm").elements()) op.perm.push_back(read_int(e));
  b.add_input("input");
  return b.finish(std::move(op));
}

OperatorVector svdf(VectorBuilder& b) {
  qop::Svdf op;
  op.rank = b.attribute("rank").integer();
  op.state_clamp = b.clamp("state_clamp");
  op.clamp = b.clamp("clamp");
  op.input_zero_point = b.zero_point("input");
  op.output_zero_point = b.zero_point("output");
  op.input = b.multiplier("input");
  op.output = b.multiplier("output");
  op.rule = b.rounding();
  b.add_input("input");
  b.add_constant("weight_feature");
  b.add_constant("weight_time");
  b.add_optional_constant("bias");
  b.add_constant("state");
  return b.finish(op);
}

OperatorVector lstm(VectorBuilder& b) {
  qop::Lstm op;
  op.time_major = b.attribute("time_major").boolean();
  op.cell_clip = b.attribute("cell_clip").integer();
  op.cell_scale_power = read_int(b.attribute("cell_scale_power"));
  if (b.add_input("input") != DType::kInt16) {
    op.input_zero_point = b.zero_point("input");
    op.output_zero_point = b.zero_point("output");
  }
  const std::pair<std::string_view, qop::Lstm::Gate*> gates[] = {{"input", &op.input_gate},
                                                                 {"forget", &op.forget_gate},
                                                                 {"cell", &op.cell_gate},
                                                                 {"output", &op.output_gate}};
  for (const auto& [name, gate] : gates) {
    gate->input = b.multiplier(fmt::format("{}_gate_input", name));
    gate->hidden = b.multiplier(fmt::format("{}_gate_hidden", name));
    b.add_constant(fmt::format("{}_gate_input_weight", name));
    b.add_constant(fmt::format("{}_gate_hidden_weight", name));
    b.add_optional_constant(fmt::format("{}_gate_bias", name));
  }
  op.forget_to_cell = b.multiplier("forget_to_cell");
  op.input_to_cell = b.multiplier("input_to_cell");
  op.output = b.multiplier("output");
  op.rule = b.rounding();
  return b.finish(op);
}

using Parser = OperatorVector (*)(VectorBuilder&);

const std::map<std::string, Parser, std::less<>>& parsers() {
  static const std::map<std::string, Parser, std::less<>> map{
      {"conv2d", conv2d},
      {"depthwise_conv2d", depthwise_conv2d},
      {"transpose_conv2d", transpose_conv2d},
      {"fully_connected", fully_connected},
      {"batch_matmul", batch_matmul},
      {"add", add},
      {"mul", mul},
      {"minimum", min_max},
      {"maximum", min_max},
      {"avg_pool2d", pool2d},
      {"max_pool2d", pool2d},
      {"softmax", softmax},
      {"tanh", activation},
      {"sigmoid", activation},
      {"leaky_relu", leaky_relu},
      {"requantize", requantize},
      {"pad", pad},
      {"transpose", transpose},
      {"svdf", svdf},
      {"lstm", lstm},
  };
  return map;
}

}  // namespace

OperatorVector read_operator_vector(const std::filesystem::path& file) {
  return parse_operator_vector(read_json(file), file);
}

OperatorVector parse_operator_vector(const nlohmann::json& document, const std::filesystem::path& file) {
  const JsonReader root(document, file.string());
  if (root.at("format").string() != "dla-vector/1")
    root.at("format").fail(fmt::format("expected 'dla-vector/1', found '{}'", root.at("format").string()));
  const auto parser = parsers().find(root.at("op").string());
  if (parser == parsers().end())
    throw base::UnsupportedError(fmt::format("{}: op: '{}' is not an operator that is read here",
                                             file.string(), root.at("op").string()));
  VectorBuilder builder(root);
  return parser->second(builder);
}

}  // namespace dlasim::conformance
