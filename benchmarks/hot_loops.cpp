// One run of an engine's hot loop, for callgrind: `hot_loops NAME`. scripts/count_instructions counts inside
// the engine's entry function, and benchmarks/instruction_counts.txt keeps what it found.

#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "layer.h"
#include "network_builder.h"
#include "numerics.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/fast/fast_engine.h"

namespace dlasim::benchmarks {
namespace {

using Numerics = std::optional<network::StagedNumerics>;

std::uint64_t run_cycle(const Numerics& numerics) {
  LayerShape shape;
  shape.positions = 256;
  const Layer layer = convolution(shape, numerics);
  const sim::arch::Hardware hardware;
  const auto program = sim::compiler::compile(layer.graph, hardware);
  return sim::engine::run_cycle(program, layer.graph, hardware, layer.inputs).cycles;
}

std::uint64_t run_fast(const network::QuantizedGraph& graph, const std::vector<network::Tensor>& inputs) {
  const sim::arch::Hardware hardware;
  const auto program = sim::compiler::compile(graph, hardware);
  return sim::fast::run_fast(program, graph, hardware, inputs, {}, 1).cycles;
}

std::uint64_t run_fast(const Numerics& numerics) {
  const Layer layer = convolution({}, numerics);
  return run_fast(layer.graph, layer.inputs);
}

/// Expansion, depthwise convolution, projection and residual sum of a MobileNet.
std::uint64_t run_fast_mobilenet_block() {
  constexpr std::int64_t kSize = 28, kChannels = 32, kWide = 192;
  NetworkBuilder b;
  const auto x = b.input({1, kSize, kSize, kChannels});
  auto y = b.convolution(x, {"expand", kSize, kSize, kChannels, kWide, 1, 1, 1, 1, false});
  y = b.convolution(y, {"depthwise", kSize, kSize, kWide, kWide, 3, 3, 1, 1, true});
  y = b.convolution(y, {"project", kSize, kSize, kWide, kChannels, 1, 1, 1, 1, false});
  return run_fast(b.finish(b.add_residual(x, y)), b.inputs());
}

using Loops = std::map<std::string, std::function<std::uint64_t()>>;

const Loops& loops() {
  static const Loops kLoops{
      {"cycle_int8", [] { return run_cycle(std::nullopt); }},
      {"cycle_dfp_truncating", [] { return run_cycle(truncating_dfp()); }},
      {"cycle_fp8_exact_products", [] { return run_cycle(fp8(exact())); }},
      {"cycle_fp8_rounded_products", [] { return run_cycle(fp8(ieee(5, 4))); }},
      {"fast_int8", [] { return run_fast(std::nullopt); }},
      {"fast_dfp_truncating", [] { return run_fast(truncating_dfp()); }},
      {"fast_mobilenet_block", run_fast_mobilenet_block},
  };
  return kLoops;
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
  std::printf("%llu cycles\n", static_cast<unsigned long long>(loop->second()));
  return 0;
}
