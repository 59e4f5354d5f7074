// One run of one engine's hot loop, for callgrind: `hot_loops NAME`. scripts/count_instructions counts inside
// the engine's entry function, and benchmarks/instruction_counts.txt keeps what it found.

#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "layer.h"
#include "numerics.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"

namespace dlasim::benchmarks {
namespace {

using Numerics = std::optional<network::StagedNumerics>;

const std::map<std::string, Numerics>& loops() {
  static const std::map<std::string, Numerics> kLoops{
      {"cycle_int8", std::nullopt},
      {"cycle_dfp_truncating", truncating_dfp()},
      {"cycle_fp8_exact_products", fp8(exact())},
      {"cycle_fp8_rounded_products", fp8(ieee(5, 4))},
  };
  return kLoops;
}

std::uint64_t run(const Numerics& numerics) {
  LayerShape shape;
  shape.positions = 256;
  const Layer layer = convolution(shape, numerics);
  const sim::arch::Hardware hardware;
  const auto program = sim::compiler::compile(layer.graph, hardware);
  return sim::engine::run_cycle(program, layer.graph, hardware, layer.inputs).cycles;
}

}  // namespace
}  // namespace dlasim::benchmarks

int main(int argc, char** argv) {
  using namespace dlasim::benchmarks;
  const auto loop = argc == 2 ? loops().find(argv[1]) : loops().end();
  if (loop == loops().end()) {
    std::fprintf(stderr, "hot_loops NAME, where NAME is one of:\n");
    for (const auto& [name, ignored] : loops()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  std::printf("%llu cycles\n", static_cast<unsigned long long>(run(loop->second)));
  return 0;
}
