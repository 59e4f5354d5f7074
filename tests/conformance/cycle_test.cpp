// The accelerator against every vector of the outside authors: no differing element; nothing left out but the
// operators of the host.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "conformance/verify.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"

namespace dlasim::conformance {
namespace {

/// Lanes wide enough for int32 tensors, registers for every tap.
sim::arch::Hardware hardware() {
  sim::arch::Hardware h;
  h.pe_array.activation_bits = 32;
  h.pe_array.max_taps = 256;
  return h;
}

std::vector<network::Tensor> run_on_accelerator(const network::QuantizedGraph& graph,
                                                std::span<const network::Tensor> inputs) {
  const auto program = sim::compiler::compile(graph, hardware());
  const auto result = sim::engine::run_cycle(program, graph, hardware(), inputs);
  std::vector<network::Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors.at(static_cast<std::size_t>(t)));
  return outputs;
}

class CycleVectors : public testing::TestWithParam<const char*> {};

TEST_P(CycleVectors, AgreeBitForBit) {
  const auto folder = std::filesystem::path(DLA_SHARED_DIR) / "vectors" / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("cycle", run_on_accelerator);
  const std::filesystem::path paths[] = {folder};
  const auto outcomes = Verifier(engine).run(paths);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(tally(outcomes).failed, 0) << report.str();
  EXPECT_GT(tally(outcomes).passed, 0);
  const std::set<std::string> host{"softmax", "svdf", "lstm", "requantize"};  // requantize: of int64 tensors
  for (const Outcome& o : outcomes) {
    EXPECT_TRUE(o.verdict != Verdict::kUnsupported || host.contains(o.op)) << o.file << ": " << o.detail;
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, CycleVectors,
                         testing::Values("cmsis_nn", "cmsis_nn_wavenet", "tflite_activations"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace dlasim::conformance
