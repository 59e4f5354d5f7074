#include "network/network_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace dlasim::network {
namespace {

class NetworkFile : public ::testing::Test {
 protected:
  NetworkFile() {
    directory_ =
        std::filesystem::temp_directory_path() / ("dlasim_network_file_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~NetworkFile() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path file() const { return directory_ / "net.yaml"; }
  Graph round_trip(const Graph& graph) const {
    write_network(graph, file());
    return read_network_file(file());
  }
  /// The error after `from` was replaced by `to` in what was written.
  std::string error_after(const Graph& graph, const std::string& from, const std::string& to) const {
    write_network(graph, file());
    std::string text = base::read_text_file(file());
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    base::write_file_atomically(file(), std::string_view(text.replace(at, from.size(), to)));
    try {
      read_network_file(file());
    } catch (const base::InputError& e) {
      return e.what();
    }
    return "accepted";
  }

  std::filesystem::path directory_;
};

TensorId add(Graph& graph, const std::string& name, DType dtype, const Shape& shape,
             std::optional<Affine> affine = {}) {
  TensorInfo info;
  info.name = name;
  info.dtype = dtype;
  info.shape = shape;
  info.affine = std::move(affine);
  return graph.add_tensor(std::move(info));
}

TensorId add_filled(Graph& graph, const std::string& name, DType dtype, const Shape& shape,
                    std::optional<Affine> affine) {
  Tensor tensor(dtype, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, i % 15 - 7);
  const TensorId id = graph.add_constant(name, std::move(tensor));
  graph.tensors.back().affine = std::move(affine);
  return id;
}

/// An integer convolution with every attribute away from its default, then a pooling and a slice.
Graph integer_graph() {
  Graph graph;
  graph.name = "a \"quoted\" name";
  const Affine x{{0.1F}, {-3}, -1};
  const Affine w{{0.1F, 0.3F, 1e-9F, 7.0F}, {0, 0, 0, 0}, 0};
  graph.inputs = {add(graph, "in/x:0", DType::kInt8, {2, 9, 7, 4}, x)};
  const TensorId weight = add_filled(graph, "w;1", DType::kInt4, {4, 3, 2, 2}, w);
  const TensorId bias =
      add_filled(graph, "b", DType::kInt32, {4}, Affine{{0.01F, 0.03F, 1e-10F, 0.7F}, {0, 0, 0, 0}, 0});
  const TensorId conv = add(graph, "c", DType::kInt8, {2, 4, 7, 4}, Affine{{0.7F}, {5}, -1});
  const TensorId pool = add(graph, "p", DType::kInt8, {2, 2, 4, 4}, Affine{{0.7F}, {5}, -1});
  const TensorId slice = add(graph, "s", DType::kInt8, {1, 2, 2, 4}, Affine{{0.7F}, {5}, -1});
  op::Conv2d conv2d;
  conv2d.stride = {2, 1};
  conv2d.dilation = {1, 2};
  conv2d.padding = {.top = 0, .left = 2, .bottom = 0, .right = 0};
  conv2d.groups = 2;
  conv2d.activation = FusedActivation::kRelu6;
  op::Pool2d max;
  max.kind = op::Pool2d::Kind::kMax;
  max.kernel = {2, 2};
  max.stride = {2, 2};
  max.padding.right = 1;
  graph.nodes.push_back({"conv", conv2d, {graph.inputs[0], weight, bias}, {conv}});
  graph.nodes.push_back({"pool", max, {conv}, {pool}});
  graph.nodes.push_back({"slice", op::Slice{{1, 1, 3, 0}, {1, 2, 2, 4}, {1, -1, -2, 1}}, {pool}, {slice}});
  graph.outputs = {slice, conv};
  return graph;
}

TEST_F(NetworkFile, IntegerGraphsComeBackEqual) {
  const Graph graph = integer_graph();
  EXPECT_EQ(round_trip(graph), graph);
}

TEST_F(NetworkFile, EveryOtherAttributeComesBack) {
  Graph graph;
  graph.name = "attributes";
  TensorId x = add(graph, "x", DType::kFloat32, {1, 4, 4, 3});
  graph.inputs = {x};
  const auto then = [&](const std::string& name, Operation operation, const Shape& shape) {
    x = graph.add_node(name, std::move(operation), {x}, shape);
  };
  then("leaky", op::Unary{op::Unary::Kind::kLeakyHardtanh, {-0.1, 0.7, 1.0 / 3.0, 1e-30}}, {1, 4, 4, 3});
  then("prelu", op::Unary{op::Unary::Kind::kPRelu, {0.25, 0.0, -1.5}}, {1, 4, 4, 3});
  then("pad", op::Pad{{0, 1, 0, 0}, {0, 3, 0, 0}, -0.3, 17}, {1, 8, 4, 3});
  then("s2b", op::SpaceToBatch{{2, 3}, {.top = 0, .left = 2, .bottom = 0, .right = 0}}, {6, 4, 2, 3});
  then("b2s", op::BatchToSpace{{2, 3}, {.top = 1, .left = 0, .bottom = 1, .right = 2}}, {1, 6, 4, 3});
  then("transpose", op::Transpose{{0, 3, 1, 2}}, {1, 3, 6, 4});
  then("softmax", op::Softmax{0.3F}, {1, 3, 6, 4});
  then("mean", op::Reduce{op::Reduce::Kind::kMean, {2, 3}, true}, {1, 3, 1, 1});
  then("reshape", op::Reshape{}, {1, 1, 3});
  x = graph.add_node("matmul", op::BatchMatmul{true, false}, {x, x}, {1, 3, 3});
  x = graph.add_node("concat", op::Concat{2}, {x, x}, {1, 3, 6});
  x = graph.add_node("sub", op::Binary{op::Binary::Kind::kSub, FusedActivation::kReluN1To1}, {x, x},
                     {1, 3, 6});
  graph.outputs = {x};
  EXPECT_EQ(round_trip(graph), graph);
}

TEST_F(NetworkFile, StatesAndAbsentInputsComeBack) {
  Graph graph;
  graph.name = "recurrent";
  const Affine a{{0.5F}, {0}, -1};
  const TensorId x = add(graph, "x", DType::kInt8, {1, 3}, a);
  graph.inputs = {x};
  const TensorId feature = add_filled(graph, "f", DType::kInt8, {4, 3}, a);
  const TensorId time = add_filled(graph, "t", DType::kInt16, {4, 5}, a);
  const TensorId state = add_filled(graph, "state", DType::kInt16, {1, 4, 5}, a);
  const TensorId y = add(graph, "y", DType::kInt8, {1, 2}, a);
  graph.nodes.push_back(
      {"svdf", op::Svdf{2, FusedActivation::kRelu}, {x, feature, time, kNoTensor, state}, {y}});
  const TensorId sequence = add(graph, "sequence", DType::kInt8, {1, 1, 2}, a);
  graph.nodes.push_back({"sequence", op::Reshape{}, {y}, {sequence}});
  std::vector<TensorId> inputs{sequence};
  for (int gate = 0; gate < 4; ++gate) {
    const std::string suffix = std::to_string(gate);
    inputs.push_back(add_filled(graph, "wi" + suffix, DType::kInt8, {3, 2}, a));
    inputs.push_back(add_filled(graph, "wh" + suffix, DType::kInt8, {3, 3}, a));
    inputs.push_back(add_filled(graph, "b" + suffix, DType::kInt32, {3}, a));
  }
  const TensorId out = add(graph, "out", DType::kInt8, {1, 1, 3}, a);
  graph.nodes.push_back({"lstm", op::Lstm{true, 10.5F, {Affine{{1.0F / 4096.0F}, {0}, -1}}}, inputs, {out}});
  graph.outputs = {out};
  EXPECT_EQ(round_trip(graph), graph);
}

TEST_F(NetworkFile, TheSameGraphGivesTheSameBytes) {
  write_network(integer_graph(), file());
  const auto yaml = base::read_file(file());
  const auto weights = base::read_file(directory_ / "net.npz");
  write_network(integer_graph(), file());
  EXPECT_EQ(base::read_file(file()), yaml);
  EXPECT_EQ(base::read_file(directory_ / "net.npz"), weights);
}

TEST_F(NetworkFile, MistakesHaveAPlace) {
  using ::testing::HasSubstr;
  const Graph g = integer_graph();
  EXPECT_THAT(error_after(g, "groups: 2", "grups: 2"), HasSubstr("graph.nodes[0].grups"));
  EXPECT_THAT(error_after(g, "groups: 2", "groups: 3"), HasSubstr("conv"));
  EXPECT_THAT(error_after(g, "inputs: [\"c\"]", "inputs: [\"d\"]"), HasSubstr("there is no tensor 'd'"));
  EXPECT_THAT(error_after(g, "inputs: [\"c\"]", "inputs: [\"s\"]"), HasSubstr("nothing before writes"));
  EXPECT_THAT(error_after(g, "outputs: [\"p\"]", "outputs: [\"c\"]"), HasSubstr("written twice"));
  EXPECT_THAT(error_after(g, "op: max_pool2d", "op: max_pool3d"), HasSubstr("max_pool3d"));
  EXPECT_THAT(error_after(g, "dtype: int4", "dtype: int16"), HasSubstr("array 'w;1' is int8"));
  EXPECT_THAT(error_after(g, ", constant: true", ""), HasSubstr("nothing before writes"));
  EXPECT_THAT(error_after(g, "shape: [2, 9, 7, 4]", "shape: [2, 9, 7, 5]"), HasSubstr("net.yaml"));
  Graph twice = g;
  twice.tensors[0].name = "b";
  EXPECT_THROW(write_network(twice, file()), base::InputError);
  EXPECT_THROW(write_network(g, directory_ / "net.json"), base::InputError);
}

}  // namespace
}  // namespace dlasim::network
