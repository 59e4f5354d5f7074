#include "staged_vector.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "number_format_json.h"

namespace dlasim::conformance {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::Shape;
using network::StagedNumerics;
using network::Tensor;
using network::TensorId;

namespace {

constexpr std::int64_t kMaxElement = 1 << 20;
constexpr std::int64_t kMaxWeights = 1 << 28;

DType code_dtype(const NumberFormat& format) {
  const int bits = format.code_bits();
  return bits <= 8 ? DType::kInt8 : bits <= 16 ? DType::kInt16 : bits <= 32 ? DType::kInt32 : DType::kInt64;
}

void set_code(Tensor* tensor, std::int64_t i, std::uint64_t code, const NumberFormat& format) {
  const int unused = 64 - format.code_bits();
  tensor->set_integer(i, static_cast<std::int64_t>(code << unused) >> unused);
}

/// Puts the tensors of one staged node into a graph.
class Builder {
 public:
  explicit Builder(const JsonReader& root, StagedNumerics numerics) : numerics_(std::move(numerics)) {
    vector_.graph.name = root.at("name").string();
    const JsonReader fields = root.at("number_format");
    if (fields.has("lanes")) {
      vector_.graph.reduction_lanes = static_cast<int>(fields.at("lanes").integer_between(1, 1024));
    }
  }
  const StagedNumerics& numerics() const { return numerics_; }

  void add_input(Tensor codes, std::optional<Tensor> scales) {
    const TensorId scales_id = scales ? declare("input_scales", *scales, std::nullopt) : network::kNoTensor;
    const TensorId id = declare("input", codes, numerics_.input);
    tensor(id).mx_scales = scales_id;
    vector_.graph.inputs.push_back(id);
    vector_.inputs.push_back(std::move(codes));
    if (scales) {
      vector_.graph.inputs.push_back(scales_id);
      vector_.inputs.push_back(std::move(*scales));
    }
    node_inputs_.push_back(id);
  }
  void add_constant(std::string name, Tensor codes, std::optional<Tensor> scales,
                    const OperandFormat& format) {
    const TensorId id = declare(name, codes, format);
    if (scales) {
      const TensorId scales_id = declare(name + "_scales", *scales, std::nullopt);
      tensor(scales_id).constant = std::move(*scales);
      tensor(id).mx_scales = scales_id;
    }
    tensor(id).constant = std::move(codes);
    node_inputs_.push_back(id);
  }
  void add_bias(const JsonReader& place, std::optional<Tensor> bias) {
    if (!bias) {
      numerics_.bias_operand.reset();
      node_inputs_.push_back(network::kNoTensor);
      return;
    }
    if (!numerics_.bias_operand) place.fail("a bias without a format");
    add_constant("bias", std::move(*bias), std::nullopt, {*numerics_.bias_operand, 0});
  }

  StagedVector finish(network::qop::Conv2d op, Shape output) {
    network::QuantizedTensor info;
    info.name = "output";
    info.dtype = code_dtype(numerics_.output);
    info.shape = std::move(output);
    info.format = OperandFormat{numerics_.output, 0};
    const TensorId id = vector_.graph.add_tensor(std::move(info));
    vector_.graph.outputs = {id};
    network::QuantizedNode node;
    node.name = "layer";
    node.operation = std::move(op);
    node.inputs = node_inputs_;
    node.outputs = {id};
    node.staged = std::move(numerics_);
    vector_.graph.nodes.push_back(std::move(node));
    return std::move(vector_);
  }

 private:
  network::QuantizedTensor& tensor(TensorId id) {
    return vector_.graph.tensors[static_cast<std::size_t>(id)];
  }
  TensorId declare(std::string name, const Tensor& value, std::optional<OperandFormat> format) {
    network::QuantizedTensor info;
    info.name = std::move(name);
    info.dtype = value.dtype();
    info.shape = value.shape();
    info.format = std::move(format);
    return vector_.graph.add_tensor(std::move(info));
  }

  StagedNumerics numerics_;
  StagedVector vector_;
  std::vector<TensorId> node_inputs_;
};

struct Codes {
  Shape shape;
  std::vector<std::uint64_t> data;
};

Codes read_codes(const JsonReader& field) {
  Codes codes;
  codes.shape = field.at("shape").integers();
  for (const JsonReader& element : field.at("data").elements()) {
    if (!element.value().is_number_unsigned()) element.fail("a code is an unsigned integer");
    codes.data.push_back(element.value().get<std::uint64_t>());
  }
  std::int64_t size = 0;
  try {
    size = network::element_count(codes.shape);
  } catch (const base::InputError& error) {
    field.at("shape").fail(error.what());
  }
  if (size != static_cast<std::int64_t>(codes.data.size())) {
    field.fail(fmt::format("shape {} needs {} codes, 'data' has {}", network::to_string(codes.shape), size,
                           codes.data.size()));
  }
  return codes;
}

Tensor to_tensor(const Codes& codes, const NumberFormat& format) {
  Tensor tensor(code_dtype(format), codes.shape);
  for (std::size_t i = 0; i < codes.data.size(); ++i) {
    set_code(&tensor, static_cast<std::int64_t>(i), codes.data[i], format);
  }
  return tensor;
}

network::Pair read_pair(const JsonReader& field) {
  const auto values = field.integers();
  if (values.size() != 2) field.fail("expected two numbers");
  return {values[0], values[1]};
}

/// x or w of a dot: codes [tap][channel] and, for MX, scales [tap][block].
struct DotOperand {
  std::int64_t taps = 0, channels = 0, blocks = 0;
  std::vector<std::vector<std::uint64_t>> codes;
  std::vector<std::vector<std::uint64_t>> scales;
  std::vector<bool> padded;
};

/// `rows` is x[channel][tap] or x[block][tap]; `padded` says which taps are null in the other operand too.
DotOperand read_dot_operand(const JsonReader& rows, bool mx) {
  DotOperand operand;
  const auto list = rows.elements();
  for (const JsonReader& row : list) {
    const auto taps = row.elements();
    if (operand.codes.empty()) {
      operand.taps = static_cast<std::int64_t>(taps.size());
      operand.codes.resize(taps.size());
      operand.scales.resize(taps.size());
      operand.padded.assign(taps.size(), false);
    }
    if (taps.size() != operand.codes.size()) row.fail("rows of unequal length");
    for (std::size_t t = 0; t < taps.size(); ++t) {
      if (taps[t].value().is_null()) {
        operand.padded[t] = true;
      } else if (!mx) {
        operand.codes[t].push_back(read_code(taps[t]));
      } else {
        const auto block = taps[t].elements();
        if (block.size() != 2) taps[t].fail("expected [scale, elements]");
        operand.scales[t].push_back(read_code(block[0]));
        for (const JsonReader& code : block[1].elements()) operand.codes[t].push_back(read_code(code));
      }
    }
  }
  for (const auto& tap : operand.codes) {
    operand.channels = std::max(operand.channels, static_cast<std::int64_t>(tap.size()));
  }
  operand.blocks = static_cast<std::int64_t>(list.size());
  for (std::size_t t = 0; t < operand.codes.size(); ++t) {
    if (!operand.padded[t] && static_cast<std::int64_t>(operand.codes[t].size()) != operand.channels) {
      rows.fail(fmt::format("tap {} is given for a part of the channels", t));
    }
  }
  return operand;
}

/// The operand's codes for output channel `at` of `outputs`, [outputs, 1, taps, channels]; taps padded in x
/// stay 0.
Tensor dot_tensor(const DotOperand& operand, const std::vector<bool>& padded, std::int64_t channels,
                  std::int64_t outputs, const NumberFormat& format) {
  Tensor tensor(code_dtype(format), {outputs, 1, operand.taps, channels});
  const std::int64_t first = (outputs - 1) * operand.taps * channels;
  for (std::int64_t t = 0; t < operand.taps; ++t) {
    if (padded[static_cast<std::size_t>(t)]) continue;
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto& tap = operand.codes[static_cast<std::size_t>(t)];
      set_code(&tensor, first + t * channels + c, tap.at(static_cast<std::size_t>(c)), format);
    }
  }
  return tensor;
}

std::optional<Tensor> dot_scales(const DotOperand& operand, const std::vector<bool>& padded,
                                 std::int64_t outputs, bool mx) {
  if (!mx) return std::nullopt;
  constexpr std::int64_t one = 127;  // 2^0
  Tensor tensor(DType::kUInt8, {outputs, 1, operand.taps, operand.blocks});
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, one);
  const std::int64_t first = (outputs - 1) * operand.taps * operand.blocks;
  for (std::int64_t t = 0; t < operand.taps; ++t) {
    if (padded[static_cast<std::size_t>(t)]) continue;
    for (std::int64_t b = 0; b < operand.blocks; ++b) {
      const std::uint64_t scale = operand.scales[static_cast<std::size_t>(t)][static_cast<std::size_t>(b)];
      tensor.set_integer(first + t * operand.blocks + b, static_cast<std::int64_t>(scale));
    }
  }
  return tensor;
}

bool has_stochastic_unit(const StagedNumerics& n) {
  for (const NumberFormat& level : n.tree) {
    if (level.lfsr) return true;
  }
  for (const NumberFormat* f :
       {&n.product, &n.accumulator, &n.partial_sum, &n.bias, &n.activation, &n.output, &n.block}) {
    if (f->lfsr) return true;
  }
  return false;
}

std::optional<Tensor> dot_bias(const JsonReader& field, const StagedNumerics& numerics,
                               std::int64_t outputs) {
  if (field.value().is_null()) return std::nullopt;
  if (!numerics.bias_operand) field.fail("a bias without a format");
  Tensor bias(code_dtype(*numerics.bias_operand), {outputs});
  set_code(&bias, outputs - 1, read_code(field), *numerics.bias_operand);
  return bias;
}

}  // namespace

StagedVector read_staged_conv2d(const JsonReader& root) {
  const JsonReader tensors = root.at("tensors");
  Builder builder(root, read_staged_numerics(root.at("number_format"), network::MxMode::kStorage));
  const StagedNumerics numerics = builder.numerics();
  builder.add_input(to_tensor(read_codes(tensors.at("input")), numerics.input.element), std::nullopt);
  builder.add_constant("weight", to_tensor(read_codes(tensors.at("weight")), numerics.weight.element),
                       std::nullopt, numerics.weight);
  std::optional<Tensor> bias;
  if (tensors.has("bias")) {
    if (!numerics.bias_operand) tensors.at("bias").fail("a bias without a format");
    bias = to_tensor(read_codes(tensors.at("bias")), *numerics.bias_operand);
  }
  builder.add_bias(tensors, std::move(bias));
  const JsonReader attributes = root.at("attributes");
  const JsonReader padding = attributes.at("padding");
  network::qop::Conv2d op;
  op.stride = read_pair(attributes.at("stride"));
  op.dilation = read_pair(attributes.at("dilation"));
  op.groups = attributes.at("groups").integer();
  op.padding = {padding.at("top").integer(), padding.at("left").integer(), padding.at("bottom").integer(),
                padding.at("right").integer()};
  const Codes output = read_codes(tensors.at("output"));
  StagedVector vector = builder.finish(std::move(op), output.shape);
  for (std::size_t i = 0; i < output.data.size(); ++i) {
    vector.expected.push_back({static_cast<std::int64_t>(i), output.data[i]});
  }
  return vector;
}

StagedVector read_staged_dot(const JsonReader& root, const JsonReader& dot_case, bool mx) {
  const auto mode = mx ? network::MxMode::kBlock : network::MxMode::kStorage;
  Builder builder(root, read_staged_numerics(root.at("number_format"), mode));
  const StagedNumerics numerics = builder.numerics();
  const DotOperand x = read_dot_operand(dot_case.at("x"), mx);
  const DotOperand w = read_dot_operand(dot_case.at("w"), mx);
  if (x.taps != w.taps || x.blocks != w.blocks || x.taps == 0) dot_case.fail("x and w have unequal shapes");
  const std::int64_t channels = std::max(x.channels, w.channels);
  if (x.channels != 0 && x.channels != channels) dot_case.fail("x and w have unequal shapes");
  if (w.channels != channels) dot_case.fail("x and w have unequal shapes");
  for (std::size_t t = 0; t < x.padded.size(); ++t) {
    if (w.padded[t] && !x.padded[t]) dot_case.at("w").fail(fmt::format("tap {} has an x, but no w", t));
  }
  const std::int64_t e = dot_case.at("element").integer_between(0, kMaxElement);
  const std::int64_t outputs = has_stochastic_unit(numerics) ? e + 1 : 1;

  if (outputs * x.taps * std::max<std::int64_t>(channels, 1) > kMaxWeights) {
    dot_case.fail("too large to run at its index");
  }
  builder.add_input(dot_tensor(x, x.padded, channels, 1, numerics.input.element),
                    dot_scales(x, x.padded, 1, mx));
  builder.add_constant("weight", dot_tensor(w, x.padded, channels, outputs, numerics.weight.element),
                       dot_scales(w, x.padded, outputs, mx), numerics.weight);
  builder.add_bias(dot_case, dot_bias(dot_case.at("bias"), numerics, outputs));
  StagedVector vector = builder.finish(network::qop::Conv2d{}, {1, 1, 1, outputs});
  vector.expected.push_back({outputs - 1, read_code(dot_case.at("output"))});
  return vector;
}

}  // namespace dlasim::conformance
