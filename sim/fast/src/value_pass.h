#pragma once
/// What a program computes, without any time: pass after pass, the tiles of a pass spread over threads.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "fixed_point/reduce.h"
#include "prepared_pass.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/post_arithmetic.h"
#include "sim/compiler/program.h"
#include "sim/memory/dram_contents.h"

namespace dlasim::sim::fast {

/// The passes of one program, prepared when they first run and kept.
class ValuePass {
 public:
  /// `layers`: those of the program.
  ValuePass(const arch::Hardware& hardware, std::size_t layers, base::ThreadPool& pool);

  /// Runs a stream of the program to its end; `memory` begins as the program's image. Throws
  /// base::SimulationError for an access outside the memory.
  void run(const compiler::CommandStream& stream, memory::DramContents& memory);
  /// Events of the truncation units since the last call, by layer and point.
  std::vector<fixed_point::PointEvents> take_events();

 private:
  using Passes = std::vector<std::unique_ptr<PreparedPass>>;
  Passes prepare_all(const compiler::CommandStream& stream, const memory::DramContents& memory);

  const arch::Hardware hardware_;
  base::ThreadPool& pool_;
  blocks::PostArithmetic arithmetic_;
  std::size_t room_;                        ///< bytes that packed weights may still take from run to run
  std::map<std::uint64_t, Passes> passes_;  ///< by the stream's address
  std::vector<fixed_point::PointEvents> events_;
};

}  // namespace dlasim::sim::fast
