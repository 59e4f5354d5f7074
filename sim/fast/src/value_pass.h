#pragma once
/// What a program computes, without any time: pass after pass, the tiles of a pass spread over threads.

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "fixed_point/reduce.h"
#include "pass_reader.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/post_arithmetic.h"
#include "sim/compiler/program.h"
#include "sim/memory/dram_contents.h"

namespace dlasim::sim::fast {

class ValuePass {
 public:
  /// `memory` is the DRAM; `layers` those of the program.
  ValuePass(const arch::Hardware& hardware, memory::DramContents& memory, std::size_t layers,
            base::ThreadPool& pool);

  /// Runs a stream to its end. Throws base::SimulationError for an access outside the memory.
  void run(const compiler::CommandStream& stream);
  /// Events of the truncation units by layer and point.
  const std::vector<fixed_point::PointEvents>& events() const { return events_; }

 private:
  void run_pass(const Pass& pass);
  void load_tables(const Pass& pass);

  const arch::Hardware hardware_;
  memory::DramContents& memory_;
  base::ThreadPool& pool_;
  blocks::PostArithmetic arithmetic_;
  std::vector<fixed_point::PointEvents> events_;
};

}  // namespace dlasim::sim::fast
