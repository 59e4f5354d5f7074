#pragma once
/// What can run a conformance vector.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::conformance {

/// One way to compute a quantised graph: the golden model, the cycle engine, ...
class Engine {
 public:
  virtual ~Engine() = default;

  /// "golden", "cycle", "fast", "rtl"
  virtual std::string_view name() const = 0;

  /// Runs the graph on inputs in the order of graph.inputs and returns its outputs in order. Throws
  /// base::UnsupportedError for what the engine does not run; any other exception is a failure.
  virtual std::vector<network::Tensor> run(const network::QuantizedGraph& graph,
                                           std::span<const network::Tensor> inputs) const = 0;
};

/// An engine that is a function, such as golden::run.
class FunctionEngine final : public Engine {
 public:
  using Function = std::function<std::vector<network::Tensor>(const network::QuantizedGraph&,
                                                              std::span<const network::Tensor>)>;
  FunctionEngine(std::string name, Function function)
      : name_(std::move(name)), function_(std::move(function)) {}

  std::string_view name() const override { return name_; }
  std::vector<network::Tensor> run(const network::QuantizedGraph& graph,
                                   std::span<const network::Tensor> inputs) const override {
    return function_(graph, inputs);
  }

 private:
  std::string name_;
  Function function_;
};

}  // namespace dlasim::conformance
