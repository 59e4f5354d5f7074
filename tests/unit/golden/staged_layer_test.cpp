// Staged layers: against the integer operators where nothing is lost, against an equivalent layer where
// there is one, and their seeds against the contract's formula.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "formats.h"
#include "golden/interpreter.h"
#include "golden/staged.h"
#include "network/number_format_presets.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::Rounding;
using network::Shape;
using network::StagedNumerics;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;

StagedNumerics uniform(const NumberFormat& operand, const NumberFormat& point, const NumberFormat& output) {
  StagedNumerics n;
  n.input = n.weight = {operand, 0};
  n.bias_operand = operand;
  n.product = n.accumulator = n.partial_sum = n.bias = point;
  n.tree = {point};
  n.output = output;
  return n;
}

/// A graph of one node whose tensors are all constants of the graph.
struct OneLayer {
  QuantizedGraph graph;
  QuantizedNode node;

  TensorId add(Tensor value, std::optional<OperandFormat> format) {
    network::QuantizedTensor info;
    info.dtype = value.dtype();
    info.shape = value.shape();
    info.format = format;
    info.constant = std::move(value);
    return graph.add_tensor(std::move(info));
  }
  void add_output(DType dtype, Shape shape, std::optional<OperandFormat> format) {
    network::QuantizedTensor info;
    info.name = "output";
    info.dtype = dtype;
    info.shape = std::move(shape);
    info.format = format;
    node.outputs.push_back(graph.add_tensor(std::move(info)));
  }
  StagedTensorLookup lookup() const {
    return [this](TensorId id) -> const Tensor* {
      const auto& constant = graph.tensor(id).constant;
      return constant ? &*constant : nullptr;
    };
  }
  Tensor run(StageEvents* events = nullptr) const {
    return run_staged_node(graph, node, lookup(), events).at(0);
  }
};

Tensor random_tensor(DType dtype, const Shape& shape, std::mt19937& random, std::int64_t low,
                     std::int64_t high) {
  Tensor tensor(dtype, shape);
  std::uniform_int_distribution<std::int64_t> value(low, high);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, value(random));
  return tensor;
}

struct Shapes {
  const char* name;
  network::QuantizedOperation operation;
  Shape input, weight, output;
};

qop::MacParameters mac_parameters_of(std::int64_t channels, std::int64_t weight_zero_point) {
  qop::MacParameters mac;
  mac.input_zero_point = -7;
  mac.weight_zero_point = weight_zero_point;
  mac.output_zero_point = 3;
  for (std::int64_t c = 0; c < channels; ++c) {
    mac.multiplier.push_back({static_cast<std::int32_t>(1500000000 - 100000000 * c), -7});
  }
  mac.clamp = {-100, 120};
  return mac;
}

std::vector<Shapes> layer_shapes() {
  qop::Conv2d conv;
  conv.stride = {2, 1};
  conv.dilation = {1, 2};
  conv.padding = {1, 2, 1, 2};
  conv.groups = 2;
  conv.mac = mac_parameters_of(4, 0);
  qop::DepthwiseConv2d depthwise;
  depthwise.padding = {1, 0, 1, 2};
  depthwise.channel_multiplier = 2;
  depthwise.mac = mac_parameters_of(6, 0);
  qop::TransposeConv2d transpose;
  transpose.stride = {2, 3};
  transpose.padding = {1, 0, 0, 1};
  transpose.mac = mac_parameters_of(3, 0);
  qop::FullyConnected connected;
  connected.mac = mac_parameters_of(5, 9);
  return {
      {"conv2d", conv, {2, 5, 6, 6}, {4, 3, 3, 3}, {2, 3, 6, 4}},
      {"depthwise", depthwise, {1, 5, 4, 3}, {1, 3, 3, 6}, {1, 5, 4, 6}},
      {"transpose", transpose, {1, 3, 4, 5}, {3, 3, 4, 5}, {1, 6, 12, 3}},
      {"fully_connected", connected, {3, 21}, {5, 21}, {3, 5}},
  };
}

class AffineLayers : public testing::TestWithParam<int> {};

/// With points that lose nothing the order of the additions does not matter, and the integer operators,
/// which share no code with the staged ones, must give the same bits.
TEST_P(AffineLayers, EqualTheIntegerOperators) {
  std::mt19937 random(21);
  for (const Shapes& shapes : layer_shapes()) {
    OneLayer layer;
    const std::int64_t outputs = shapes.output.back();
    layer.graph.reduction_lanes = GetParam();
    layer.node.name = shapes.name;
    layer.node.operation = shapes.operation;
    layer.node.inputs = {
        layer.add(random_tensor(DType::kInt8, shapes.input, random, -128, 127), std::nullopt),
        layer.add(random_tensor(DType::kInt8, shapes.weight, random, -127, 127), std::nullopt),
        layer.add(random_tensor(DType::kInt32, {outputs}, random, -9999, 9999), std::nullopt)};
    layer.add_output(DType::kInt8, shapes.output, std::nullopt);
    layer.graph.nodes = {layer.node};
    layer.graph.outputs = layer.node.outputs;
    const Tensor expected = run(layer.graph, {}).at(0);
    layer.node.staged = uniform(preset("int8"), preset("int32"), preset("int8"));
    EXPECT_EQ(layer.run(), expected) << shapes.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Lanes, AffineLayers, testing::Values(1, 2, 3, 16));

OneLayer small_conv(const StagedNumerics& numerics, std::mt19937& random) {
  OneLayer layer;
  layer.graph.reduction_lanes = 3;
  layer.node.name = "conv";
  qop::Conv2d conv;
  conv.padding = {1, 1, 1, 1};
  layer.node.operation = conv;
  layer.node.inputs = {
      layer.add(random_tensor(DType::kInt8, {1, 4, 5, 7}, random, -128, 127), numerics.input),
      layer.add(random_tensor(DType::kInt8, {2, 3, 3, 7}, random, -128, 127), numerics.weight),
      layer.add(random_tensor(DType::kInt8, {2}, random, -128, 127),
                OperandFormat{*numerics.bias_operand, 0})};
  layer.add_output(DType::kInt8, {1, 4, 5, 2}, OperandFormat{numerics.output, 0});
  layer.node.staged = numerics;
  return layer;
}

TEST(StagedLayer, TraceIsWhatTheLayerDoes) {
  std::mt19937 random(4);
  StagedNumerics numerics = uniform(dfp(8, 5), dfp(14, 8, Rounding::kFloor), stochastic(dfp(8, 3), {16, 6}));
  numerics.tree = {stochastic(dfp(14, 7), {16, 3}), dfp(14, 6)};
  const OneLayer layer = small_conv(numerics, random);
  StageEvents events;
  const Tensor output = layer.run(&events);
  std::int64_t inexact_products = 0;
  std::int64_t padded = 0;
  for (std::int64_t e = 0; e < output.size(); ++e) {
    const ElementTrace trace = trace_element(layer.graph, layer.node, layer.lookup(), e);
    EXPECT_EQ(static_cast<std::int64_t>(static_cast<std::int8_t>(trace.output->code)), output.integer(e));
    ASSERT_EQ(trace.tiles.size(), 3U);
    EXPECT_EQ(trace.tiles[2].lanes.size(), 1U);
    EXPECT_EQ(trace.tiles[0].tree.size(), 2U);
    for (const TileTrace& tile : trace.tiles) {
      for (const auto& lane : tile.lanes) {
        for (const TapTrace& tap : lane) {
          inexact_products += (tap.product.flags & kInexact) != 0 ? 1 : 0;
          padded += tap.padded ? 1 : 0;
        }
      }
    }
  }
  EXPECT_EQ(events.at(Point::kProduct).count, output.size() * 9 * 7);
  EXPECT_EQ(events.at(Point::kProduct).inexact, inexact_products);
  EXPECT_GT(inexact_products, 0);
  EXPECT_GT(padded, 0);
  EXPECT_EQ(events.at(Point::kTree).count, output.size() * 3 * 3);
  EXPECT_EQ(events.tree_levels.at(1).count, output.size() * 3);
  EXPECT_EQ(events.at(Point::kOutput).count, output.size());
  EXPECT_LE(events.at(Point::kOutput).min, events.at(Point::kOutput).max);
  EXPECT_THROW(trace_element(layer.graph, layer.node, layer.lookup(), output.size()), base::InputError);
}

/// Large enough for several threads: the same as one element at a time.
TEST(StagedLayer, ThreadsDoNotShow) {
  std::mt19937 random(19);
  const StagedNumerics numerics =
      uniform(dfp(8, 5), stochastic(dfp(12, 5), {16, 1}), stochastic(dfp(8, 2), {16, 2}));
  OneLayer layer;
  layer.node.operation = qop::Conv2d{};
  layer.node.inputs = {
      layer.add(random_tensor(DType::kInt8, {1, 32, 32, 48}, random, -128, 127), numerics.input),
      layer.add(random_tensor(DType::kInt8, {31, 1, 1, 48}, random, -128, 127), numerics.weight),
      network::kNoTensor};
  layer.add_output(DType::kInt8, {1, 32, 32, 31}, OperandFormat{numerics.output, 0});
  layer.node.staged = numerics;
  StageEvents events;
  const Tensor output = layer.run(&events);
  EXPECT_EQ(events.at(Point::kProduct).count, output.size() * 48);
  EXPECT_EQ(events.at(Point::kOutput).count, output.size());
  for (std::int64_t e = 11; e < output.size(); e += 997) {
    const ElementTrace trace = trace_element(layer.graph, layer.node, layer.lookup(), e);
    ASSERT_EQ(static_cast<std::int64_t>(static_cast<std::int8_t>(trace.output->code)), output.integer(e));
  }
}

/// One unit: its format, and its LFSR for an element.
struct Unit {
  Unit(const NumberFormat& format, std::uint32_t point, std::uint32_t instance, std::uint32_t element)
      : converter(format), lfsr(LfsrState::for_element(*format.lfsr, point, instance, element)) {}
  Converted operator()(const Value& a, const Value& b) { return converter.convert_sum(a, b, &lfsr); }
  Converter converter;
  LfsrState lfsr;
};

void expect_own_seeds(const OneLayer& layer, std::uint32_t element) {
  const ElementTrace trace = trace_element(layer.graph, layer.node, layer.lookup(), element);
  const StagedNumerics& numerics = *layer.node.staged;

  std::vector<Unit> products, accumulators;
  for (std::uint32_t lane = 0; lane < 3; ++lane) {
    products.emplace_back(numerics.product, 0, lane, element);
    accumulators.emplace_back(numerics.accumulator, 1, lane, element);
  }
  Unit left(numerics.tree[0], 2, 0, element), right(numerics.tree[0], 2, 1, element),
      root(numerics.tree[1], 2, 2, element);
  Unit partial_sum(numerics.partial_sum, 3, 0, element), bias(numerics.bias, 4, 0, element);
  Unit activation(numerics.activation, 5, 0, element), output(numerics.output, 6, 0, element);

  Value total = Value::zero();
  for (const TileTrace& tile : trace.tiles) {
    std::vector<Value> sums(4, Value::zero());
    for (std::size_t lane = 0; lane < tile.lanes.size(); ++lane) {
      for (const TapTrace& tap : tile.lanes[lane]) {
        const Value exact = tap.padded ? Value::zero() : multiply(tap.x, tap.w);
        ASSERT_EQ(tap.product.code, products[lane](exact, Value::zero()).code);
        const Converted sum = accumulators[lane](sums[lane], tap.product.value);
        ASSERT_EQ(tap.accumulator.code, sum.code);
        sums[lane] = sum.value;
      }
    }
    const Converted l = left(sums[0], sums[1]);
    const Converted r = right(sums[2], sums[3]);
    const Converted top = root(l.value, r.value);
    EXPECT_EQ(tile.tree[0][0].code, l.code);
    EXPECT_EQ(tile.tree[0][1].code, r.code);
    EXPECT_EQ(tile.tree[1][0].code, top.code);
    total = partial_sum(total, top.value).value;
    EXPECT_TRUE(same(tile.partial_sum.value, total));
  }
  const Converted biased = bias(total, *trace.bias_operand);
  EXPECT_EQ(trace.bias->code, biased.code);
  const Converted activated = activation(biased.value, Value::zero());
  EXPECT_EQ(trace.activation.code, activated.code);
  EXPECT_EQ(trace.output->code, output(activated.value, Value::zero()).code);
}

/// Each unit of a trace is recomputed with a LFSR seeded as section 2 says. Every format is coarser than the
/// one before it, so that every unit has something to round.
TEST(StagedLayer, EveryUnitHasItsOwnSeed) {
  std::mt19937 random(9);
  StagedNumerics numerics =
      uniform(dfp(8, 5), stochastic(dfp(16, 6), {16, 42}), stochastic(dfp(8, -2), {16, 42}));
  numerics.accumulator = stochastic(dfp(16, 5), {16, 42});
  numerics.tree = {stochastic(dfp(16, 4), {16, 42}), stochastic(dfp(16, 3), {16, 42})};
  numerics.partial_sum = stochastic(dfp(16, 2), {16, 42});
  numerics.bias = stochastic(dfp(16, 1), {16, 42});
  numerics.activation = stochastic(dfp(16, 0), {16, 42});
  const OneLayer layer = small_conv(numerics, random);
  for (std::uint32_t element = 0; element < 40; ++element) expect_own_seeds(layer, element);
}

/// A transposed convolution is the direct one over the spread input with the kernel rotated, in bits too.
TEST(StagedLayer, TransposeIsTheEquivalentDirectConvolution) {
  std::mt19937 random(13);
  const StagedNumerics numerics = uniform(dfp(8, 5), dfp(12, 7, Rounding::kFloor), dfp(8, 3));
  OneLayer transpose;
  qop::TransposeConv2d op;
  op.stride = {2, 2};
  op.padding = {1, 1, 1, 1};
  transpose.node.operation = op;
  const Tensor input = random_tensor(DType::kInt8, {1, 3, 3, 4}, random, -128, 127);
  const Tensor weight = random_tensor(DType::kInt8, {2, 3, 3, 4}, random, -128, 127);
  transpose.node.inputs = {transpose.add(input, numerics.input), transpose.add(weight, numerics.weight),
                           network::kNoTensor};
  transpose.add_output(DType::kInt8, {1, 5, 5, 2}, OperandFormat{numerics.output, 0});
  transpose.node.staged = numerics;

  Tensor spread(DType::kInt8, {1, 5, 5, 4});
  Tensor rotated(DType::kInt8, weight.shape());
  for (std::int64_t c = 0; c < 4; ++c) {
    for (std::int64_t y = 0; y < 3; ++y) {
      for (std::int64_t x = 0; x < 3; ++x) {
        spread.set_integer((y * 2 * 5 + x * 2) * 4 + c, input.integer((y * 3 + x) * 4 + c));
        for (std::int64_t o = 0; o < 2; ++o) {
          rotated.set_integer(((o * 3 + y) * 3 + x) * 4 + c,
                              weight.integer(((o * 3 + 2 - y) * 3 + 2 - x) * 4 + c));
        }
      }
    }
  }
  OneLayer direct;
  qop::Conv2d conv;
  conv.padding = {1, 1, 1, 1};
  direct.node.operation = conv;
  direct.node.inputs = {direct.add(spread, numerics.input), direct.add(rotated, numerics.weight),
                        network::kNoTensor};
  direct.add_output(DType::kInt8, {1, 5, 5, 2}, OperandFormat{numerics.output, 0});
  direct.node.staged = numerics;
  EXPECT_EQ(transpose.run(), direct.run());
}

TEST(StagedLayer, PaddedTapsHideNanWeights) {
  OneLayer layer;
  const StagedNumerics numerics = uniform(preset("fp8_e4m3"), preset("fp16"), preset("fp8_e4m3"));
  qop::Conv2d conv;
  conv.padding = {0, 1, 0, 0};
  layer.node.operation = conv;
  Tensor input(DType::kInt8, {1, 1, 2, 1});
  Tensor weight(DType::kInt8, {1, 1, 2, 1});
  input.set_integer(0, 0x38);  // 1
  input.set_integer(1, 0x38);
  weight.set_integer(0, 0x7F);  // nan, under the padding at output 0
  weight.set_integer(1, 0x40);  // 2
  layer.node.inputs = {layer.add(input, numerics.input), layer.add(weight, numerics.weight),
                       network::kNoTensor};
  layer.add_output(DType::kInt8, {1, 1, 2, 1}, OperandFormat{numerics.output, 0});
  layer.node.staged = numerics;
  const Tensor output = layer.run();
  EXPECT_EQ(output.integer(0), 0x40);
  EXPECT_EQ(output.integer(1), 0x7F);
}

/// MX operands of `elements`, one scale a block of 32.
struct MxLayer {
  OneLayer layer;

  MxLayer(network::MxMode mode, std::uint8_t x_scale, std::uint8_t w_scale) {
    std::mt19937 random(31);
    StagedNumerics numerics = uniform(preset("fp32"), preset("fp32"), preset("fp32"));
    numerics.input = numerics.weight = {*network::mx_element_preset("int8"), 32};
    numerics.block = preset("fp32");
    numerics.mx_mode = mode;
    layer.graph.reduction_lanes = 4;
    layer.node.operation = qop::FullyConnected{};
    layer.node.inputs = {add_mx({1, 40}, x_scale, random), add_mx({3, 40}, w_scale, random),
                         network::kNoTensor};
    layer.add_output(DType::kInt32, {1, 3}, OperandFormat{numerics.output, 0});
    layer.node.staged = numerics;
  }
  TensorId add_mx(const Shape& shape, std::uint8_t scale, std::mt19937& random) {
    Tensor scales(DType::kUInt8, {shape[0], 2});
    for (std::int64_t i = 0; i < scales.size(); ++i) scales.set_integer(i, scale);
    const TensorId id = layer.add(random_tensor(DType::kInt8, shape, random, -128, 127),
                                  OperandFormat{*network::mx_element_preset("int8"), 32});
    const TensorId scales_id = layer.add(scales, std::nullopt);
    layer.graph.tensors[static_cast<std::size_t>(id)].mx_scales = scales_id;
    return id;
  }
};

TEST(MxLayers, BlockAndStorageAgreeWhereNothingIsLost) {
  // 40 products of 15 bits fit fp32's 24: every order gives the exact sum.
  const Tensor block = MxLayer(network::MxMode::kBlock, 130, 120).layer.run();
  const Tensor storage = MxLayer(network::MxMode::kStorage, 130, 120).layer.run();
  EXPECT_EQ(block, storage);
  const Tensor unscaled = MxLayer(network::MxMode::kStorage, 127, 127).layer.run();
  const Converter fp32(preset("fp32"));
  for (std::int64_t i = 0; i < 3; ++i) {
    const Value scaled = fp32.decode(static_cast<std::uint64_t>(block.integer(i)));
    EXPECT_TRUE(
        same(scaled, scale_by_power(fp32.decode(static_cast<std::uint64_t>(unscaled.integer(i))), -4)));
  }
}

TEST(MxLayers, NanScaleSpreads) {
  for (const auto mode : {network::MxMode::kBlock, network::MxMode::kStorage}) {
    EXPECT_EQ(MxLayer(mode, 255, 127).layer.run().integer(0), 0x7FC00000);
  }
}

TEST(StagedLayer, MistakesAreNamed) {
  std::mt19937 random(2);
  const StagedNumerics good = uniform(dfp(8, 5), dfp(14, 8), dfp(8, 3));
  const auto error = [&](const std::function<void(OneLayer&)>& spoil) {
    OneLayer layer = small_conv(good, random);
    spoil(layer);
    try {
      (void)layer.run();
    } catch (const base::InputError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  using testing::HasSubstr;
  EXPECT_EQ(error([](OneLayer&) {}), "");
  EXPECT_THAT(error([](OneLayer& l) { l.graph.reduction_lanes = 0; }), HasSubstr("lanes"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->tree.assign(3, dfp(14, 8)); }), HasSubstr("2 levels"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->accumulator = NumberFormat{}; }),
              HasSubstr("accumulator"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->bias_operand.reset(); }), HasSubstr("bias"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->input.element.fl = 1; }), HasSubstr("input"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->output = dfp(9, 3); }), HasSubstr("9 bits"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.staged->mx_mode = network::MxMode::kBlock; }),
              HasSubstr("block"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.inputs[1] = network::kNoTensor; }), HasSubstr("weight"));
  EXPECT_THAT(error([](OneLayer& l) { std::get<qop::Conv2d>(l.node.operation).groups = 3; }),
              HasSubstr("groups"));
  EXPECT_THAT(error([](OneLayer& l) { l.node.operation = qop::Pool2d{}; }), HasSubstr("does not run staged"));
  EXPECT_THAT(error([](OneLayer& l) { l.graph.tensors[0].format.reset(); }), HasSubstr("number format"));
}

}  // namespace
}  // namespace dlasim::golden
