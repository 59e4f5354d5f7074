#include "conformance/operator_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dlasim::conformance {
namespace {

using network::DType;
using network::RequantRule;
namespace qop = network::qop;

nlohmann::json tensor(const std::string& dtype, const std::vector<int>& shape, const std::vector<int>& data) {
  return {{"dtype", dtype}, {"shape", shape}, {"data", data}};
}

nlohmann::json conv() {
  const nlohmann::json padding{{"top", 1}, {"left", 2}, {"bottom", 3}, {"right", 4}};
  return {
      {"format", "dla-vector/1"},
      {"name", "n"},
      {"source", "s"},
      {"op", "conv2d"},
      {"attributes",
       {{"stride", {1, 2}}, {"dilation", {3, 4}}, {"padding", padding}, {"groups", 1}, {"clamp", {-5, 6}}}},
      {"quantization",
       {{"rounding", "single"},
        {"input_zero_point", 7},
        {"weight_zero_point", 0},
        {"output_zero_point", 8},
        {"multiplier", {1 << 30, 0}},
        {"shift", {-3, 4}}}},
      {"tensors",
       {{"input", tensor("int8", {1, 1, 1, 1}, {5})},
        {"weight", tensor("int4", {2, 1, 1, 1}, {7, -8})},
        {"output", tensor("int8", {1, 1, 1, 2}, {1, 2})}}}};
}

const qop::Conv2d& conv_of(const OperatorVector& v) {
  return std::get<qop::Conv2d>(v.graph.nodes.at(0).operation);
}

TEST(OperatorVector, BecomesAGraphOfOneNode) {
  const OperatorVector v = parse_operator_vector(conv(), "v.json");
  const qop::Conv2d& op = conv_of(v);
  EXPECT_EQ(op.stride, (network::Pair{1, 2}));
  EXPECT_EQ(op.dilation, (network::Pair{3, 4}));
  EXPECT_EQ(op.padding, (network::Padding{1, 2, 3, 4}));
  EXPECT_EQ(op.mac.clamp, (network::Clamp{-5, 6}));
  EXPECT_EQ(op.mac.rule, RequantRule::kSingle);
  EXPECT_EQ(op.mac.input_zero_point, 7);
  EXPECT_EQ(op.mac.output_zero_point, 8);
  EXPECT_EQ(op.mac.multiplier, (std::vector<network::Multiplier>{{1 << 30, -3}, {0, 4}}));
  ASSERT_EQ(v.inputs.size(), 1U);
  EXPECT_EQ(v.inputs[0].integer(0), 5);
  const auto& node = v.graph.nodes[0];
  ASSERT_EQ(node.inputs.size(), 3U);
  EXPECT_EQ(v.graph.tensor(node.inputs[1]).constant->integer(1), -8);
  EXPECT_EQ(node.inputs[2], network::kNoTensor);
  EXPECT_EQ(v.expected.integer(1), 2);
}

TEST(OperatorVector, TheAccumulatorSelectsTheRuleOfInt16) {
  auto json = conv();
  json["tensors"]["input"]["dtype"] = "int16";
  json["quantization"]["accumulator"] = "int32";
  EXPECT_EQ(conv_of(parse_operator_vector(json, "v")).mac.rule, RequantRule::kSingle);
  json["quantization"]["accumulator"] = "int64";
  EXPECT_EQ(conv_of(parse_operator_vector(json, "v")).mac.rule, RequantRule::kInt64);
  EXPECT_EQ(conv_of(parse_operator_vector(json, "v")).mac.input_zero_point, 0);
  // Unwritten: the bias' type says it.
  json["quantization"].erase("accumulator");
  EXPECT_EQ(conv_of(parse_operator_vector(json, "v")).mac.rule, RequantRule::kInt64);
  json["tensors"]["bias"] = tensor("int32", {2}, {0, 0});
  EXPECT_EQ(conv_of(parse_operator_vector(json, "v")).mac.rule, RequantRule::kSingle);
}

std::string operator_error(const nlohmann::json& json) {
  try {
    parse_operator_vector(json, "v.json");
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "no error";
}

TEST(OperatorVector, NamesTheFieldThatIsWrong) {
  const auto broken = [](const char* pointer, const nlohmann::json& value) {
    auto json = conv();
    json[nlohmann::json::json_pointer(pointer)] = value;
    return operator_error(json);
  };
  EXPECT_EQ(broken("/format", "dla-vector/9"),
            "v.json: format: expected 'dla-vector/1', found 'dla-vector/9'");
  EXPECT_EQ(broken("/name", 1), "v.json: name: expected a string, found number");
  EXPECT_EQ(broken("/attributes", 3), "v.json: attributes: expected an object, found number");
  EXPECT_EQ(broken("/attributes/stride", {1}), "v.json: attributes.stride: expected two numbers, found 1");
  EXPECT_EQ(broken("/attributes/groups", 1.5),
            "v.json: attributes.groups: expected an integer, found number");
  EXPECT_EQ(broken("/attributes/clamp", {4, 3}),
            "v.json: attributes.clamp: the lower end is above the upper end");
  EXPECT_EQ(broken("/attributes/padding/top", 18446744073709551615U),
            "v.json: attributes.padding.top: 18446744073709551615 does not fit 64 bits");
  EXPECT_EQ(broken("/quantization/rounding", "up"),
            "v.json: quantization.rounding: expected 'double' or 'single', found 'up'");
  EXPECT_EQ(broken("/quantization/shift", {1}), "v.json: quantization.shift: 1 shifts for 2 multipliers");
  EXPECT_EQ(broken("/quantization/shift", {1, 99}),
            "v.json: quantization.shift[1]: 99 is not between -31 and 31");
  EXPECT_EQ(broken("/tensors/weight/data", {7}),
            "v.json: tensors.weight: shape 2x1x1x1 needs 2 numbers, 'data' has 1");
  EXPECT_EQ(broken("/tensors/weight/data", {7, 8}),
            "v.json: tensors.weight.data[1]: 8 is not between -8 and 7");
  EXPECT_EQ(broken("/tensors/weight/dtype", "int7"),
            "v.json: tensors.weight.dtype: unknown element type 'int7'");
  EXPECT_EQ(broken("/tensors/weight/shape", {0}),
            "v.json: tensors.weight.shape: dimension 0 is not positive");
  EXPECT_THAT(broken("/tensors/weight/shape", {1 << 30, 1 << 30}), testing::HasSubstr("too large"));
  auto json = conv();
  json["tensors"].erase("output");
  EXPECT_EQ(operator_error(json), "v.json: tensors: 'output' is missing");
}

TEST(OperatorVector, AnUnknownOperatorIsUnsupported) {
  auto json = conv();
  json["op"] = "fft";
  EXPECT_THROW(parse_operator_vector(json, "v.json"), base::UnsupportedError);
}

TEST(OperatorVector, FilesThatAreNotJsonAreInputErrors) {
  EXPECT_THROW(read_operator_vector("no/such/file.json"), base::InputError);
  const auto file = std::filesystem::path(testing::TempDir()) / "broken_vector.json";
  std::ofstream(file) << "{\"format\": ";
  EXPECT_THROW(read_operator_vector(file), base::InputError);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace dlasim::conformance
