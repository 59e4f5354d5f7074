#include "quantize/calibration_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

/// x -> conv1 -> y -> conv2 -> z
network::Graph two_layers() {
  network::Graph graph;
  const network::Shape shape{1, 1, 2, 1};
  graph.inputs = {graph.add_tensor({"x", network::DType::kFloat32, shape, {}, {}})};
  const auto w = graph.add_constant("w", network::Tensor(network::DType::kFloat32, {1, 1, 1, 1}));
  const auto y = graph.add_node("conv1", network::op::Conv2d{}, {graph.inputs[0], w}, shape);
  graph.outputs = {graph.add_node("conv2", network::op::Conv2d{}, {y, w}, shape)};
  return graph;
}

TEST(CalibrationTable, TensorrtCache) {
  // 3c010204 is nearly 1/127; names may hold colons.
  const auto table =
      parse_tensorrt_cache("TRT-8601-EntropyCalibration2\nx: 3c010204\na:0: 40000000\r\n\n", "t");
  EXPECT_EQ(table.key, CalibrationTable::Key::kTensor);
  ASSERT_EQ(table.magnitude.size(), 2U);
  EXPECT_NEAR(table.magnitude.at("x"), 1.0, 1e-6);
  EXPECT_EQ(table.magnitude.at("a:0"), 254.0);
}

TEST(CalibrationTable, TensorrtMistakesAreNamed) {
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("", "t"); }), HasSubstr("t:1: a cache begins"));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx 3c", "t"); }),
              HasSubstr("t:2: no \"tensor: scale\""));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx: 3g", "t"); }), HasSubstr("t:2: '3g' is not"));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx: 123456789", "t"); }),
              HasSubstr("is not a float32"));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx: 7f800000", "t"); }),
              HasSubstr("not positive and finite"));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx: bf800000", "t"); }),
              HasSubstr("not positive and finite"));
  EXPECT_THAT(refusal([] { parse_tensorrt_cache("TRT-1\nx: 3f800000\nx: 3f800000", "t"); }),
              HasSubstr("t:3: 'x' is given twice"));
}

TEST(CalibrationTable, NcnnTableGivesInputsAndSkipsWeights) {
  const auto table =
      parse_ncnn_table("conv1_param_0 10.0 11.5 12\nconv2_param_0 3\nconv1 63.5\nconv2 254\n", "t");
  EXPECT_EQ(table.key, CalibrationTable::Key::kLayerInput);
  EXPECT_EQ(table.magnitude, (std::map<std::string, double>{{"conv1", 2.0}, {"conv2", 0.5}}));
}

TEST(CalibrationTable, NcnnMistakesAreNamed) {
  EXPECT_THAT(refusal([] { parse_ncnn_table("conv1", "t"); }), HasSubstr("t:1: no \"layer scale\""));
  EXPECT_THAT(refusal([] { parse_ncnn_table("\nconv1 1 2", "t"); }),
              HasSubstr("t:2: '1 2' is not one number"));
  EXPECT_THAT(refusal([] { parse_ncnn_table("conv1 0", "t"); }), HasSubstr("not positive and finite"));
  EXPECT_THAT(refusal([] { parse_ncnn_table("conv1 nan", "t"); }), HasSubstr("not positive and finite"));
}

TEST(CalibrationTable, ReplacesOnlyWhatItNames) {
  const network::Graph graph = two_layers();
  Ranges ranges(graph.tensors.size(), Range{-1.0, 3.0});
  EXPECT_EQ(apply_calibration_table(parse_ncnn_table("conv2 254\n", "t"), graph, ranges), 1U);
  const auto y = static_cast<std::size_t>(graph.nodes[0].outputs[0]);
  EXPECT_EQ(ranges[y], (Range{-0.5, 0.5}));
  EXPECT_EQ(ranges[static_cast<std::size_t>(graph.inputs[0])], (Range{-1.0, 3.0}));
}

TEST(CalibrationTable, RefusesATableOfAnotherNetwork) {
  const network::Graph graph = two_layers();
  Ranges ranges;
  EXPECT_THAT(refusal([&] { apply_calibration_table(parse_ncnn_table("conv3 1\n", "t"), graph, ranges); }),
              HasSubstr("no layer 'conv3'"));
  EXPECT_THAT(refusal([&] {
                apply_calibration_table(parse_tensorrt_cache("TRT-1\nq: 3f800000\n", "t"), graph, ranges);
              }),
              HasSubstr("no tensor 'q'"));
}

}  // namespace
}  // namespace dlasim::quantize
