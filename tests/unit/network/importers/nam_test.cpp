#include "network/importers/nam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "mutations.h"

namespace dlasim {
namespace {

using network::AudioNetwork;
using ::testing::HasSubstr;

/// Text with `from` replaced by `to`; `from` must occur.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// Two channels, one gated layer of two taps, dilation 3, then a head. 2 + (4*2*2 + 4 + 4 + 2*2 + 2) + 2 + 1
/// numbers.
std::string tiny() {
  std::string weights;
  for (int i = 0; i < 35; ++i) weights += (i == 0 ? "" : ", ") + std::to_string(i + 1);
  return R"({"version": "0.7.0", "architecture": "WaveNet", "sample_rate": 44100, "config": {"layers": [
    {"input_size": 1, "condition_size": 1, "channels": 2, "kernel_size": 2, "dilations": [3],
     "activation": "Tanh", "gating_mode": "gated", "head_size": 1, "head_bias": false}],
    "head": null, "head_scale": 7}, "weights": [)" +
         weights + "]}";
}

const network::Tensor& constant(const AudioNetwork& net, const std::string& name) {
  for (const auto& tensor : net.graph.tensors) {
    if (tensor.name == name) return *tensor.constant;
  }
  throw std::out_of_range(name);
}

std::string refusal(const std::string& json) {
  try {
    network::import_nam(json, "x.nam", {.samples = 8, .slimmable_size = {}});
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(ImportNam, ReadsWeightsInFileOrderAndPadsOnTheLeft) {
  const AudioNetwork net = network::import_nam(tiny(), "tiny", {.samples = 8, .slimmable_size = {}});
  EXPECT_EQ(net.receptive_field, 4);
  EXPECT_EQ(net.sample_rate, 44100.0);
  // rechannel 1 2; conv from 3: output 0 has input 0 (taps 3 4), input 1 (taps 5 6). OHWI puts the taps
  // outside.
  const auto conv = constant(net, "array0_layer0_conv_weight").data<float>();
  EXPECT_EQ(std::vector<float>(conv.begin(), conv.begin() + 4), (std::vector<float>{3, 5, 4, 6}));
  EXPECT_EQ(constant(net, "array0_layer0_conv_bias").data<float>()[0], 19);
  // the head's two weights, 33 and 34, times the last number: head_scale of the config is ignored
  const auto head = constant(net, "array0_head_weight").data<float>();
  EXPECT_EQ(head[0], 33.0F * 35.0F);
  for (const auto& node : net.graph.nodes) {
    if (node.name != "array0_layer0_conv") continue;
    const auto& op = std::get<network::op::Conv2d>(node.operation);
    EXPECT_EQ(op.padding, (network::Padding{.top = 0, .left = 3, .bottom = 0, .right = 0}));
    EXPECT_EQ(op.dilation, (network::Pair{1, 3}));
  }
  // The only layer's layer1x1 feeds nothing: its weights are read, its node is not made.
  for (const auto& node : net.graph.nodes) EXPECT_NE(node.name, "array0_layer0_layer1x1");
}

TEST(ImportNam, EveryWeightIsUsedOnce) {
  EXPECT_THAT(refusal(with(tiny(), ", 35]", "]")), HasSubstr("ends after 34"));
  EXPECT_THAT(refusal(with(tiny(), ", 35]", ", 35, 36]")), HasSubstr("36 numbers, the structure needs 35"));
}

TEST(ImportNam, RefusesByKey) {
  EXPECT_THAT(refusal(with(tiny(), "\"Tanh\"", "\"Mish\"")),
              HasSubstr("layers[0].activation: activation 'Mish'"));
  EXPECT_THAT(refusal(with(tiny(), "\"head_bias\"", "\"head_bais\"")),
              HasSubstr("config.layers[0].head_bais"));
  EXPECT_THAT(refusal(with(tiny(), "WaveNet", "LSTM")), HasSubstr("architecture: 'LSTM'"));
  EXPECT_THAT(refusal(with(tiny(), "0.7.0", "0.9.0")), HasSubstr("version"));
  EXPECT_THAT(refusal(with(tiny(), "\"channels\": 2", "\"channels\": 2.5")),
              HasSubstr("2.5 is not an integer"));
  EXPECT_THAT(refusal(with(tiny(), "\"dilations\": [3]", "\"dilations\": [0]")),
              HasSubstr("0 is not an integer"));
  EXPECT_THAT(refusal(with(tiny(), "\"gated\"", "\"glued\"")), HasSubstr("gating_mode: \"glued\""));
  EXPECT_THAT(refusal("{\"version\": "), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(std::string(100000, '[')), HasSubstr("nested deeper"));
}

TEST(ImportNam, AContainerSelectsBySize) {
  const std::string large =
      with(tiny(), "\"kernel_size\": 2, \"dilations\": [3]", "\"kernel_size\": 2, \"dilations\": [5]");
  const std::string container =
      R"({"version": "0.7.0", "architecture": "SlimmableContainer", "weights": [], "config": {"submodels": [
        {"max_value": 0.5, "model": )" +
      tiny() + R"(}, {"max_value": 1.0, "model": )" + large + "}]}}";
  const auto field = [&](std::optional<double> size) {
    return network::import_nam(container, "c", {.samples = 8, .slimmable_size = size}).receptive_field;
  };
  EXPECT_EQ(field(std::nullopt), 6);
  EXPECT_EQ(field(0.49), 4);
  EXPECT_EQ(field(0.5), 6);
  EXPECT_EQ(field(1.0), 6);
  EXPECT_THROW(field(1.5), base::InputError);
}

TEST(ImportNam, SlimmingKeepsFirstRowsAndColumns) {
  const std::string slim = with(tiny(), "\"head_bias\": false",
                                R"("head_bias": false, "slimmable": {"method": "slice_channels_uniform",
                                   "kwargs": {"allowed_channels": [1, 2]}})");
  const AudioNetwork net = network::import_nam(slim, "s", {.samples = 8, .slimmable_size = 0.3});
  // Of four gated rows the first two stay, of two columns the first.
  const auto& conv = constant(net, "array0_layer0_conv_weight");
  EXPECT_EQ(conv.shape(), (network::Shape{2, 1, 2, 1}));
  EXPECT_EQ(conv.data<float>()[2], 7);
  EXPECT_EQ(constant(net, "array0_head_weight").shape(), (network::Shape{1, 1, 1, 1}));
}

TEST(ImportClassicWaveNet, ReadsItsFlatList) {
  const std::string json =
      R"({"format": "classic-wavenet/1", "layers_per_block": 2, "blocks": 1, "kernel_size": 2,
    "residual_channels": 2, "dilation_channels": 1, "skip_channels": 3, "classes": 4, "input": "scalar-mulaw",
    "biases": "end_conv only", "gating": "tanh*sigmoid", "weights": "w.npy"})";
  std::vector<float> weights(2 + 2 * (2 * 2 * 2 + 2 + 3) + 4 * 3 + 4);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  const network::AudioOptions options{.samples = 5, .slimmable_size = {}};
  const AudioNetwork net = network::import_classic_wavenet(json, weights, "c", options);
  EXPECT_EQ(net.receptive_field, 4);
  EXPECT_EQ(net.graph.tensor(net.graph.outputs[0]).shape, (network::Shape{1, 1, 5, 4}));
  EXPECT_EQ(constant(net, "layer1_skip_conv_weight").data<float>()[0], 2 + 13 + 8 + 2);
  weights.pop_back();
  EXPECT_THROW(network::import_classic_wavenet(json, weights, "c", options), base::InputError);
  EXPECT_THROW(network::read_classic_wavenet("/no/such/model.json", options), base::InputError);
}

TEST(ImportNam, SurvivesDamagedFiles) {
  const std::string text = tiny();
  int refused = 0;
  constexpr unsigned kMutations = 3000;
  for (unsigned seed = 0; seed < kMutations; ++seed) {
    const auto bytes = tests::mutated(std::as_bytes(std::span(text)), seed);
    try {
      network::import_nam({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "damaged",
                          {.samples = 8, .slimmable_size = {}});
    } catch (const base::InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(kMutations) / 2);
}

}  // namespace
}  // namespace dlasim
