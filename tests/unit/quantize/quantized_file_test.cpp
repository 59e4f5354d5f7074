#include "quantize/quantized_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/error.h"
#include "quantize/post_training.h"
#include "quantized_fields.h"

namespace dlasim::quantize {
namespace {

namespace fs = std::filesystem;
namespace op = network::op;
using network::DType;
using network::QuantizedGraph;
using network::Tensor;
using network::TensorId;

class QuantizedFile : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        fs::path(testing::TempDir()) /
        (std::string("quantized_file_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path file(const std::string& name) const { return directory_ / name; }
  static std::string text(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }
  void replace(const fs::path& path, const std::string& from, const std::string& to) const {
    std::string content = text(path);
    const auto at = content.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    content.replace(at, from.size(), to);
    std::ofstream(path, std::ios::binary) << content;
  }
  /// The message with which loading fails.
  static std::string refusal(const fs::path& path) {
    try {
      load_quantized(path);
    } catch (const base::InputError& error) {
      return error.what();
    }
    return "";
  }

  fs::path directory_;
};

/// A small network with int8 weights, an int32 bias, softmax tables and a pad.
QuantizedGraph example() {
  network::Graph graph;
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  const auto constant = [&](network::Shape shape) {
    Tensor t(DType::kFloat32, std::move(shape));
    for (float& v : t.data<float>()) v = uniform(random);
    return graph.add_constant("c" + std::to_string(graph.tensors.size()), std::move(t));
  };
  const TensorId x = graph.add_tensor({"x", DType::kFloat32, {1, 1, 8, 2}, {}, {}});
  graph.inputs = {x};
  op::Conv2d conv;
  conv.padding.left = 2;
  TensorId y = graph.add_node("conv", conv, {x, constant({3, 1, 3, 2}), constant({3})}, {1, 1, 8, 3});
  y = graph.add_node("pad", op::Pad{{0, 0, 1, 0}, {0, 0, 0, 0}, 0.0, {}}, {y}, {1, 1, 9, 3});
  graph.outputs = {graph.add_node("softmax", op::Softmax{}, {y}, {1, 1, 9, 3})};
  Tensor sample(DType::kFloat32, {1, 1, 8, 2});
  for (float& v : sample.data<float>()) v = uniform(random);
  return quantize_post_training(graph, {{sample}}, int16x8_scheme()).quantized;
}

TEST_F(QuantizedFile, ReadsBackWhatItWrote) {
  const QuantizedGraph graph = example();
  save_quantized(graph, file("a.json"));
  const QuantizedGraph loaded = load_quantized(file("a.json"));
  save_quantized(loaded, file("b.json"));
  EXPECT_EQ(text(file("a.json")), text(file("b.json")));
  EXPECT_EQ(text(file("a.npz")), text(file("b.npz")));
  ASSERT_EQ(loaded.tensors.size(), graph.tensors.size());
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    EXPECT_EQ(loaded.tensors[i].constant, graph.tensors[i].constant);
    EXPECT_EQ(loaded.tensors[i].affine, graph.tensors[i].affine);
  }
  const auto& conv = std::get<network::qop::Conv2d>(loaded.nodes.at(0).operation);
  EXPECT_EQ(conv.mac.multiplier, std::get<network::qop::Conv2d>(graph.nodes[0].operation).mac.multiplier);
  EXPECT_EQ(conv.padding.left, 2);
}

TEST_F(QuantizedFile, KeepsStagedNumerics) {
  QuantizedGraph graph;
  graph.reduction_lanes = 4;
  network::NumberFormat fp8;
  fp8.kind = network::NumberFormat::Kind::kMinifloat;
  fp8.exp = 4;
  fp8.man = 3;
  fp8.bias = 7;
  fp8.specials = network::Specials::kFn;
  fp8.rounding = network::Rounding::kStochastic;
  fp8.lfsr = network::Lfsr{32, 4000000000U};
  network::StagedNumerics staged;
  staged.input.element = staged.weight.element = staged.product = fp8;
  staged.tree = {fp8, staged.accumulator};
  staged.function = {network::StagedActivation::Type::kLeakyRelu, 0.1, 0.0, 0.0};
  graph.inputs = {graph.add_tensor({"x", DType::kInt8, {1, 2}, {}, network::OperandFormat{fp8, 32}, {}, -1})};
  const TensorId w = graph.add_tensor({"w", DType::kInt8, {1, 2}, {}, {}, Tensor(DType::kInt8, {1, 2}), -1});
  graph.outputs = {graph.add_tensor({"y", DType::kInt8, {1, 1}, {}, {}, {}, -1})};
  graph.nodes.push_back({"fc",
                         network::qop::FullyConnected{},
                         {graph.inputs[0], w, network::kNoTensor},
                         graph.outputs,
                         staged});
  save_quantized(graph, file("a.json"));
  const QuantizedGraph loaded = load_quantized(file("a.json"));
  EXPECT_EQ(loaded.nodes.at(0).staged, staged);
  EXPECT_EQ(loaded.tensors.at(0).format, graph.tensors[0].format);
  EXPECT_EQ(loaded.reduction_lanes, 4);
}

TEST_F(QuantizedFile, SaysWhatIsWrong) {
  save_quantized(example(), file("a.json"));
  const std::string good = text(file("a.json"));
  struct Case {
    std::string from, to, message;
  };
  const std::vector<Case> cases{
      {"\"format\": \"dla-quantized-network/1\"", "\"format\": \"other\"", "format 'other'"},
      {"\"reduction_lanes\": 16", "\"reduction_lanes\": 0", "reduction_lanes: 0"},
      {"\"reduction_lanes\": 16", "\"lanes\": 16", "'reduction_lanes' is missing"},
      {"\"groups\": 1", "\"groups\": 1, \"extra\": 2", "unknown key 'extra'"},
      {"\"groups\": 1", "\"groups\": 1.5", "an integer is expected"},
      {"\"groups\": 1", "\"groups\": 18446744073709551615", "out of range"},
      {"\"kind\": \"conv2d\"", "\"kind\": \"conv9d\"", "unknown kind 'conv9d'"},
      {"\"rule\": \"int64\"", "\"rule\": \"half\"", "double, single, int64, pytorch are allowed"},
      {"\"dtype\": \"int16\"", "\"dtype\": \"int17\"", "found \"int17\""},
      {"\"name\": \"conv\"", "\"name\": 7", "a string is expected"},
      {"{", "[", "parse error"},
  };
  for (const Case& c : cases) {
    std::ofstream(file("a.json"), std::ios::binary) << good;
    replace(file("a.json"), c.from, c.to);
    EXPECT_THAT(refusal(file("a.json")), testing::HasSubstr(c.message));
  }
}

TEST_F(QuantizedFile, ChecksTheArrays) {
  QuantizedGraph graph = example();
  save_quantized(graph, file("a.json"));
  fs::remove(file("a.npz"));
  EXPECT_THAT(refusal(file("a.json")), testing::HasSubstr("a.npz"));
  // Arrays of a network with other weights beside the same declaration.
  graph.tensors.at(1).constant = Tensor(DType::kInt8, {3, 1, 3, 1});
  graph.tensors[1].shape = {3, 1, 3, 1};
  graph.tensors[1].affine.reset();
  save_quantized(graph, file("b.json"));
  fs::rename(file("b.npz"), file("a.npz"));
  EXPECT_THAT(refusal(file("a.json")), testing::HasSubstr("is not the declared int8 3x1x3x2"));
  EXPECT_THROW(save_quantized(graph, file("a.txt")), base::InputError);
}

TEST(Validate, RefusesBrokenStructure) {
  const QuantizedGraph good = example();
  EXPECT_NO_THROW(validate(good));
  QuantizedGraph swapped = good;
  std::swap(swapped.nodes[0], swapped.nodes[1]);
  EXPECT_THROW(validate(swapped), base::InputError);
  QuantizedGraph outside = good;
  outside.nodes[0].inputs[0] = 1000;
  EXPECT_THROW(validate(outside), base::InputError);
  QuantizedGraph twice = good;
  twice.nodes.push_back(twice.nodes[1]);
  EXPECT_THROW(validate(twice), base::InputError);
  QuantizedGraph scale = good;
  scale.tensors[0].affine->scale[0] = -1.0F;
  EXPECT_THROW(validate(scale), base::InputError);
  QuantizedGraph unwritten = good;
  unwritten.outputs = {unwritten.add_tensor({"loose", DType::kInt8, {1}, {}, {}, {}, -1})};
  EXPECT_THROW(validate(unwritten), base::InputError);
}

/// Converts to anything: how many of them an aggregate takes is its number of fields.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};

template <class T, class... A>
constexpr std::size_t field_count() {
  if constexpr (requires { T{A{}..., Anything{}}; }) {
    return field_count<T, A..., Anything>();
  } else {
    return sizeof...(A);
  }
}

struct FieldCounter {
  std::size_t count = 0;
  template <class T>
  void operator()(const char*, T&) {
    ++count;
  }
};

template <class T>
void expect_all_fields() {
  T value{};
  FieldCounter counter;
  fields(counter, value);
  EXPECT_EQ(counter.count, field_count<T>()) << typeid(T).name();
}

template <class... T>
void expect_all_fields_of(const std::variant<T...>*) {
  (expect_all_fields<T>(), ...);
}

TEST(QuantizedFields, NameEveryFieldOfEveryOperator) {
  expect_all_fields_of(static_cast<network::QuantizedOperation*>(nullptr));
  expect_all_fields<network::qop::MacParameters>();
  expect_all_fields<network::qop::Lstm::Gate>();
  expect_all_fields<network::Padding>();
  expect_all_fields<network::Affine>();
  expect_all_fields<network::Lfsr>();
  expect_all_fields<network::StagedActivation>();
}

}  // namespace
}  // namespace dlasim::quantize
