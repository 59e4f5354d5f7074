#pragma once
/// Faulty copies of the RTL, made by the build (mutants.cmake).

#include <cstdint>
#include <vector>

#include "sim/cosim/lockstep.h"

namespace dlasim::sim::cosim {

struct Mutant {
  const char* name;
  /// Runs the block's random test up to the first difference.
  Comparison (*run)(std::uint64_t seed, std::uint64_t cycles);
};

const std::vector<Mutant>& mutants();

}  // namespace dlasim::sim::cosim
