#include "random_cases.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "sim/compiler/compile.h"

namespace dlasim::testing {
namespace {

RandomCase make_case(Choices& c, RandomGraph (*make_graph)(Choices&)) {
  RandomCase result;
  result.net = make_graph(c);
  result.hardware = random_hardware(c);
  result.options.stalls.per_mille = c.one_of<std::uint32_t>({0, 50, 300, 700});
  result.options.stalls.seed = static_cast<std::uint64_t>(c.pick(1, 1000));
  result.description = result.net.description + describe(result.hardware) +
                       fmt::format("  stalls: {} per mille\n", result.options.stalls.per_mille);
  return result;
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::optional<std::string> find(const FindDifference& difference, const RandomCase& c, bool fuse) {
  try {
    return difference(c, fuse);
  } catch (const std::exception& e) {
    return std::string("threw: ") + e.what();
  }
}

}  // namespace

sim::compiler::Program compile_with_room(const RandomCase& c, sim::arch::Hardware& hardware, bool fuse) {
  hardware = c.hardware;
  for (;;) {
    try {
      return sim::compiler::compile(c.net.graph, hardware, {fuse});
    } catch (const base::InputError&) {
      if (hardware.buffers.weight_kib > 1024) throw;
      hardware.buffers.weight_kib *= 2;
      hardware.buffers.activation_kib *= 2;
      hardware.pe_array.max_taps = std::max(hardware.pe_array.max_taps, 12);  // a pool's window stays whole
    }
  }
}

void run_cases(std::uint64_t first_seed, std::uint64_t count, RandomGraph (*make_graph)(Choices&),
               const FindDifference& difference) {
  first_seed = from_environment("DLASIM_RANDOM_SEED", first_seed);
  count = from_environment("DLASIM_RANDOM_COUNT", count);
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    for (const bool fuse : {true, false}) {
      Choices choices(seed);
      const RandomCase c = make_case(choices, make_graph);
      if (!fuse && c.net.graph.nodes.size() == 1) continue;
      const auto what = find(difference, c, fuse);
      if (!what) continue;
      const auto smallest = shrink(
          choices.taken(),
          [&](const std::vector<std::uint64_t>& trial) {
            Choices replay(seed, trial);
            const auto smaller = find(difference, make_case(replay, make_graph), fuse);
            return smaller && smaller->starts_with("threw") == what->starts_with("threw");  // the same defect
          },
          400);
      Choices replay(seed, smallest);
      const RandomCase small = make_case(replay, make_graph);
      ADD_FAILURE() << "seed " << seed << (fuse ? "" : ", not fused") << ": " << *what
                    << "\nsmallest: " << find(difference, small, fuse).value_or("gone") << "\n"
                    << small.description;
      return;  // one at a time: the next is often the same defect
    }
  }
}

}  // namespace dlasim::testing
