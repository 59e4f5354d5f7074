#pragma once
/// The fast engine: what a program computes, tile by tile with vector arithmetic on several threads, and when
/// everything happens, from the commands alone. Both are those of the cycle engine: tensors bit for bit,
/// cycles of every layer, DRAM transfers, events of truncation units.

#include <memory>
#include <optional>
#include <span>

#include "base/thread_pool.h"
#include "sim/arch/hardware.h"
#include "sim/engine/run.h"
#include "sim/fast/timing.h"

namespace dlasim::sim::fast {

class ValuePass;

/// Runs one program any number of times; what does not depend on the inputs is done once. `program` and
/// `graph` must outlive the engine.
class FastEngine {
 public:
  /// `threads`: 0 for one a processor. No result depends on it.
  FastEngine(const compiler::Program& program, const network::QuantizedGraph& graph,
             const arch::Hardware& hardware, int threads = 0);
  ~FastEngine();

  /// As engine::run_cycle; `options.progress` is not called. Throws base::UnsupportedError for stalls, faults
  /// and waves, which only a clocked engine has.
  engine::RunResult run(std::span<const network::Tensor> inputs, const engine::RunOptions& options = {});

 private:
  const compiler::Program& program_;
  const network::QuantizedGraph& graph_;
  const arch::Hardware hardware_;
  base::ThreadPool pool_;
  std::unique_ptr<ValuePass> values_;  ///< of the runs before
  std::optional<Timing> timing_;
};

/// Runs `program` once.
engine::RunResult run_fast(const compiler::Program& program, const network::QuantizedGraph& graph,
                           const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                           const engine::RunOptions& options = {}, int threads = 0);

}  // namespace dlasim::sim::fast
