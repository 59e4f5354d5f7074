// Every operator in all its forms as one network: exported, compiled, linked with golden behind CMSIS-NN's
// interface, and equal in every layer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/cmsis_nn.h"
#include "support/generated_project.h"
#include "support/operator_cases.h"
#include "support/test_support.h"

namespace dlasim::exporter::test {
namespace {

using dlasim::test::Knobs;
using network::DType;
using network::RequantRule;

/// Networks side by side in one graph.
class Merged {
 public:
  void add(const std::string& operation, const Knobs& knobs) {
    const auto seed = static_cast<std::uint64_t>(graph.nodes.size()) + 1;
    const dlasim::test::Case c = dlasim::test::make_case(operation, knobs, seed);
    const auto offset = static_cast<network::TensorId>(graph.tensors.size());
    const auto moved = [offset](std::vector<network::TensorId> ids) {
      for (network::TensorId& id : ids) id = id == network::kNoTensor ? id : id + offset;
      return ids;
    };
    for (const auto& tensor : c.graph.tensors) graph.tensors.push_back(tensor);
    for (network::QuantizedNode node : c.graph.nodes) {
      node.name = operation + std::to_string(graph.nodes.size());
      node.inputs = moved(node.inputs);
      node.outputs = moved(node.outputs);
      graph.nodes.push_back(std::move(node));
    }
    for (const network::TensorId id : moved(c.graph.inputs)) graph.inputs.push_back(id);
    for (const network::TensorId id : moved(c.graph.outputs)) graph.outputs.push_back(id);
    inputs.insert(inputs.end(), c.inputs.begin(), c.inputs.end());
  }

  network::QuantizedGraph graph{"operators", {}, {}, {}, {}, 16};
  std::vector<network::Tensor> inputs;
};

Knobs with(void (*change)(Knobs&)) {
  Knobs knobs;
  change(knobs);
  return knobs;
}

/// int16 activations without zero points; 64-bit accumulators by default.
Knobs s16(void (*change)(Knobs&) = [](Knobs&) {}) {
  Knobs knobs;
  knobs.input = knobs.output = DType::kInt16;
  knobs.bias = DType::kInt64;
  knobs.zero_points = false;
  change(knobs);
  return knobs;
}

void add_convolutions(Merged& all) {
  all.add("conv2d", {});
  all.add("conv2d", with([](Knobs& k) {
            k.stride = {2, 1}, k.dilation = {1, 2}, k.multiplier_a_channel = false;
          }));
  all.add("conv2d", with([](Knobs& k) { k.groups = 2, k.bias.reset(); }));
  all.add("conv2d", with([](Knobs& k) { k.weight = DType::kInt4; }));
  all.add("conv2d", s16());
  all.add("conv2d", s16([](Knobs& k) { k.bias = DType::kInt32; }));
  all.add("conv2d", s16([](Knobs& k) { k.groups = 2; }));
  all.add("conv2d", s16([](Knobs& k) { k.groups = 2, k.bias = DType::kInt32; }));
  all.add("depthwise_conv2d", {});
  all.add("depthwise_conv2d", with([](Knobs& k) { k.weight = DType::kInt4, k.channel_multiplier = 1; }));
  all.add("depthwise_conv2d", s16([](Knobs& k) { k.dilation = {1, 2}; }));
  all.add("transpose_conv2d", {});
  all.add("transpose_conv2d", with([](Knobs& k) {
            k.padding = {0, 0, 0, 0}, k.stride = {2, 2}, k.kernel = {3, 2};
          }));
  all.add("transpose_conv2d", s16([](Knobs& k) { k.stride = {2, 3}; }));
}

void add_products(Merged& all) {
  all.add("fully_connected", with([](Knobs& k) { k.zero_points = false; }));
  all.add("fully_connected", with([](Knobs& k) { k.multiplier_a_channel = false; }));
  all.add("fully_connected", with([](Knobs& k) {
            k.multiplier_a_channel = false, k.zero_points = false, k.weight = DType::kInt4;
          }));
  all.add("fully_connected", s16());
  all.add("fully_connected", s16([](Knobs& k) { k.multiplier_a_channel = false; }));
  all.add("fully_connected", s16([](Knobs& k) { k.bias = DType::kInt32; }));
  for (const bool adj_x : {false, true}) {
    for (const bool adj_y : {false, true}) {
      Knobs k;
      k.adj_x = adj_x;
      k.adj_y = adj_y;
      k.multiplier_a_channel = false;
      all.add("batch_matmul", k);
    }
  }
  all.add("batch_matmul", s16([](Knobs& k) { k.multiplier_a_channel = false, k.weight = DType::kInt16; }));
}

void add_elementwise(Merged& all) {
  for (const char* operation : {"add", "sub", "mul", "minimum", "maximum"}) {
    for (const network::Shape& second : {network::Shape{2, 5, 6, 4}, {4}, {2, 1, 6, 1}}) {
      Knobs k;
      k.second = second;
      all.add(operation, k);
      k = s16();
      k.second = second;
      all.add(operation, k);
    }
  }
  for (const auto& [in, out] : {std::pair{DType::kInt8, DType::kInt8},
                                {DType::kInt16, DType::kInt8},
                                {DType::kInt8, DType::kInt16},
                                {DType::kUInt8, DType::kInt8},
                                {DType::kInt32, DType::kInt16},
                                {DType::kInt8, DType::kUInt8}}) {
    Knobs k;
    k.input = in;
    k.output = out;
    all.add("requantize", k);
  }
  all.add("relu", {});
  all.add("relu", s16());
  all.add("leaky_relu", {});
  all.add("leaky_relu", s16());
}

void add_functions(Merged& all) {
  for (const char* operation : {"tanh", "sigmoid"}) {
    all.add(operation, {});
    for (const int shift : {-2, 0, 1}) {
      Knobs k = s16();
      k.input_shift = shift;
      all.add(operation, k);
    }
    all.add(operation, s16([](Knobs& k) { k.tflite_curve = true; }));
  }
  all.add("table", {});
  all.add("table", s16());
  all.add("softmax", {});
  all.add("softmax", with([](Knobs& k) { k.output = DType::kInt16; }));
  all.add("softmax", s16());
  all.add("avg_pool2d", {});
  all.add("avg_pool2d", s16());
  all.add("max_pool2d", {});
  all.add("max_pool2d", s16());
  all.add("reduce", {});
  all.add("reduce", s16([](Knobs& k) { k.axes = {0, 3}; }));
  all.add("quantize", with([](Knobs& k) { k.input = DType::kFloat32; }));
  all.add("dequantize", with([](Knobs& k) { k.output = DType::kFloat32; }));
}

void add_movement(Merged& all) {
  for (const char* operation : {"pad", "transpose", "reshape", "concat", "slice", "space_to_batch"}) {
    all.add(operation, {});
    all.add(operation, s16());
  }
  Knobs k;
  k.shape = {12, 5, 6, 4};
  all.add("batch_to_space", k);
  all.add("concat", with([](Knobs& c) { c.axis = 1; }));
  all.add("svdf", {});
  all.add("lstm", {});
  all.add("lstm", s16());
}

Merged all_operators() {
  Merged all;
  add_convolutions(all);
  add_products(all);
  add_elementwise(all);
  add_functions(all);
  add_movement(all);
  return all;
}

/// The nodes' own rule, exchanged; the tables of int8 curves are made by the default rule and keep it.
struct SingleRounding {
  static void mac(network::qop::MacParameters& mac) {
    if (mac.rule == RequantRule::kDouble) mac.rule = RequantRule::kSingle;
  }
  template <class Op>
  void operator()(Op& op) const {
    if constexpr (requires { op.mac; }) mac(op.mac);
    if constexpr (requires { op.rule; }) {
      if (op.rule == RequantRule::kDouble) op.rule = RequantRule::kSingle;
    }
  }
};

/// On Helium the wrapper's kernel for one row takes symmetric paddings only.
TEST(ExportedOperators, CausalRowsDoNotGoThroughTheWrapper) {
  Knobs k;
  k.shape = {1, 1, 8, 4};
  k.kernel = {1, 3};
  k.padding = {0, 2, 0, 0};
  const auto source_of = [&] {
    const dlasim::test::Case c = dlasim::test::make_case("conv2d", k, 1);
    return export_cmsis_nn(c.graph, c.inputs).files.at(1).text;
  };
  EXPECT_THAT(source_of(), testing::HasSubstr("return arm_convolve_s8("));
  k.padding = {0, 1, 0, 1};
  EXPECT_THAT(source_of(), testing::HasSubstr("return arm_convolve_wrapper_s8("));
}

TEST(ExportedOperators, AreExactWithDoubleRounding) {
  const base::ScratchDirectory directory;
  const Merged all = all_operators();
  write_project(export_cmsis_nn(all.graph, all.inputs), directory.path());
  const RunResult result = make_and_run(directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, testing::HasSubstr("PASS: "));
}

TEST(ExportedOperators, AreExactWithSingleRounding) {
  const base::ScratchDirectory directory;
  Merged all = all_operators();
  for (auto& node : all.graph.nodes) std::visit(SingleRounding{}, node.operation);
  write_project(export_cmsis_nn(all.graph, all.inputs), directory.path());
  const RunResult result = make_and_run(directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, testing::HasSubstr("PASS: "));
}

}  // namespace
}  // namespace dlasim::exporter::test
