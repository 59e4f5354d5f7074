/// A stream gives the integers of the whole sequence, whatever the hop: on golden in every tensor and
/// position, on the cycle engine in the output.

#include "network/streaming.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "base/yaml.h"
#include "golden/interpreter.h"
#include "network/importers/nam.h"
#include "network/network_yaml.h"
#include "quantize/post_training.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "support/places.h"

namespace dlasim {
namespace {

using network::QuantizedGraph;
using network::Tensor;

QuantizedGraph quantised(const network::Graph& graph, const quantize::Scheme& scheme,
                         std::vector<Tensor>& inputs) {
  base::Random random(5);
  Tensor input(network::DType::kFloat32, graph.tensor(graph.inputs[0]).shape);
  for (float& v : input.data<float>()) v = static_cast<float>(random.uniform(-0.7, 0.7));
  auto result = quantize::quantize_post_training(graph, {{input}}, scheme).quantized;
  const auto& info = result.tensor(result.inputs[0]);
  inputs = {quantize::quantize(input, *info.affine, info.dtype)};
  return result;
}

QuantizedGraph tiny_wavenet(std::int64_t length, std::vector<Tensor>& inputs) {
  const auto document =
      base::YamlDocument::from_file(places::source("configs/networks/wavenet_tiny.yaml").string());
  return quantised(network::read_network(document.root(), {.sequence_length = length}),
                   quantize::int8_scheme(), inputs);
}

/// Runs hop by hop; `run` gives all tensors of the hop graph by id.
template <class Run>
void expect_equal_to_sequence(const QuantizedGraph& sequence, const std::vector<Tensor>& inputs,
                              std::int64_t hop, Run run) {
  const auto expected = golden::run_all(sequence, inputs);
  const network::StreamingGraph streaming = network::make_streaming(sequence, hop);
  network::StreamState state(streaming);
  const std::int64_t length = inputs[0].shape()[2];
  std::uint64_t compared = 0;
  for (std::int64_t t = 0; t < length; t += hop) {
    const std::vector<Tensor> now{network::positions(inputs[0], t, hop)};
    const std::vector<Tensor> tensors = run(streaming.graph, state.inputs(now));
    state.advance(tensors, now);
    const std::int64_t valid = std::min(hop, length - t);
    for (const network::QuantizedNode& node : sequence.nodes) {
      const auto id = static_cast<std::size_t>(node.outputs[0]);
      if (tensors[id].size() == 0) continue;  // fused away
      ASSERT_EQ(network::positions(tensors[id], 0, valid), network::positions(expected[id], t, valid))
          << node.name << " at " << t << ", hop " << hop;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0U);
}

const auto kGolden = [](const QuantizedGraph& graph, const std::vector<Tensor>& inputs) {
  return golden::run_all(graph, inputs);
};

TEST(Streaming, TinyWavenetOnGoldenForEveryHop) {
  std::vector<Tensor> inputs;
  const QuantizedGraph sequence = tiny_wavenet(41, inputs);
  for (const std::int64_t hop : {1, 2, 3, 4, 5, 8, 9, 41, 50}) {
    expect_equal_to_sequence(sequence, inputs, hop, kGolden);
  }
}

TEST(Streaming, AmplifierOnGolden) {
  const auto model = network::read_nam(places::source("models/nam_standard/nam_standard.nam").string(),
                                       {.samples = 300, .slimmable_size = {}});
  std::vector<Tensor> inputs;
  const QuantizedGraph sequence = quantised(model.graph, quantize::int16x8_scheme(), inputs);
  for (const std::int64_t hop : {1, 7, 64}) expect_equal_to_sequence(sequence, inputs, hop, kGolden);
}

TEST(Streaming, TinyWavenetOnTheCycleEngine) {
  std::vector<Tensor> inputs;
  const QuantizedGraph sequence = tiny_wavenet(23, inputs);
  const sim::arch::Hardware hardware;
  for (const std::int64_t hop : {1, 6}) {
    expect_equal_to_sequence(sequence, inputs, hop,
                             [&](const QuantizedGraph& graph, const std::vector<Tensor>& hop_inputs) {
                               const auto program = sim::compiler::compile(graph, hardware);
                               return sim::engine::run_cycle(program, graph, hardware, hop_inputs).tensors;
                             });
  }
}

TEST(Streaming, RingsHoldThePastOfEachLayer) {
  std::vector<Tensor> inputs;
  const QuantizedGraph sequence = tiny_wavenet(10, inputs);
  const auto streaming = network::make_streaming(sequence, 1);
  // start: 1 position of 1 channel; layers: 1 + 2 + 4 + 8 positions of 8 channels.
  EXPECT_EQ(network::StreamState(streaming).values(), 1 + 15 * 8);
}

TEST(Streaming, RefusesWhatIsNotCausal) {
  std::vector<Tensor> inputs;
  QuantizedGraph sequence = tiny_wavenet(10, inputs);
  auto& conv = std::get<network::qop::Conv2d>(sequence.nodes[0].operation);
  conv.padding = {0, 0, 0, 1};
  EXPECT_THROW(network::make_streaming(sequence, 1), base::UnsupportedError);
  EXPECT_THROW(network::make_streaming(sequence, 0), base::InputError);
}

}  // namespace
}  // namespace dlasim
