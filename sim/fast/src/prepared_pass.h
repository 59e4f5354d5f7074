#pragma once
/// A pass with what is made for it once: its plan, packed weights, tables and truncation units.

#include <cstddef>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "fixed_point/reduce.h"
#include "pass_reader.h"
#include "sim/arch/hardware.h"
#include "tile_output.h"

namespace dlasim::sim::fast {

class PreparedPass {
 public:
  virtual ~PreparedPass() = default;
  PreparedPass(const PreparedPass&) = delete;
  PreparedPass& operator=(const PreparedPass&) = delete;

  /// Runs all tiles on what `memory` holds; adds what truncation units count to `events`, by layer. Throws
  /// base::SimulationError for an access outside the memory.
  void run(memory::DramContents& memory, blocks::PostArithmetic& arithmetic, base::ThreadPool& pool,
           std::vector<fixed_point::PointEvents>& events);

 protected:
  PreparedPass(Pass pass, const arch::Hardware& hardware);
  const Pass& pass() const { return pass_; }

 private:
  virtual void run_tiles(const PassContext& context, base::ThreadPool& pool,
                         std::vector<fixed_point::PointEvents>& events) = 0;
  void load_tables(const memory::DramContents& memory, blocks::PostArithmetic& arithmetic) const;

  const Pass pass_;
  const std::size_t ic_lanes_, oc_lanes_;
};

/// `threads`: of the pool that will run it. `room`: bytes that packed weights may take from run to run; what
/// the pass may keep is subtracted. What does not fit is packed in every run.
std::unique_ptr<PreparedPass> prepare(Pass pass, const arch::Hardware& hardware, int threads,
                                      std::size_t& room);

}  // namespace dlasim::sim::fast
