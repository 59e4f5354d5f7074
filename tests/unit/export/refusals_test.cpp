#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/cmsis_nn.h"
#include "support/operator_cases.h"
#include "support/test_support.h"

namespace dlasim::exporter {
namespace {

using dlasim::test::Case;
using dlasim::test::Knobs;
using network::DType;
using network::RequantRule;
using testing::HasSubstr;

std::string refusal_of(const Case& c) {
  return base::error_of([&] { export_cmsis_nn(c.graph, c.inputs); });
}

std::string refusal_of(const char* operation, const Knobs& knobs) {
  return refusal_of(dlasim::test::make_case(operation, knobs, 1));
}

TEST(Refusals, PytorchRounding) {
  Case c = dlasim::test::make_case("conv2d", {}, 1);
  std::get<network::qop::Conv2d>(c.node().operation).mac.rule = RequantRule::kPytorch;
  EXPECT_EQ(refusal_of(c),
            "CMSIS-NN cannot run node (conv2d): requantises by PyTorch's float rule, CMSIS-NN by integers");
}

TEST(Refusals, NumberFormats) {
  Case c = dlasim::test::make_case("conv2d", {}, 1);
  c.node().staged.emplace();
  EXPECT_THAT(refusal_of(c),
              HasSubstr("node (conv2d): computes in number formats that CMSIS-NN does not have"));
}

TEST(Refusals, TwoDialects) {
  Case c = dlasim::test::make_case("leaky_relu", {}, 1);
  network::QuantizedNode second = c.node();
  second.name = "second";
  std::get<network::qop::LeakyRelu>(second.operation).rule = RequantRule::kSingle;
  network::QuantizedTensor tensor = c.graph.tensor(second.outputs[0]);
  tensor.name = "other";
  second.inputs = c.graph.outputs;
  second.outputs = {c.graph.add_tensor(tensor)};
  c.graph.outputs = second.outputs;
  c.graph.nodes.push_back(second);
  EXPECT_EQ(refusal_of(c),
            "CMSIS-NN is compiled for one rounding, but node rounds twice and second rounds once");
}

TEST(Refusals, TypesWithoutACall) {
  Knobs k;
  k.weight = DType::kInt4;
  k.groups = 2;
  EXPECT_THAT(refusal_of("conv2d", k), HasSubstr("int4 weights in 2 groups"));
  k.groups = 1;
  EXPECT_THAT(refusal_of("transpose_conv2d", k), HasSubstr("int4 weights"));
  EXPECT_THAT(refusal_of("fully_connected", k), HasSubstr("int4 weights with a multiplier for each channel"));
  k.shape = {2, 5, 6, 3};
  EXPECT_THAT(refusal_of("depthwise_conv2d", k), HasSubstr("odd number of channels"));
  k = Knobs();
  k.input = DType::kInt16;
  EXPECT_THAT(refusal_of("conv2d", k), HasSubstr("input is int16 and output int8"));
  k = Knobs();
  k.input = k.output = k.weight = DType::kUInt8;
  EXPECT_THAT(refusal_of("conv2d", k), HasSubstr("input is uint8, CMSIS-NN takes int8 and int16"));
}

TEST(Refusals, RowsOfOneElement) {
  Knobs k;
  k.input = k.output = DType::kInt16;
  k.shape = {5, 1};
  EXPECT_THAT(refusal_of("softmax", k), HasSubstr("int16 rows of one element"));
}

TEST(Refusals, AllOfThemAreNamed) {
  Case c = dlasim::test::make_case("leaky_relu", {}, 1);
  network::QuantizedNode& node = c.node();
  std::get<network::qop::LeakyRelu>(node.operation).rule = RequantRule::kPytorch;
  for (int i = 0; i < 4; ++i) {
    network::QuantizedNode more = c.node();
    more.name = "more" + std::to_string(i);
    more.outputs = {c.graph.add_tensor(c.graph.tensor(more.outputs[0]))};
    c.graph.nodes.push_back(more);
  }
  const std::string text = refusal_of(c);
  for (const char* name : {"node (", "more0 (", "more1 ("}) EXPECT_THAT(text, HasSubstr(name));
  EXPECT_THAT(text, HasSubstr("and 2 more nodes"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace dlasim::exporter
