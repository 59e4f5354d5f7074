#include "conformance/number_format_vector.h"

#include <fmt/core.h>

#include "base/error.h"
#include "conformance/json_reader.h"
#include "golden/staged.h"
#include "number_format_json.h"
#include "number_format_units.h"
#include "staged_trace_check.h"
#include "staged_vector.h"

namespace dlasim::conformance {

using network::Tensor;

namespace {

std::uint64_t code_at(const Tensor& tensor, std::int64_t i, int bits) {
  const auto code = static_cast<std::uint64_t>(tensor.integer(i));
  return bits >= 64 ? code : code & ((std::uint64_t{1} << bits) - 1);
}

/// Runs the layer on the engine; empty, or the first code that differs.
std::string run_on_engine(const Engine& engine, const StagedVector& vector) {
  const std::vector<Tensor> outputs = engine.run(vector.graph, vector.inputs);
  const network::QuantizedTensor& info = vector.graph.tensor(vector.graph.outputs[0]);
  if (outputs.size() != 1 || outputs[0].shape() != info.shape) return "the output has another shape";
  for (const StagedVector::Expected& expected : vector.expected) {
    const std::uint64_t got = code_at(outputs[0], expected.element, info.format->element.code_bits());
    if (got != expected.code) {
      return fmt::format("element {} of {}: expected {}, got {}", expected.element,
                         network::to_string(info.shape), code_text(expected.code), code_text(got));
    }
  }
  return {};
}

/// Looks a one-node graph's tensors up: constants and inputs.
golden::StagedTensorLookup tensors_of(const StagedVector& vector) {
  return [&vector](network::TensorId id) -> const Tensor* {
    const auto& inputs = vector.graph.inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] == id) return &vector.inputs[i];
    }
    const auto& constant = vector.graph.tensor(id).constant;
    return constant ? &*constant : nullptr;
  };
}

/// The case's one element on the golden model: its trace if the case has one, then code and value.
std::string check_golden_element(const JsonReader& dot_case, const StagedVector& vector) {
  const network::QuantizedNode& node = vector.graph.nodes.front();
  const StagedVector::Expected& expected = vector.expected.front();
  const golden::ElementTrace got =
      golden::trace_element(vector.graph, node, tensors_of(vector), expected.element);
  if (dot_case.has("trace")) {
    std::string step = first_wrong_step(dot_case.at("trace"), *node.staged, got);
    if (!step.empty()) return step;
  }
  if (got.output->code != expected.code) {
    return fmt::format("code: expected {}, got {}", code_text(expected.code), code_text(got.output->code));
  }
  if (!golden::same(read_value(dot_case.at("value")), got.output->value)) {
    return fmt::format("value: expected {}, got {}", dot_case.at("value").string(),
                       golden::to_string(got.output->value));
  }
  return {};
}

using DotCheck = std::function<std::string(const JsonReader& dot_case, const StagedVector& vector)>;

std::string run_dot(const JsonReader& root, bool mx, const DotCheck& check) {
  std::size_t number = 0;
  for (const JsonReader& dot_case : root.at("cases").elements()) {
    const std::string difference = check(dot_case, read_staged_dot(root, dot_case, mx));
    if (!difference.empty()) return fmt::format("case {}: {}", number, difference);
    ++number;
  }
  if (number == 0) root.at("cases").fail("there are no cases");
  return {};
}

/// dot, mx_dot and conv2d; `check` sees the cases of the dots.
std::string run_layer_test(const std::string& test, const JsonReader& root, const Engine& engine,
                           const DotCheck& check) {
  if (test == "conv2d") return run_on_engine(engine, read_staged_conv2d(root));
  if (test == "dot" || test == "mx_dot") return run_dot(root, test == "mx_dot", check);
  throw base::UnsupportedError(
      fmt::format("number_format test '{}' on the engine '{}'", test, engine.name()));
}

}  // namespace

VectorHandler golden_number_format_handler(const Engine& engine) {
  return [&engine](const nlohmann::json& document, const std::filesystem::path& file) {
    const JsonReader root(document, file.string());
    const std::string test = root.at("number_format").at("test").string();
    if (is_unit_test(test)) return run_unit_test(test, root);
    return run_layer_test(test, root, engine, [&](const JsonReader& dot_case, const StagedVector& vector) {
      std::string difference = check_golden_element(dot_case, vector);
      return difference.empty() ? run_on_engine(engine, vector) : difference;
    });
  };
}

VectorHandler engine_number_format_handler(const Engine& engine, WireRecorder record) {
  return [&engine, record](const nlohmann::json& document, const std::filesystem::path& file) {
    const JsonReader root(document, file.string());
    const std::string test = root.at("number_format").at("test").string();
    return run_layer_test(test, root, engine, [&](const JsonReader& dot_case, const StagedVector& vector) {
      if (record && dot_case.has("trace")) {
        std::string step = first_wrong_wire(
            dot_case.at("trace"), record(vector.graph, vector.inputs, vector.expected.front().element));
        if (!step.empty()) return step;
      }
      return run_on_engine(engine, vector);
    });
  };
}

}  // namespace dlasim::conformance
