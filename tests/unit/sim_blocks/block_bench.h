#pragma once
/// A testbench for one block: a source and a sink that stall at random, and what came out.

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::blocks {

/// Chances in per cent that the source has nothing to give and that the sink takes nothing.
struct Stalls {
  int source = 0, sink = 0;
};
inline constexpr Stalls kNoStalls{};
/// Nobody waits; each side slow; both.
inline constexpr Stalls kStallPatterns[]{{0, 0}, {0, 60}, {60, 0}, {30, 30}, {80, 80}};

template <class Out>
struct Emitted {
  Out beat;
  std::uint64_t offered = 0;  ///< cycle in which the beat was first valid
  std::uint64_t taken = 0;
};

template <class Out>
struct Outcome {
  std::vector<Emitted<Out>> out;
  std::vector<std::uint64_t> accepted;  ///< cycle in which input i was taken
};

/// Offers `inputs` to the block in order and takes `expected` outputs. `step(input or null, out taken)` is
/// the block's clock edge. Fails if the block stands still or an offered beat changes before it is taken.
template <class Block, class In, class Step>
auto drive(Block& block, const std::vector<In>& inputs, std::size_t expected, const Stalls& stalls,
           base::Random& random, Step step) {
  using Out = std::decay_t<decltype(block.out())>;
  Outcome<Out> outcome;
  std::size_t next = 0;
  std::uint64_t idle = 0, offered = 0;
  bool waiting = false;
  Out held{};
  for (std::uint64_t cycle = 0; (next < inputs.size() || outcome.out.size() < expected) && idle < 1000;
       ++cycle) {
    const bool give = next < inputs.size() && block.ready() && random.integer(0, 99) >= stalls.source;
    const bool take = block.valid() && random.integer(0, 99) >= stalls.sink;
    if (block.valid()) {
      if (waiting) {
        EXPECT_EQ(block.out(), held) << "an offered beat changed";
      }
      if (!waiting) offered = cycle;
      held = block.out();
    }
    waiting = block.valid() && !take;
    if (take) outcome.out.push_back({block.out(), offered, cycle});
    step(give ? &inputs[next] : nullptr, take);
    if (give) {
      outcome.accepted.push_back(cycle);
      ++next;
    }
    idle = give || take ? 0 : idle + 1;
  }
  EXPECT_LT(idle, 1000U) << "the block stands still";
  EXPECT_FALSE(block.valid()) << "more came out than went in";
  return outcome;
}

inline arch::Hardware lanes(int ic, int oc) {
  arch::Hardware h;
  h.pe_array.ic_lanes = ic;
  h.pe_array.oc_lanes = oc;
  h.pe_array.max_taps = 12;
  return h;
}

template <class T>
std::vector<T> random_values(base::Random& random, std::size_t count, std::int64_t low, std::int64_t high) {
  std::vector<T> values(count);
  for (T& v : values) v = static_cast<T>(random.integer(low, high));
  return values;
}

}  // namespace dlasim::sim::blocks
