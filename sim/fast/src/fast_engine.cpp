#include "sim/fast/fast_engine.h"

#include <exception>
#include <future>

#include "base/error.h"
#include "sim/engine/run_program.h"
#include "sim/engine/tensor_memory.h"
#include "value_pass.h"

namespace dlasim::sim::fast {
namespace {

void refuse_what_needs_a_clock(const engine::RunOptions& options) {
  const char* what = options.stalls.enabled()    ? "random stalls"
                     : options.fault.has_value() ? "faults on purpose"
                     : options.trace != nullptr  ? "waves"
                                                 : nullptr;
  if (what != nullptr)
    throw base::UnsupportedError(std::string("the fast engine has no ") + what + ": use the cycle engine");
}

}  // namespace

FastEngine::FastEngine(const compiler::Program& program, const network::QuantizedGraph& graph,
                       const arch::Hardware& hardware, int threads)
    : program_(program), graph_(graph), hardware_(hardware), pool_(threads) {}

FastEngine::~FastEngine() = default;

engine::RunResult FastEngine::run(std::span<const network::Tensor> inputs,
                                  const engine::RunOptions& options) {
  refuse_what_needs_a_clock(options);
  std::future<Timing> timing;
  if (!timing_) timing = pool_.run_beside([this] { return time_program(program_, hardware_); });
  memory::DramContents memory(program_.image, program_.fixed_from, &pool_);
  engine::TensorMemory tensors(program_, graph_, memory);
  // A run that fails leaves nothing behind: its events would be those of the next one.
  auto values =
      values_ ? std::move(values_) : std::make_unique<ValuePass>(hardware_, program_.layers.size(), pool_);
  std::exception_ptr failure;
  try {
    tensors.write_inputs(inputs);
    engine::run_steps(program_, tensors, options.host,
                      [&](const compiler::CommandStream& stream) { values->run(stream, memory); });
  } catch (const base::SimulationError&) {
    failure = std::current_exception();
  }
  // A deadlock comes before whatever the commands behind it do.
  if (!timing_) timing_ = timing.get();
  if (failure) std::rethrow_exception(failure);

  engine::RunResult result;
  result.cycles = timing_->cycles;
  result.layers = engine::layer_results(timing_->layers);
  const auto events = values->take_events();
  for (std::size_t i = 0; i < result.layers.size(); ++i) result.layers[i].events = events[i];
  result.dram = timing_->dram;
  result.load_busy_cycles = timing_->load_busy_cycles;
  result.store_busy_cycles = timing_->store_busy_cycles;
  result.tensors = tensors.read_all();
  values_ = std::move(values);
  return result;
}

engine::RunResult run_fast(const compiler::Program& program, const network::QuantizedGraph& graph,
                           const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                           const engine::RunOptions& options, int threads) {
  return FastEngine(program, graph, hardware, threads).run(inputs, options);
}

}  // namespace dlasim::sim::fast
