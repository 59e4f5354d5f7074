// The checks are checked: every faulty copy of the RTL is found by its block's lockstep.

#include "mutants.h"

#include <gtest/gtest.h>

#include <iostream>

namespace dlasim::sim::cosim {
namespace {

constexpr std::uint64_t kSeed = 1, kCycles = 20000;  // the same effort as the test of the good RTL

TEST(Mutants, AreAllFound) {
  EXPECT_GE(mutants().size(), 25U);
  for (const Mutant& m : mutants()) {
    const Comparison c = m.run(kSeed, kCycles);
    ASSERT_TRUE(c.difference()) << m.name << " is not found";
    std::cout << m.name << ": " << to_string(*c.difference()) << '\n';
  }
}

}  // namespace
}  // namespace dlasim::sim::cosim
