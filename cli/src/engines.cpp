#include "engines.h"

#include "base/error.h"
#include "conformance/network_runner.h"
#include "conformance/number_format_vector.h"
#include "golden/interpreter.h"
#include "model_units.h"
#include "rtl_vectors.h"
#include "sim/compiler/compile.h"
#include "sim/cosim/element_recorder.h"
#include "sim/host/host.h"
#include "simulator.h"

namespace dlasim::cli {
namespace {

using network::QuantizedGraph;
using network::Tensor;

/// A vector of a staged layer brings its reduction order along: the array is as wide as it says.
sim::arch::Hardware hardware_for(const QuantizedGraph& graph, sim::arch::Hardware hardware) {
  for (const network::QuantizedNode& node : graph.nodes) {
    if (node.staged) hardware.pe_array.ic_lanes = sim::compiler::reduction_lanes(graph, node);
  }
  return hardware;
}

std::vector<Tensor> simulate(Engine engine, const QuantizedGraph& graph, std::span<const Tensor> inputs,
                             const sim::arch::Hardware& hardware, sim::trace::TraceSink* trace = nullptr) {
  const auto program = sim::compiler::compile(graph, hardware);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  options.trace = trace;
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
  return std::make_unique<FunctionEngine>(
      name, [engine = found->second, hardware](const auto& graph, auto inputs) {
        return simulate(engine, graph, inputs, hardware_for(graph, hardware));
      });
}

conformance::WireRecorder wires_of_cycle_engine(const sim::arch::Hardware& hardware) {
  return [hardware](const QuantizedGraph& graph, std::span<const Tensor> inputs, std::int64_t element) {
    const sim::arch::Hardware own = hardware_for(graph, hardware);
    sim::cosim::ElementRecorder recorder(own, element);
    simulate(Engine::kCycle, graph, inputs, own, &recorder);
    std::vector<conformance::WireSteps> steps;
    for (const auto& tile : recorder.tiles()) steps.push_back({tile.lanes, tile.tree, tile.partial_sum});
    return steps;
  };
}

void register_handlers(conformance::Verifier& verifier, const conformance::Engine& engine) {
  verifier.handle_networks(conformance::network_handler(engine));
  if (engine.name() == "rtl") {
    register_rtl_handlers(verifier, engine);
    return;
  }
  if (engine.name() == "golden") {
    verifier.handle_op("number_format", conformance::golden_number_format_handler(engine));
    return;
  }
  conformance::WireRecorder record;  // the fast engine has no wires
  if (engine.name() == "cycle") record = wires_of_cycle_engine(vector_hardware());
  verifier.handle_op("number_format",
                     conformance::hardware_number_format_handler(model_units(), engine, record));
}

}  // namespace dlasim::cli
