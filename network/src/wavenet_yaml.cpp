#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.h"
#include "network_reader.h"

namespace dlasim::network {
namespace {

constexpr std::int64_t kMostChannels = 1 << 16;
constexpr std::int64_t kMostLayers = 4096;
constexpr std::int64_t kLongestSequence = std::int64_t{1} << 30;

enum class Encoding { kOneHot, kScalar };
constexpr std::array kEncodings{base::Choice<Encoding>{"one_hot", Encoding::kOneHot},
                                base::Choice<Encoding>{"scalar", Encoding::kScalar}};

/// The section `wavenet` with the symbols of spec/wavenet.md section 2.
struct Settings {
  Encoding encoding = Encoding::kOneHot;
  std::int64_t input_classes = 256;
  std::int64_t stacks = 1;
  std::vector<std::int64_t> dilations;
  std::int64_t kernel = 2, start_kernel = 1;
  std::int64_t residual = 0, gate = 0, skip = 0, classes = 0, condition = 0;
  std::vector<std::int64_t> end;
  std::int64_t length = 0;

  std::int64_t layers() const { return stacks * static_cast<std::int64_t>(dilations.size()); }
  std::int64_t input_channels() const { return encoding == Encoding::kOneHot ? input_classes : 1; }
  std::int64_t receptive_field() const {
    const std::int64_t reach = std::accumulate(dilations.begin(), dilations.end(), std::int64_t{0});
    return start_kernel + (kernel - 1) * stacks * reach;
  }
};

void read_dilations(const base::YamlNode& wavenet, Settings& s) {
  const base::YamlNode list = wavenet.at("dilations");
  s.stacks = wavenet.get_int_or("stacks", 1, 1, kMostLayers);
  s.dilations = list.as_ints(1, 1 << 20);
  if (s.dilations.empty()) list.fail("needs at least one dilation");
  if (s.layers() > kMostLayers) {
    list.fail(fmt::format("{} stacks of {} layers are more than {} layers", s.stacks, s.dilations.size(),
                          kMostLayers));
  }
}

/// Channels of the widest activation.
std::int64_t widest_activation(const Settings& s) {
  std::int64_t widest =
      std::max({2 * s.gate, s.residual, s.skip, s.classes, s.input_channels(), s.condition});
  for (const std::int64_t channels : s.end) widest = std::max(widest, channels);
  return widest;
}

Settings read_settings(const base::YamlNode& wavenet, const NetworkOptions& options) {
  Settings s;
  if (const auto input = wavenet.find("input")) {
    s.encoding = input->get_enum_or<Encoding>("encoding", s.encoding, kEncodings);
    s.input_classes = input->get_int_or("classes", s.input_classes, 2, kMostChannels);
  }
  read_dilations(wavenet, s);
  s.kernel = wavenet.get_int_or("kernel", 2, 1, 1024);
  s.start_kernel = wavenet.get_int_or("start_kernel", 1, 1, 1024);
  s.residual = wavenet.get_int("residual_channels", 1, kMostChannels);
  s.gate = wavenet.get_int_or("gate_channels", s.residual, 1, kMostChannels);
  s.skip = wavenet.get_int("skip_channels", 1, kMostChannels);
  s.classes = wavenet.get_int_or("classes", s.input_classes, 1, kMostChannels);
  s.condition = wavenet.get_int_or("condition_channels", 0, 0, kMostChannels);
  s.end = {s.skip};
  if (const auto end = wavenet.find("end_channels")) s.end = end->as_ints(1, kMostChannels);
  if (s.end.size() > 16) wavenet.at("end_channels").fail("more than 16 end layers");
  s.length = wavenet.get_int_or("sequence_length", s.receptive_field(), 1, kLongestSequence);
  if (options.sequence_length) s.length = *options.sequence_length;
  if (s.length < 1 || s.length > kLongestSequence) {
    wavenet.fail(fmt::format("a sequence of {} samples; 1 to {} are accepted", s.length, kLongestSequence));
  }
  // Here, where the place is known, and not when a node is made.
  try {
    static_cast<void>(element_count({1, 1, s.length, widest_activation(s)}));
  } catch (const base::InputError& e) {
    wavenet.fail(e.what());
  }
  wavenet.finish();  // before a wrong size of a misspelt key is blamed on the weights
  return s;
}

/// Appends the nodes in the order in which they run.
class WavenetBuilder {
 public:
  WavenetBuilder(const Settings& settings, WeightSource& weights) : s_(settings), weights_(weights) {}

  Graph build() {
    const TensorId input = append_input(graph_, "input", {1, 1, s_.length, s_.input_channels()});
    if (s_.condition > 0) condition_ = append_input(graph_, "condition", {1, 1, s_.length, s_.condition});
    stream_ = causal_conv("start", "start", input, {s_.residual, 1, s_.start_kernel, s_.input_channels()}, 1);
    for (std::int64_t i = 0; i < s_.layers(); ++i) add_layer(i);
    graph_.outputs = {add_head()};
    return std::move(graph_);
  }

 private:
  /// A convolution that sees no later position: output t reads inputs t - (K-1) * dilation ... t.
  TensorId causal_conv(const std::string& node, const std::string& arrays, TensorId input,
                       const Shape& weight, std::int64_t dilation) {
    op::Conv2d conv;
    conv.dilation = {1, dilation};
    conv.padding.left = (weight[2] - 1) * dilation;
    const std::int64_t fan_in = weight[2] * weight[3];
    Tensor weights = weights_.require(arrays + ".weight", weight, fan_in);
    std::optional<Tensor> bias = weights_.find(arrays + ".bias", {weight[0]}, fan_in);
    std::vector<TensorId> inputs{input, graph_.add_constant(arrays + ".weight", std::move(weights)),
                                 kNoTensor};
    if (bias) inputs[2] = graph_.add_constant(arrays + ".bias", *std::move(bias));
    return append(graph_, node, conv, std::move(inputs));
  }

  TensorId unary(const std::string& node, op::Unary::Kind kind, TensorId input) {
    op::Unary operation;
    operation.kind = kind;
    return append(graph_, node, operation, {input});
  }

  TensorId binary(const std::string& node, op::Binary::Kind kind, TensorId a, TensorId b) {
    op::Binary operation;
    operation.kind = kind;
    return append(graph_, node, operation, {a, b});
  }

  /// D channels of the 2D that the dilated convolution gives.
  TensorId half(const std::string& node, TensorId input, std::int64_t first_channel) {
    return append(graph_, node, op::Slice{{0, 0, 0, first_channel}, {1, 1, s_.length, s_.gate}, {1, 1, 1, 1}},
                  {input});
  }

  void add_layer(std::int64_t i) {
    const auto in_stack = static_cast<std::int64_t>(s_.dilations.size());
    const std::string node = fmt::format("stack{}.layer{}", i / in_stack, i % in_stack);
    const std::string arrays = fmt::format("layer{}", i);
    const std::int64_t dilation = s_.dilations[static_cast<std::size_t>(i % in_stack)];
    TensorId z = causal_conv(node + ".dilated", arrays + ".dilated", stream_,
                             {2 * s_.gate, 1, s_.kernel, s_.residual}, dilation);
    if (s_.condition > 0) {
      const TensorId c = causal_conv(node + ".condition", arrays + ".condition", condition_,
                                     {2 * s_.gate, 1, 1, s_.condition}, 1);
      z = binary(node + ".condition_sum", op::Binary::Kind::kAdd, z, c);
    }
    const TensorId tanh = unary(node + ".tanh", op::Unary::Kind::kTanh, half(node + ".tanh_half", z, 0));
    const TensorId sigmoid =
        unary(node + ".sigmoid", op::Unary::Kind::kSigmoid, half(node + ".sigmoid_half", z, s_.gate));
    const TensorId gated = binary(node + ".gate", op::Binary::Kind::kMul, tanh, sigmoid);
    add_skip(node, arrays, gated);
    add_residual(node, arrays, gated, i + 1 == s_.layers());
  }

  void add_skip(const std::string& node, const std::string& arrays, TensorId gated) {
    const TensorId skip = causal_conv(node + ".skip", arrays + ".skip", gated, {s_.skip, 1, 1, s_.gate}, 1);
    skip_ = skip_ == kNoTensor ? skip : binary(node + ".skip_sum", op::Binary::Kind::kAdd, skip_, skip);
  }

  void add_residual(const std::string& node, const std::string& arrays, TensorId gated, bool is_last) {
    if (is_last) {  // nothing reads the stream any more; some trainers save its weights all the same
      weights_.ignore(arrays + ".residual.weight");
      weights_.ignore(arrays + ".residual.bias");
      return;
    }
    const TensorId step =
        causal_conv(node + ".residual", arrays + ".residual", gated, {s_.residual, 1, 1, s_.gate}, 1);
    stream_ = binary(node + ".residual_sum", op::Binary::Kind::kAdd, stream_, step);
  }

  TensorId add_head() {
    TensorId x = skip_;
    std::int64_t channels = s_.skip;
    std::vector<std::int64_t> widths = s_.end;
    widths.push_back(s_.classes);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      x = unary(fmt::format("head.relu{}", i + 1), op::Unary::Kind::kRelu, x);
      x = causal_conv(fmt::format("head.end{}", i + 1), fmt::format("end{}", i + 1), x,
                      {widths[i], 1, 1, channels}, 1);
      channels = widths[i];
    }
    return x;
  }

  const Settings& s_;
  WeightSource& weights_;
  Graph graph_;
  TensorId stream_ = kNoTensor;  ///< y of the specification
  TensorId skip_ = kNoTensor;    ///< k
  TensorId condition_ = kNoTensor;
};

}  // namespace

Graph read_wavenet(const base::YamlNode& wavenet, WeightSource& weights, const NetworkOptions& options) {
  const Settings settings = read_settings(wavenet, options);
  return WavenetBuilder(settings, weights).build();
}

}  // namespace dlasim::network
