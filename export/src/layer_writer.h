#pragma once
/// One layer of the generated network in the making.

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "helpers.h"
#include "network/quantized_graph.h"

namespace dlasim::exporter {

/// A pointer that the layer's function declares: to a tensor of the graph, or to memory of its own.
struct PointerDeclaration {
  std::string name;
  network::DType dtype = network::DType::kInt8;
  network::TensorId tensor = network::kNoTensor;  ///< kNoTensor: memory `temporary` of the layer
  std::size_t temporary = 0;
  bool written = false;
};

/// Collects the definitions and statements of one node. The writers (writers.h) fill it; they know neither
/// where activations lie nor the layers around them.
class LayerWriter {
 public:
  LayerWriter(const network::QuantizedGraph& graph, const network::QuantizedNode& node, std::size_t number);

  const network::QuantizedGraph& graph() const { return graph_; }
  const network::QuantizedNode& node() const { return node_; }
  /// Declared tensor at an input position. Refuses the node if it is absent.
  const network::QuantizedTensor& input(std::size_t position) const;
  bool has_input(std::size_t position) const;
  const network::QuantizedTensor& output() const { return graph_.tensor(node_.outputs.at(0)); }
  /// Value of an input that must be a constant; `what` names it in the refusal.
  const network::Tensor& constant(std::size_t position, std::string_view what) const;

  /// Throws base::UnsupportedError with the reason.
  [[noreturn]] static void refuse(const std::string& reason);
  /// Refuses unless `holds`.
  template <class... Args>
  static void require(bool holds, fmt::format_string<Args...> reason, Args&&... args) {
    if (!holds) refuse(fmt::format(reason, std::forward<Args>(args)...));
  }
  /// Notes which dialect the node follows; the network must have one.
  void use_rule(network::RequantRule rule);

  /// "layer7_" + what
  std::string name(std::string_view what) const { return prefix_ + std::string(what); }

  /// Names of local pointers to the node's tensors and to memory that lives during the layer only.
  std::string input_pointer(std::size_t position, std::string_view name);
  std::string output_pointer();
  std::string temporary(std::string_view name, network::DType dtype, std::int64_t elements);

  /// A constant array in weights.h; returns its name.
  std::string array(std::string_view what, const network::Tensor& values);
  std::string array(std::string_view what, network::DType dtype, const std::vector<std::int64_t>& values);
  /// "static const TYPE layer7_WHAT = VALUE;" before the function; returns the name.
  std::string define(std::string_view type, std::string_view what, std::string_view value);

  /// A statement, indented.
  template <class... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    body_ += "  " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  }
  /// The call whose status the layer returns.
  template <class... Args>
  void call(fmt::format_string<Args...> text, Args&&... args) {
    line("return {};", fmt::format(text, std::forward<Args>(args)...));
    returns_ = true;
  }
  /// What the library's function says it needs: the layer's scratch memory in bytes.
  void scratch(std::string expression) { scratch_ = std::move(expression); }
  /// "const cmsis_nn_context ctx = ..." over the whole scratch memory.
  void context();
  void use(HelperKind kind, network::DType a = network::DType::kInt8,
           network::DType b = network::DType::kInt8) {
    helpers_.insert({kind, a, b});
  }

  // What was collected.
  const std::string& prefix() const { return prefix_; }
  const std::string& definitions() const { return definitions_; }
  const std::string& arrays() const { return arrays_; }
  const std::string& body() const { return body_; }
  const std::string& scratch_expression() const { return scratch_; }
  bool returns() const { return returns_; }
  const std::vector<PointerDeclaration>& pointers() const { return pointers_; }
  const std::vector<std::int64_t>& temporaries() const { return temporaries_; }
  const std::set<Helper>& helpers() const { return helpers_; }
  std::optional<network::RequantRule> rule() const { return rule_; }
  std::int64_t constant_bytes() const { return constant_bytes_; }

 private:
  const network::QuantizedGraph& graph_;
  const network::QuantizedNode& node_;
  std::string prefix_, definitions_, arrays_, body_, scratch_;
  bool returns_ = false;
  std::vector<PointerDeclaration> pointers_;
  std::vector<std::int64_t> temporaries_;  ///< bytes
  std::set<Helper> helpers_;
  std::optional<network::RequantRule> rule_;
  std::int64_t constant_bytes_ = 0;
};

}  // namespace dlasim::exporter
