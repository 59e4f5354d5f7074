#include "engines.h"

#include "base/error.h"
#include "conformance/network_runner.h"
#include "conformance/number_format_vector.h"
#include "golden/interpreter.h"
#include "rtl_vectors.h"
#include "sim/compiler/compile.h"
#include "sim/host/host.h"
#include "simulator.h"

namespace dlasim::cli {
namespace {

using network::QuantizedGraph;
using network::Tensor;

std::vector<Tensor> simulate(Engine engine, const QuantizedGraph& graph, std::span<const Tensor> inputs,
                             sim::arch::Hardware hardware) {
  // A vector of a staged layer brings its reduction order along: the array is as wide as it says.
  for (const network::QuantizedNode& node : graph.nodes) {
    if (node.staged) hardware.pe_array.ic_lanes = sim::compiler::reduction_lanes(graph, node);
  }
  const auto program = sim::compiler::compile(graph, hardware);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  const auto result = make_simulator(engine, program, graph, hardware)->run(inputs, options);
  std::vector<Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors[static_cast<std::size_t>(t)]);
  return outputs;
}

}  // namespace

std::vector<std::string> engine_names() {
  return {"golden", "cycle", "fast", "rtl"};
}

sim::arch::Hardware vector_hardware() {
  sim::arch::Hardware hardware;
  hardware.name = "vectors";
  hardware.pe_array.activation_bits = 32;
  hardware.pe_array.weight_bits = 32;
  hardware.pe_array.max_taps = 256;
  return hardware;
}

std::unique_ptr<conformance::Engine> make_engine(const std::string& name,
                                                 const sim::arch::Hardware& hardware) {
  using conformance::FunctionEngine;
  if (name == "golden") {
    return std::make_unique<FunctionEngine>(
        name, [](const auto& graph, auto inputs) { return golden::run(graph, inputs); });
  }
  if (name == "rtl") return make_rtl_engine();
  const auto found = engine_choices().find(name);
  if (found == engine_choices().end()) throw base::InputError("no engine is called '" + name + "'");
  return std::make_unique<FunctionEngine>(name,
                                          [engine = found->second, hardware](const auto& graph, auto inputs) {
                                            return simulate(engine, graph, inputs, hardware);
                                          });
}

void register_handlers(conformance::Verifier& verifier, const conformance::Engine& engine) {
  verifier.handle_networks(conformance::network_handler(engine));
  if (engine.name() == "rtl") {
    register_rtl_handlers(verifier, engine);
    return;
  }
  verifier.handle_op("number_format", engine.name() == "golden"
                                          ? conformance::golden_number_format_handler(engine)
                                          : conformance::engine_number_format_handler(engine));
}

}  // namespace dlasim::cli
