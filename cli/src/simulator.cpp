#include "simulator.h"

#include "base/error.h"
#include "sim/engine/cycle_engine.h"
#include "sim/fast/fast_engine.h"

namespace dlasim::cli {
namespace {

class CycleSimulator final : public Simulator {
 public:
  CycleSimulator(const sim::compiler::Program& program, const network::QuantizedGraph& graph,
                 const sim::arch::Hardware& hardware)
      : program_(program), graph_(graph), hardware_(hardware) {}

  sim::engine::RunResult run(std::span<const network::Tensor> inputs,
                             const sim::engine::RunOptions& options) override {
    return sim::engine::run_cycle(program_, graph_, hardware_, inputs, options);
  }

 private:
  const sim::compiler::Program& program_;
  const network::QuantizedGraph& graph_;
  const sim::arch::Hardware hardware_;
};

class FastSimulator final : public Simulator {
 public:
  FastSimulator(const sim::compiler::Program& program, const network::QuantizedGraph& graph,
                const sim::arch::Hardware& hardware)
      : engine_(program, graph, hardware) {}

  sim::engine::RunResult run(std::span<const network::Tensor> inputs,
                             const sim::engine::RunOptions& options) override {
    return engine_.run(inputs, options);
  }

 private:
  sim::fast::FastEngine engine_;
};

}  // namespace

const std::map<std::string, Engine>& engine_choices() {
  static const std::map<std::string, Engine> kChoices{
      {"golden", Engine::kGolden}, {"cycle", Engine::kCycle}, {"fast", Engine::kFast}};
  return kChoices;
}

std::string name(Engine engine) {
  for (const auto& [text, choice] : engine_choices()) {
    if (choice == engine) return text;
  }
  return "";
}

std::unique_ptr<Simulator> make_simulator(Engine engine, const sim::compiler::Program& program,
                                          const network::QuantizedGraph& graph,
                                          const sim::arch::Hardware& hardware) {
  switch (engine) {
    case Engine::kCycle:
      return std::make_unique<CycleSimulator>(program, graph, hardware);
    case Engine::kFast:
      return std::make_unique<FastSimulator>(program, graph, hardware);
    case Engine::kGolden:
      break;
  }
  throw base::InputError("the golden model simulates no accelerator");
}

}  // namespace dlasim::cli
