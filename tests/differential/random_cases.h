#pragma once
/// Random graphs on random hardware, run in a series; a case that fails is shrunk and printed with its seed.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "random_graph.h"
#include "sim/compiler/program.h"
#include "sim/engine/run.h"

namespace dlasim::testing {

struct RandomCase {
  RandomGraph net;
  sim::arch::Hardware hardware;
  sim::engine::RunOptions options;  ///< random stalls
  std::string description;
};

/// The case's program for hardware whose buffers grow until the layers fit: which ones are too small for one
/// tap is the tiler's own test. `hardware` receives it.
sim::compiler::Program compile_with_room(const RandomCase& c, sim::arch::Hardware& hardware, bool fuse);

/// What is wrong with a case, or nothing. An exception counts as wrong.
using FindDifference = std::function<std::optional<std::string>(const RandomCase&, bool fuse)>;

/// Every case of a seed range, fused and not, with its smallest form if it fails. DLASIM_RANDOM_SEED and
/// DLASIM_RANDOM_COUNT give another range: to repeat a failure, or to soak.
void run_cases(std::uint64_t first_seed, std::uint64_t count, RandomGraph (*make_graph)(Choices&),
               const FindDifference& difference);

}  // namespace dlasim::testing
