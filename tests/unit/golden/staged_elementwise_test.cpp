// Staged element-wise operators against the processor's float arithmetic and hand-worked codes.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "base/error.h"
#include "formats.h"
#include "golden/interpreter.h"
#include "golden/mx.h"
#include "golden/staged.h"
#include "network/number_format_presets.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::Shape;
using network::Tensor;
using network::TensorId;
using BinaryKind = network::op::Binary::Kind;
namespace qop = network::qop;

TensorId add_tensor(QuantizedGraph* graph, DType dtype, const Shape& shape,
                    std::optional<OperandFormat> format) {
  network::QuantizedTensor info;
  info.name = "t" + std::to_string(graph->tensors.size());
  info.dtype = dtype;
  info.shape = shape;
  info.format = format;
  return graph->add_tensor(std::move(info));
}

/// Runs one binary operator of fp32 operands to fp32.
Tensor run_fp32(BinaryKind kind, const Tensor& a, const Tensor& b, const Shape& output,
                const network::StagedActivation& function = {}) {
  QuantizedGraph graph;
  const OperandFormat fp32{preset("fp32"), 0};
  QuantizedNode node;
  node.name = "binary";
  node.operation = qop::StagedBinary{kind};
  node.inputs = {add_tensor(&graph, DType::kInt32, a.shape(), fp32),
                 add_tensor(&graph, DType::kInt32, b.shape(), fp32)};
  node.outputs = {add_tensor(&graph, DType::kInt32, output, fp32)};
  node.staged.emplace();
  node.staged->output = preset("fp32");
  node.staged->function = function;
  graph.nodes = {node};
  graph.inputs = node.inputs;
  graph.outputs = node.outputs;
  const Tensor inputs[] = {a, b};
  return run(graph, inputs).at(0);
}

Tensor floats(const Shape& shape, std::mt19937& random) {
  Tensor tensor(DType::kInt32, shape);
  std::normal_distribution<float> value(0.0F, 3.0F);
  for (auto& code : tensor.data<std::int32_t>()) code = std::bit_cast<std::int32_t>(value(random));
  return tensor;
}

TEST(StagedBinary, EqualsTheProcessor) {
  std::mt19937 random(6);
  const Tensor a = floats({500}, random);
  const Tensor b = floats({500}, random);
  for (const BinaryKind kind :
       {BinaryKind::kAdd, BinaryKind::kSub, BinaryKind::kMul, BinaryKind::kMinimum, BinaryKind::kMaximum}) {
    const Tensor got = run_fp32(kind, a, b, {500});
    for (std::size_t i = 0; i < 500; ++i) {
      const auto x = std::bit_cast<float>(a.data<std::int32_t>()[i]);
      const auto y = std::bit_cast<float>(b.data<std::int32_t>()[i]);
      const float expected = kind == BinaryKind::kAdd       ? x + y
                             : kind == BinaryKind::kSub     ? x - y
                             : kind == BinaryKind::kMul     ? x * y
                             : kind == BinaryKind::kMinimum ? std::fmin(x, y)
                                                            : std::fmax(x, y);
      ASSERT_EQ(got.data<std::int32_t>()[i], std::bit_cast<std::int32_t>(expected));
    }
  }
}

TEST(StagedBinary, BroadcastsAsNumPyDoes) {
  std::mt19937 random(6);
  const Tensor a = floats({2, 1, 3}, random);
  const Tensor b = floats({4, 1}, random);
  const Tensor got = run_fp32(BinaryKind::kAdd, a, b, {2, 4, 3});
  for (std::size_t i = 0; i < 24; ++i) {
    const auto x = std::bit_cast<float>(a.data<std::int32_t>()[i / 12 * 3 + i % 3]);
    const auto y = std::bit_cast<float>(b.data<std::int32_t>()[i / 3 % 4]);
    EXPECT_EQ(got.data<std::int32_t>()[i], std::bit_cast<std::int32_t>(x + y));
  }
  EXPECT_THROW(run_fp32(BinaryKind::kAdd, a, b, {2, 4, 4}), base::InputError);
}

TEST(StagedBinary, AppliesTheActivationToTheExactResult) {
  std::mt19937 random(6);
  const Tensor a = floats({100}, random);
  const Tensor b = floats({100}, random);
  network::StagedActivation leaky;
  leaky.type = network::StagedActivation::Type::kLeakyRelu;
  leaky.slope = 0.25;
  network::StagedActivation clamp;
  clamp.type = network::StagedActivation::Type::kClamp;
  clamp.min = -1.0;
  clamp.max = 1.5;
  const Tensor leaky_sum = run_fp32(BinaryKind::kAdd, a, b, {100}, leaky);
  const Tensor clamped_sum = run_fp32(BinaryKind::kAdd, a, b, {100}, clamp);
  for (std::size_t i = 0; i < 100; ++i) {
    const auto sum =
        std::bit_cast<float>(a.data<std::int32_t>()[i]) + std::bit_cast<float>(b.data<std::int32_t>()[i]);
    EXPECT_EQ(leaky_sum.data<std::int32_t>()[i], std::bit_cast<std::int32_t>(sum < 0 ? 0.25F * sum : sum));
    EXPECT_EQ(clamped_sum.data<std::int32_t>()[i],
              std::bit_cast<std::int32_t>(std::fmin(std::fmax(sum, -1.0F), 1.5F)));
  }
}

TEST(StagedConvert, BetweenFormatsAndToMx) {
  QuantizedGraph graph;
  const OperandFormat fp32{preset("fp32"), 0};
  const OperandFormat mx{*network::mx_element_preset("fp8_e4m3"), 32};
  const TensorId input = add_tensor(&graph, DType::kInt32, {2, 40}, fp32);
  const TensorId codes = add_tensor(&graph, DType::kInt8, {2, 40}, mx);
  const TensorId scales = add_tensor(&graph, DType::kUInt8, {2, 2}, std::nullopt);
  const TensorId half = add_tensor(&graph, DType::kInt16, {2, 40}, OperandFormat{preset("bf16"), 0});
  graph.tensors[static_cast<std::size_t>(codes)].mx_scales = scales;
  graph.nodes = {{"to_mx", qop::StagedConvert{}, {input}, {codes, scales}, {}},
                 {"to_bf16", qop::StagedConvert{}, {codes}, {half}, {}}};
  graph.inputs = {input};
  graph.outputs = {codes, scales, half};
  std::mt19937 random(8);
  const Tensor values = floats({2, 40}, random);
  const std::vector<Tensor> outputs = run(graph, std::span(&values, 1));

  const Converter from(preset("fp32"));
  const Converter to(preset("bf16"));
  const MxConverter converter(mx.element);
  for (std::int64_t row = 0; row < 2; ++row) {
    for (std::int64_t block = 0; block < 2; ++block) {
      std::vector<Value> exact;
      const std::int64_t first = row * 40 + block * 32;
      for (std::int64_t i = first; i < (block == 0 ? first + 32 : first + 8); ++i) {
        exact.push_back(from.decode(static_cast<std::uint64_t>(values.integer(i))));
      }
      const MxBlock expected = converter.convert(exact, nullptr);
      EXPECT_EQ(outputs[1].integer(row * 2 + block), expected.scale);
      for (std::size_t i = 0; i < exact.size(); ++i) {
        const std::int64_t at = first + static_cast<std::int64_t>(i);
        EXPECT_EQ(outputs[0].integer(at), static_cast<std::int8_t>(expected.elements[i]));
        const Converted back = to.convert(converter.decode(expected.scale, expected.elements[i]), nullptr);
        EXPECT_EQ(outputs[2].integer(at), static_cast<std::int16_t>(back.code));
      }
    }
  }
}

}  // namespace
}  // namespace dlasim::golden
