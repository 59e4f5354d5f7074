#include "sim/compiler/support.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "support_limits.h"

namespace dlasim::sim::compiler {
namespace {

using network::DType;
using network::TensorId;

constexpr auto kInt4 = DType::kInt4;
constexpr auto kInt8 = DType::kInt8;
constexpr auto kUInt8 = DType::kUInt8;
constexpr auto kInt16 = DType::kInt16;
constexpr auto kInt32 = DType::kInt32;
constexpr auto kInt64 = DType::kInt64;
constexpr auto kFloat32 = DType::kFloat32;

/// Codes that are only moved or compared.
const std::vector<DType> kMoved{kInt8, kUInt8, kInt16, kInt32};
const std::vector<DType> kNarrow{kInt8, kUInt8, kInt16, kInt32};

std::vector<TypeSupport> make_types() {
  std::vector<TypeSupport> rows{
      {"batch_matmul", {kInt8}, {kInt8}, {}, {kInt8}},
      {"batch_matmul", {kUInt8}, {kUInt8}, {}, {kUInt8}},
      {"batch_matmul", {kInt16}, {kInt16}, {}, {kInt16}},
      {"requantize", {kInt8, kUInt8, kInt16, kInt32}, {}, {}, kNarrow},
      {"requantize", {kInt64}, {}, {}, kNarrow, Place::kHost},
      {"table", {kInt8, kUInt8, kInt16}, {}, {}, {kInt8, kUInt8, kInt16}},
      {"softmax", {kInt8}, {}, {}, {kInt8, kInt16}, Place::kHost},
      {"softmax", {kInt16}, {}, {}, {kInt16}, Place::kHost},
      {"svdf", {kInt8}, {kInt8}, {kInt32}, {kInt8}, Place::kHost},
      {"lstm", {kInt8}, {kInt8}, {kInt32}, {kInt8}, Place::kHost},
      {"lstm", {kInt16}, {kInt8}, {kInt64}, {kInt16}, Place::kHost},
      {"quantize", {kFloat32}, {}, {}, {kInt8, kUInt8, kInt16}, Place::kHost},
      {"dequantize", {kInt8, kUInt8, kInt16, kInt32}, {}, {}, {kFloat32}, Place::kHost},
  };
  for (const char* op : {"conv2d", "depthwise_conv2d", "transpose_conv2d", "fully_connected"}) {
    rows.push_back({op, {kInt8}, {kInt4, kInt8, kUInt8}, {kInt32}, {kInt8}});
    rows.push_back({op, {kUInt8}, {kInt8, kUInt8}, {kInt32}, {kUInt8}});
    rows.push_back({op, {kInt16}, {kInt8}, {kInt32, kInt64}, {kInt16}});
  }
  for (const char* op : {"tanh", "sigmoid"}) {
    rows.push_back({op, {kInt8, kInt16}, {}, {}, {}});
  }
  for (const char* op : {"add", "sub", "mul", "minimum", "maximum", "avg_pool2d", "max_pool2d", "relu",
                         "leaky_relu", "reduce"}) {
    rows.push_back({op, {kInt8, kUInt8, kInt16}, {}, {}, {}});
  }
  for (const char* op :
       {"pad", "transpose", "reshape", "concat", "slice", "space_to_batch", "batch_to_space"}) {
    rows.push_back({op, kMoved, {}, {}, {}});
  }
  std::ranges::stable_sort(rows, {}, &TypeSupport::operation);
  return rows;
}

/// The element types of a node as the table sees them.
struct NodeTypes {
  DType input{}, output{};
  std::optional<DType> weight, bias;
};

bool has_weights(const network::QuantizedNode& node) {
  namespace qop = network::qop;
  const auto& op = node.operation;
  return std::holds_alternative<qop::Conv2d>(op) || std::holds_alternative<qop::DepthwiseConv2d>(op) ||
         std::holds_alternative<qop::TransposeConv2d>(op) ||
         std::holds_alternative<qop::FullyConnected>(op) || std::holds_alternative<qop::BatchMatmul>(op) ||
         std::holds_alternative<qop::Svdf>(op) || std::holds_alternative<qop::Lstm>(op);
}

NodeTypes types_of(const NodeContext& c) {
  const auto type = [&](std::size_t i) -> std::optional<DType> {
    if (i >= c.node.inputs.size() || c.node.inputs[i] == network::kNoTensor) return std::nullopt;
    return c.graph.tensor(c.node.inputs[i]).dtype;
  };
  NodeTypes types;
  types.input = type(0).value_or(kFloat32);
  types.output = c.graph.tensor(c.node.outputs.at(0)).dtype;
  if (!has_weights(c.node)) return types;
  types.weight = type(1);
  const bool svdf_or_lstm = std::holds_alternative<network::qop::Svdf>(c.node.operation) ||
                            std::holds_alternative<network::qop::Lstm>(c.node.operation);
  if (!std::holds_alternative<network::qop::BatchMatmul>(c.node.operation)) {
    types.bias = type(svdf_or_lstm ? 3 : 2);
  }
  return types;
}

bool holds(const std::vector<DType>& list, DType type) {
  return std::ranges::find(list, type) != list.end();
}

bool matches(const TypeSupport& row, const NodeTypes& types) {
  const auto fits = [](const std::vector<DType>& list, const std::optional<DType>& type) {
    return !type || list.empty() || holds(list, *type);
  };
  return holds(row.input, types.input) && fits(row.weight, types.weight) && fits(row.bias, types.bias) &&
         (row.output.empty() ? types.output == types.input : holds(row.output, types.output));
}

std::string text_of(const NodeTypes& types) {
  std::string text(network::name(types.input));
  if (types.weight) text += fmt::format(" x {}", network::name(*types.weight));
  if (types.bias) text += fmt::format(" + {}", network::name(*types.bias));
  return text + fmt::format(" -> {}", network::name(types.output));
}

std::string join(const std::vector<DType>& types) {
  std::string text;
  for (const DType t : types) text += (text.empty() ? "" : ", ") + std::string(network::name(t));
  return text;
}

/// "int8 x int4, int8 + int32 -> int8"
std::string text_of(const TypeSupport& row) {
  std::string text = join(row.input);
  if (!row.weight.empty()) text += " x " + join(row.weight);
  if (!row.bias.empty()) text += " + " + join(row.bias);
  return text + " -> " + (row.output.empty() ? "the same" : join(row.output));
}

[[noreturn]] void refuse(const NodeContext& c, std::string_view attribute, const std::string& found,
                         std::string_view allowed) {
  throw base::UnsupportedError(fmt::format("{} '{}': {} is {}; the accelerator runs {}",
                                           network::name(c.node.operation), c.node.name, attribute, found,
                                           allowed));
}

Place place_of(const NodeContext& c) {
  const std::string_view operation = network::name(c.node.operation);
  const NodeTypes types = types_of(c);
  std::string allowed;
  for (const TypeSupport& row : supported_types()) {
    if (row.operation != operation) continue;
    if (matches(row, types)) return row.place;
    allowed += (allowed.empty() ? "" : "; ") + text_of(row);
  }
  refuse(c, "the element type", text_of(types), allowed.empty() ? "no such operator" : allowed);
}

}  // namespace

std::string_view name(Place place) {
  return place == Place::kArray ? "array" : "host";
}

std::span<const TypeSupport> supported_types() {
  static const std::vector<TypeSupport> kTypes = make_types();
  return kTypes;
}

Place check_support(const NodeContext& context) {
  const Place place = place_of(context);
  const std::string_view operation = network::name(context.node.operation);
  for (const Limit& limit : limits()) {
    if (limit.operation != operation || (place == Place::kHost)) continue;
    if (const auto found = limit.violation(context)) {
      refuse(context, limit.attribute, *found, limit.allowed);
    }
  }
  return place;
}

std::string support_page() {
  std::string page =
      "# What runs where\n\n"
      "Printed by `dlasim doctor --support` from the tables that the compiler refuses by\n"
      "(`sim/compiler/include/sim/compiler/support.h`). A test runs a case of every row, bit for bit "
      "against\n"
      "golden, and shows that one beyond every limit is refused by name.\n\n"
      "## Operators and element types\n\n"
      "`golden` computes every row. The cycle engine gives it to the PE array, or to the processor beside "
      "it.\n"
      "An operator or a combination that is not here is refused.\n\n"
      "| operator | input | weight | bias, if any | output | golden | cycle "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const TypeSupport& row : supported_types()) {
    page += fmt::format("| `{}` | {} | {} | {} | {} | yes | {} |\n", row.operation, join(row.input),
                        join(row.weight), join(row.bias), row.output.empty() ? "as input" : join(row.output),
                        name(row.place));
  }
  page +=
      "\n## Attributes\n\n"
      "What the PE array runs of each attribute. Attributes that are not listed have no limit.\n\n"
      "| operator | attribute | runs |\n|---|---|---|\n";
  for (const Limit& limit : limits()) {
    page += fmt::format("| `{}` | {} | {} |\n", limit.operation, limit.attribute, limit.allowed);
  }
  return page;
}

}  // namespace dlasim::sim::compiler
