#include "golden/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::QuantizedGraph;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

TensorId add_int8(QuantizedGraph& graph, const std::string& name) {
  network::QuantizedTensor tensor;
  tensor.name = name;
  tensor.shape = {2};
  return graph.add_tensor(std::move(tensor));
}

/// y = max(min(x, 5), min(x, 5) again) with the constant 5; z is y unread by anyone.
QuantizedGraph small_graph() {
  QuantizedGraph graph;
  const TensorId x = add_int8(graph, "x");
  const TensorId five = add_int8(graph, "five");
  graph.tensors[1].constant = make_tensor(DType::kInt8, {2}, {5, 5});
  const TensorId low = add_int8(graph, "low");
  const TensorId y = add_int8(graph, "y");
  const TensorId z = add_int8(graph, "z");
  graph.inputs = {x};
  graph.outputs = {y, x, y};
  graph.nodes.push_back({"minimum", qop::MinMax{false}, {x, five}, {low}, {}});
  graph.nodes.push_back({"maximum", qop::MinMax{true}, {low, low}, {y}, {}});
  graph.nodes.push_back({"unread", qop::Reshape{}, {y}, {z}, {}});
  return graph;
}

TEST(Interpreter, RunsNodesInOrderAndReportsEachOutput) {
  const Tensor x = make_tensor(DType::kInt8, {2}, {9, -9});
  std::vector<std::string> seen;
  const auto outputs = run(small_graph(), {&x, 1}, [&](const auto& node, TensorId id, const Tensor& value) {
    seen.push_back(node.name + std::to_string(id) + ":" + std::to_string(value.integer(0)));
  });
  EXPECT_THAT(seen, testing::ElementsAre("minimum2:5", "maximum3:5", "unread4:5"));
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_EQ(values_of(outputs[0]), (Values{5, -9}));
  EXPECT_EQ(values_of(outputs[1]), (Values{9, -9}));
  EXPECT_EQ(outputs[2], outputs[0]);
}

TEST(Interpreter, KeepsEverythingWhereAsked) {
  const Tensor x = make_tensor(DType::kInt8, {2}, {9, -9});
  const auto all = run_all(small_graph(), {&x, 1});
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].size(), 0);
  EXPECT_EQ(values_of(all[2]), (Values{5, -9}));
  EXPECT_EQ(all[4], all[2]);
}

/// Bytes of large blocks that the C library holds for the program.
std::size_t large_blocks() {
  return mallinfo2().hblkhd;
}

TEST(Interpreter, FreesEachTensorAfterItsLastUse) {
  constexpr std::int64_t kSize = 40 << 20;  // above the C library's highest limit for a block of its own
  QuantizedGraph graph;
  for (int i = 0; i < 8; ++i) {
    network::QuantizedTensor tensor;
    tensor.shape = {kSize};
    const TensorId id = graph.add_tensor(std::move(tensor));
    if (i > 0) graph.nodes.push_back({"reshape", qop::Reshape{}, {id - 1}, {id}, {}});
  }
  graph.inputs = {0};
  graph.outputs = {7};
  const Tensor x(DType::kInt8, {kSize});
  const std::size_t before = large_blocks();
  std::size_t most = 0;
  run(graph, {&x, 1}, [&](const auto&, TensorId, const Tensor&) {
    const std::size_t now = large_blocks();
    most = std::max(most, now > before ? now - before : 0);
  });
  // One tensor is read and one written at a time.
  EXPECT_LT(most, 3 * static_cast<std::size_t>(kSize));
}

TEST(Interpreter, ReportsTheEventsOfStagedNodesOnly) {
  QuantizedGraph graph = small_graph();
  const Tensor x = make_tensor(DType::kInt8, {2}, {9, -9});
  std::vector<std::string> staged;
  const auto record = [&](const network::QuantizedNode& node, const StageEvents& events) {
    staged.push_back(node.name);
    EXPECT_EQ(events.at(Point::kOutput).count, 2);
  };
  run(graph, {&x, 1}, {}, record);
  EXPECT_TRUE(staged.empty());

  network::OperandFormat integers;
  integers.element.kind = network::NumberFormat::Kind::kDfp;
  for (network::QuantizedTensor& tensor : graph.tensors) tensor.format = integers;
  network::StagedNumerics numerics;
  numerics.output = integers.element;
  graph.nodes[1].operation = qop::StagedBinary{network::op::Binary::Kind::kMaximum};
  graph.nodes[1].staged = numerics;
  const auto outputs = run(graph, {&x, 1}, {}, record);
  EXPECT_THAT(staged, testing::ElementsAre("maximum"));
  EXPECT_EQ(values_of(outputs[0]), (Values{5, -9}));
}

std::string error_of(const QuantizedGraph& graph, const std::vector<Tensor>& inputs) {
  try {
    run(graph, inputs);
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Interpreter, NamesWhatIsWrong) {
  const Tensor x = make_tensor(DType::kInt8, {2}, {9, -9});
  const QuantizedGraph good = small_graph();
  EXPECT_THAT(error_of(good, {}), testing::HasSubstr("0 inputs given, the network has 1"));
  EXPECT_THAT(error_of(good, {Tensor(DType::kInt8, {3})}),
              testing::HasSubstr("tensor 'x' is int8 3, int8 2"));
  EXPECT_THAT(error_of(good, {Tensor(DType::kInt16, {2})}), testing::HasSubstr("int16"));

  QuantizedGraph graph = good;
  graph.nodes[0].inputs[1] = 77;
  EXPECT_THAT(error_of(graph, {x}), testing::HasSubstr("tensor 77 does not exist"));
  graph = good;
  std::swap(graph.nodes[0], graph.nodes[1]);
  EXPECT_THAT(error_of(graph, {x}),
              testing::HasSubstr("maximum (maximum): 'low' is read before it is written"));
  graph = good;
  graph.tensors[4].shape = {3};
  EXPECT_THAT(error_of(graph, {x}), testing::HasSubstr("unread (reshape): cannot reshape"));
  graph = good;
  graph.nodes.pop_back();
  graph.outputs = {4};
  EXPECT_THAT(error_of(graph, {x}), testing::HasSubstr("output 'z' is never written"));
}

}  // namespace
}  // namespace dlasim::golden
