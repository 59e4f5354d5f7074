// Staged layers with random formats at every point, on random arrays: the accelerator gives golden's codes
// and golden's event counts. A failing case prints its seed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "golden/interpreter.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/fast/fast_engine.h"
#include "sim/netlist/run_netlist.h"
#include "support/run_comparison.h"

namespace dlasim {
namespace {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::QuantizedGraph;
using network::Shape;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// Both ends included.
  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  std::uint64_t bits() { return engine_(); }
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[between(0, static_cast<int>(list.size()) - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

NumberFormat random_dfp(Random& random, int low_bits, int high_bits, int near_fl) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kDfp;
  f.bits = random.between(low_bits, high_bits);
  f.fl = near_fl + random.between(-4, 4);
  f.is_signed = random.chance(85);
  f.overflow = random.one_of(
      {network::Overflow::kSaturate, network::Overflow::kSaturateSymmetric, network::Overflow::kWrap});
  return f;
}

NumberFormat random_minifloat(Random& random, int most_exp, int most_man) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kMinifloat;
  f.exp = random.between(2, most_exp);
  f.man = random.between(0, most_man);
  f.bias = (1 << (f.exp - 1)) - 1 + (random.chance(20) ? random.between(-3, 3) : 0);
  f.exp_zero = random.one_of({network::ExpZero::kSubnormal, network::ExpZero::kSubnormal,
                              network::ExpZero::kZero, network::ExpZero::kNormal});
  f.specials = random.one_of({network::Specials::kIeee, network::Specials::kFn, network::Specials::kNone});
  if (f.man == 0 && f.specials == network::Specials::kIeee) f.specials = network::Specials::kFn;
  f.overflow = random.one_of({network::Overflow::kSaturate, network::Overflow::kInf});
  if (f.specials == network::Specials::kNone) f.overflow = network::Overflow::kSaturate;
  return f;
}

/// Which rounding modes a case may use: stochastic units run another datapath, so cases with and without.
NumberFormat with_rounding(Random& random, NumberFormat f, bool may_be_stochastic) {
  f.rounding =
      random.one_of({network::Rounding::kFloor, network::Rounding::kTrunc, network::Rounding::kNearestUp,
                     network::Rounding::kNearestAway, network::Rounding::kNearestEven});
  if (may_be_stochastic && random.chance(40)) {
    f.rounding = network::Rounding::kStochastic;
    f.lfsr = network::Lfsr{random.one_of({16, 32}), static_cast<std::uint32_t>(random.bits())};
  }
  return f;
}

/// A point inside the array: up to 64-bit DFP, up to e8m23.
NumberFormat random_point(Random& random, bool may_be_stochastic) {
  NumberFormat f;
  switch (random.between(0, 4)) {
    case 0:
      f = random_dfp(random, 2, 64, 6);
      break;
    case 1:
    case 2:
      f = random_dfp(random, 8, 30, 6);
      break;
    case 3:
      f = random_minifloat(random, 8, 23);
      break;
    default:
      f = random_minifloat(random, 5, 10);
      break;
  }
  return with_rounding(random, f, may_be_stochastic);
}

NumberFormat random_operand(Random& random, int most_bits) {
  if (random.chance(50)) return random_dfp(random, 2, most_bits, 3);
  return random_minifloat(random, most_bits >= 19 ? 8 : 4, most_bits >= 19 ? 10 : 3);
}

DType code_dtype(const NumberFormat& f) {
  const int bits = f.code_bits();
  return bits <= 8 ? DType::kInt8 : bits <= 16 ? DType::kInt16 : bits <= 32 ? DType::kInt32 : DType::kInt64;
}

/// All codes, specials included: small DFP codes and whole minifloat codes alike.
Tensor random_codes(Random& random, const NumberFormat& f, const Shape& shape) {
  Tensor t(code_dtype(f), shape);
  const int unused = 64 - f.code_bits();
  for (std::int64_t i = 0; i < t.size(); ++i) {
    t.set_integer(i, static_cast<std::int64_t>(random.bits() << unused) >> unused);
  }
  return t;
}

struct Case {
  QuantizedGraph graph;
  std::vector<Tensor> inputs;
  sim::arch::Hardware hardware;
  std::string text;
};

Shape mx_scales_shape(Shape shape, std::int64_t block) {
  shape.back() = (shape.back() + block - 1) / block;
  return shape;
}

TensorId add_codes(Case& c, Random& random, const std::string& name, const OperandFormat& format,
                   const Shape& shape, bool is_constant) {
  network::QuantizedTensor tensor;
  tensor.name = name;
  tensor.shape = shape;
  tensor.dtype = code_dtype(format.element);
  tensor.format = format;
  Tensor codes = random_codes(random, format.element, shape);
  if (format.mx_block != 0) {
    network::QuantizedTensor scales;
    scales.name = name + "_scales";
    scales.dtype = DType::kUInt8;
    scales.shape = mx_scales_shape(shape, format.mx_block);
    Tensor values(DType::kUInt8, scales.shape);
    for (std::int64_t i = 0; i < values.size(); ++i) {
      values.set_integer(i, random.chance(3) ? random.between(0, 255) : random.between(120, 134));
    }
    if (is_constant) scales.constant = values;
    tensor.mx_scales = c.graph.add_tensor(std::move(scales));
    if (!is_constant) {
      c.graph.inputs.push_back(tensor.mx_scales);
      c.inputs.push_back(std::move(values));
    }
  }
  if (is_constant) tensor.constant = codes;
  const TensorId id = c.graph.add_tensor(std::move(tensor));
  if (!is_constant) {
    c.graph.inputs.push_back(id);
    c.inputs.push_back(std::move(codes));
  }
  return id;
}

/// The codes, and for an MX format the scales behind them.
std::vector<TensorId> add_output(Case& c, const OperandFormat& format, const Shape& shape) {
  network::QuantizedTensor tensor;
  tensor.name = "output";
  tensor.dtype = code_dtype(format.element);
  tensor.shape = shape;
  tensor.format = format;
  if (format.mx_block != 0) {
    network::QuantizedTensor scales;
    scales.name = "output_scales";
    scales.dtype = DType::kUInt8;
    scales.shape = mx_scales_shape(shape, format.mx_block);
    tensor.mx_scales = c.graph.add_tensor(std::move(scales));
  }
  const TensorId scales = tensor.mx_scales;
  c.graph.outputs = {c.graph.add_tensor(std::move(tensor))};
  if (scales != network::kNoTensor) c.graph.outputs.push_back(scales);
  return c.graph.outputs;
}

NumberFormat random_mx_element(Random& random) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kMinifloat;
  switch (random.between(0, 4)) {
    case 0:
      f.kind = NumberFormat::Kind::kDfp;
      f.bits = 8;
      f.fl = 6;
      f.overflow = network::Overflow::kSaturateSymmetric;
      return f;
    case 1:
      f.exp = 5, f.man = 2, f.bias = 15;
      return f;
    case 2:
      f.exp = 4, f.man = 3, f.bias = 7, f.specials = network::Specials::kFn;
      return f;
    case 3:
      f.exp = 3, f.man = 2, f.bias = 3, f.specials = network::Specials::kNone;
      return f;
    default:
      f.exp = 2, f.man = 1, f.bias = 1, f.specials = network::Specials::kNone;
      return f;
  }
}

network::StagedNumerics random_numerics(Random& random, int lanes, bool has_bias) {
  const bool stochastic = random.chance(40);
  network::StagedNumerics n;
  n.input.element = random_operand(random, 20);
  n.weight.element = random_operand(random, 20);
  if (has_bias) n.bias_operand = random_operand(random, 20);
  if (random.chance(75)) n.product = random_point(random, stochastic);
  n.accumulator = random_point(random, stochastic);
  int levels = 0;
  while ((1 << levels) < lanes) ++levels;
  const int listed = random.chance(50) && levels > 0 ? levels : 1;
  for (int i = 0; i < listed; ++i) n.tree.push_back(random_point(random, stochastic));
  n.partial_sum = random_point(random, stochastic);
  n.bias = random_point(random, stochastic);
  if (random.chance(40)) n.activation = random_point(random, stochastic);
  n.output = with_rounding(
      random, random.chance(50) ? random_dfp(random, 2, 32, 3) : random_minifloat(random, 8, 10), stochastic);
  using Type = network::StagedActivation::Type;
  n.function.type = random.one_of({Type::kNone, Type::kRelu, Type::kLeakyRelu, Type::kClamp});
  n.function.slope = random.one_of({0.125, 0.3, -0.25});
  n.function.min = random.one_of({-1.0, 0.0, -6.0});
  n.function.max = random.one_of({1.0, 6.0, 0.1});
  return n;
}

sim::arch::Hardware random_hardware(Random& random) {
  sim::arch::Hardware h;
  h.pe_array.activation_bits = h.pe_array.weight_bits = 32;
  h.pe_array.ic_lanes = random.one_of({1, 2, 3, 4, 5, 7, 8, 16, 17, 32, 64});
  h.pe_array.oc_lanes = random.one_of({1, 2, 3, 4, 8, 11, 16});
  // Small buffers, down to one window of one ic tile in each half: several strips, oc tiles and ic chunks.
  const auto kib = [](int words, int lanes) { return words * lanes * 4 / 1024 + 1; };
  const int windows = random.one_of({1, 2, 16});
  h.buffers.activation_kib = windows * kib(2 * 25, std::max(h.pe_array.ic_lanes, 32));
  h.buffers.weight_kib = windows * kib(2 * 9 * std::max(h.pe_array.ic_lanes, 32), h.pe_array.oc_lanes);
  h.buffers.partial_sum_depth = random.one_of({4, 16, 512});
  return h;
}

Shape window_output(const Shape& in, std::int64_t outputs, const Shape& kernel, const network::Pair& stride,
                    const network::Pair& dilation, const network::Padding& p) {
  const std::int64_t height = in[1] + p.top + p.bottom - (kernel[0] - 1) * dilation[0] - 1;
  const std::int64_t width = in[2] + p.left + p.right - (kernel[1] - 1) * dilation[1] - 1;
  return {in[0], height / stride[0] + 1, width / stride[1] + 1, outputs};
}

network::Padding random_padding(Random& random) {
  return {random.between(0, 2), random.between(0, 2), random.between(0, 2), random.between(0, 2)};
}

/// A convolution, depthwise or transposed convolution, or a fully connected layer.
void add_reduction(Case& c, Random& random) {
  const bool has_bias = random.chance(60);
  network::StagedNumerics n = random_numerics(random, c.graph.reduction_lanes, has_bias);
  const int kind = random.between(0, 4);
  const Shape kernel{random.between(1, 3), random.between(1, 3)};
  const network::Pair dilation{random.between(1, 2), random.between(1, 2)};
  const network::Pair stride{random.between(1, 2), random.between(1, 2)};
  const network::Padding padding = random_padding(random);
  const std::int64_t groups = kind == 1 ? random.between(2, 3) : 1;
  std::int64_t channels = random.between(1, 12) * groups;
  std::int64_t outputs = random.between(1, 9) * groups;
  const bool mx = random.chance(30);
  if (mx) {
    n.mx_mode = random.one_of({network::MxMode::kBlock, network::MxMode::kStorage});
    if (kind == 2) n.mx_mode = network::MxMode::kStorage;  // a channel is no dot product of a block
    // Groups are whole blocks; only the last block of a tensor may be short.
    channels = groups > 1 ? groups * random.one_of({32, 64}) : random.one_of({8, 32, 40, 64});
    n.input = {random_mx_element(random), 32};
    n.weight = {random_mx_element(random), 32};
    if (n.mx_mode == network::MxMode::kBlock) {
      n.block = random_point(random, false);
      if (n.tree.size() != 1) n.tree.resize(1);
      c.hardware.pe_array.ic_lanes = 32;
      c.graph.reduction_lanes = 32;
    }
  }
  const std::int64_t multiplier = random.between(1, 2);
  if (kind == 2) outputs = channels * multiplier;
  // No window is larger than its input.
  const auto size = [&random](std::int64_t taps, std::int64_t step) {
    return std::max<std::int64_t>(random.between(3, 6), (taps - 1) * step + 1);
  };
  Shape in{random.between(1, 2), size(kernel[0], dilation[0]), size(kernel[1], dilation[1]), channels};
  Shape weight{outputs, kernel[0], kernel[1], channels / groups};
  Shape out = window_output(in, outputs, kernel, stride, dilation, padding);
  network::QuantizedNode node;
  node.name = "layer";
  switch (kind) {
    case 2:
      weight = {1, kernel[0], kernel[1], outputs};
      node.operation = qop::DepthwiseConv2d{stride, dilation, padding, multiplier, {}};
      break;
    case 3: {
      // Padding may not reach beyond the kernel; the output is what the direct convolution covers.
      const network::Padding cut{std::min<std::int64_t>(padding.top, kernel[0] - 1),
                                 std::min<std::int64_t>(padding.left, kernel[1] - 1), 0, 0};
      node.operation = qop::TransposeConv2d{stride, {1, 1}, cut, {}};
      out = {in[0], (in[1] - 1) * stride[0] + kernel[0] - cut.top,
             (in[2] - 1) * stride[1] + kernel[1] - cut.left, outputs};
      break;
    }
    case 4:
      in = {in[0] * in[1], channels};
      weight = {outputs, channels};
      out = {in[0], outputs};
      node.operation = qop::FullyConnected{};
      break;
    default:
      node.operation = qop::Conv2d{stride, dilation, padding, groups, {}};
      break;
  }
  node.inputs = {add_codes(c, random, "input", n.input, in, false),
                 add_codes(c, random, "weight", n.weight, weight, true)};
  node.inputs.push_back(has_bias
                            ? add_codes(c, random, "bias", OperandFormat{*n.bias_operand, 0}, {outputs}, true)
                            : network::kNoTensor);
  node.outputs = add_output(c, {n.output, 0}, out);
  node.staged = n;
  c.graph.nodes.push_back(std::move(node));
  c.text += fmt::format("{} in {} weight {} stride {}x{} groups {} mx {}",
                        network::name(c.graph.nodes[0].operation), network::to_string(in),
                        network::to_string(weight), stride[0], stride[1], groups,
                        !mx                                    ? "no"
                        : n.mx_mode == network::MxMode::kBlock ? "block"
                                                               : "storage");
}

/// Two tensors of codes, or one that is converted; MX or not, and a conversion to MX too.
void add_elementwise(Case& c, Random& random) {
  const bool mx = random.chance(50);
  const Shape shape{random.between(1, 2), random.between(1, 5), random.between(1, 5),
                    mx ? random.between(20, 100) : random.between(1, 20)};
  network::StagedNumerics n = random_numerics(random, c.graph.reduction_lanes, false);
  if (mx && random.chance(50)) n.input = {random_mx_element(random), 32};
  if (mx && random.chance(50)) n.weight = {random_mx_element(random), 32};
  OperandFormat output{n.output, 0};
  network::QuantizedNode node;
  node.name = "layer";
  node.inputs = {add_codes(c, random, "a", n.input, shape, false)};
  if (random.chance(mx ? 30 : 70)) {
    using Kind = network::op::Binary::Kind;
    const Kind kind = random.one_of({Kind::kAdd, Kind::kSub, Kind::kMul, Kind::kMinimum, Kind::kMaximum});
    node.operation = qop::StagedBinary{kind};
    node.inputs.push_back(add_codes(c, random, "b", n.weight, shape, false));
    node.staged = n;
    c.text += fmt::format("binary {}", static_cast<int>(kind));
  } else {
    node.operation = qop::StagedConvert{};
    if (mx && random.chance(75)) output = {with_rounding(random, random_mx_element(random), false), 32};
    c.text += "convert";
  }
  node.outputs = add_output(c, output, shape);
  c.text += fmt::format(" {} mx {} {} -> {}", network::to_string(shape), n.input.mx_block, n.weight.mx_block,
                        output.mx_block);
  c.graph.nodes.push_back(std::move(node));
}

Case random_case(std::uint64_t seed) {
  Random random(seed);
  Case c;
  c.hardware = random_hardware(random);
  c.graph.name = "random";
  c.graph.reduction_lanes = c.hardware.pe_array.ic_lanes;
  random.chance(80) ? add_reduction(c, random) : add_elementwise(c, random);
  c.text += fmt::format(" on {}x{} lanes", c.hardware.pe_array.ic_lanes, c.hardware.pe_array.oc_lanes);
  return c;
}

std::vector<std::int64_t> integers(const Tensor& t) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < t.size(); ++i) values.push_back(t.integer(i));
  return values;
}

void expect_same_events(const golden::StageEvents& expected, const fixed_point::PointEvents& got) {
  for (int p = 0; p < fixed_point::kPoints; ++p) {
    const auto& e = expected.points.at(static_cast<std::size_t>(p));
    const auto& g = got.at(static_cast<std::size_t>(p));
    const fixed_point::EventCounts counts{
        static_cast<std::uint64_t>(e.inexact), static_cast<std::uint64_t>(e.overflow),
        static_cast<std::uint64_t>(e.underflow), static_cast<std::uint64_t>(e.invalid)};
    EXPECT_TRUE(counts == g) << fmt::format(
        "point {}: inexact {} {}, overflow {} {}, underflow {} {}, "
        "invalid {} {}",
        p, counts.inexact, g.inexact, counts.overflow, g.overflow, counts.underflow, g.underflow,
        counts.invalid, g.invalid);
  }
}

/// In codes, cycles and events, on one and on several threads, in the first run of an engine and the next.
void expect_fast_engine_equal(const sim::compiler::Program& program, const Case& c,
                              const sim::engine::RunResult& expected) {
  for (const int threads : {1, 3}) {
    sim::fast::FastEngine engine(program, c.graph, c.hardware, threads);
    for (const char* run : {"first run", "next run"}) {
      EXPECT_EQ(testing::run_difference(expected, engine.run(c.inputs)).value_or(""), "")
          << run << " on " << threads << " threads";
    }
  }
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

template <class Result>
const Tensor& output_of(const Result& result, const QuantizedGraph& graph, std::size_t output) {
  return result.tensors.at(static_cast<std::size_t>(graph.outputs.at(output)));
}

TEST(Staged, AFailedRunOfTheFastEngineLeavesNoEventsBehind) {
  bool has_events = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Case c = random_case(seed);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text));
    auto program = sim::compiler::compile(c.graph, c.hardware);
    const auto expected = sim::engine::run_cycle(program, c.graph, c.hardware, c.inputs);
    for (const auto& point : expected.layers.at(0).events) has_events |= point.inexact > 0;
    sim::fast::FastEngine engine(program, c.graph, c.hardware, 1);
    program.steps.emplace_back(sim::compiler::HostStep{});  // behind the layer; this run has no host
    EXPECT_THROW(engine.run(c.inputs), base::UnsupportedError);
    program.steps.pop_back();
    EXPECT_EQ(testing::run_difference(expected, engine.run(c.inputs)).value_or(""), "");
  }
  EXPECT_TRUE(has_events);
}

/// The blocks as SystemC modules, which are slower, run a part of the cases.
constexpr std::uint64_t kNetlistEvery = 8;

TEST(Staged, RandomLayersGiveGoldensCodesAndEvents) {
  const std::uint64_t first = number_from_environment("DLA_STAGED_SEED", 1);
  const std::uint64_t cases = number_from_environment("DLA_STAGED_CASES", 240);
  fmt::print("{} random cases, seeds {} to {} (DLA_STAGED_SEED, DLA_STAGED_CASES)\n", cases, first,
             first + cases - 1);
  std::uint64_t events = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const Case c = random_case(seed);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text));
    golden::StageEvents expected_events;
    const auto expected =
        golden::run(c.graph, c.inputs, {}, [&](const auto& /*node*/, const auto& e) { expected_events = e; });
    const auto program = sim::compiler::compile(c.graph, c.hardware);
    const auto result = sim::engine::run_cycle(program, c.graph, c.hardware, c.inputs);
    for (std::size_t o = 0; o < expected.size(); ++o) {
      ASSERT_EQ(integers(expected[o]), integers(output_of(result, c.graph, o))) << "output " << o;
    }
    expect_same_events(expected_events, result.layers.at(0).events);
    expect_fast_engine_equal(program, c, result);
    if (seed % kNetlistEvery == 0) {
      const auto modules = sim::netlist::run_netlist(program, c.graph, c.hardware, c.inputs);
      for (std::size_t o = 0; o < expected.size(); ++o) {
        ASSERT_EQ(integers(expected[o]), integers(output_of(modules, c.graph, o))) << "output " << o;
      }
      ASSERT_EQ(result.cycles, modules.cycles);
    }
    for (const auto& p : expected_events.points) events += static_cast<std::uint64_t>(p.inexact + p.invalid);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(events, 1000U);  // the cases do exercise the units
}

/// Integers with zero points: subtracted before the product, requantised in place of the output unit.
Case affine_case(std::uint64_t seed) {
  Random random(seed);
  Case c;
  c.hardware = random_hardware(random);
  c.graph.reduction_lanes = c.hardware.pe_array.ic_lanes;
  const auto integers_of = [&](const char* name, DType dtype, const Shape& shape, bool is_constant) {
    network::QuantizedTensor t;
    t.name = name;
    t.dtype = dtype;
    t.shape = shape;
    Tensor values(dtype, shape);
    for (std::int64_t i = 0; i < values.size(); ++i) values.set_integer(i, random.between(-128, 127));
    if (is_constant) {
      t.constant = std::move(values);
    } else {
      c.inputs.push_back(std::move(values));
    }
    return c.graph.add_tensor(std::move(t));
  };
  const std::int64_t channels = random.between(1, 40);
  const std::int64_t outputs = random.between(1, 20);
  const network::Padding padding = random_padding(random);
  const Shape in{1, 4, 5, channels};
  const Shape out = window_output(in, outputs, {3, 2}, {1, 1}, {1, 1}, padding);
  qop::Conv2d op{{1, 1}, {1, 1}, padding, 1, {}};
  op.mac.input_zero_point = random.between(-128, 127);
  op.mac.weight_zero_point = random.between(-3, 3);
  op.mac.output_zero_point = random.between(-20, 20);
  op.mac.multiplier = {{random.between(1 << 30, (1 << 30) + 100000), random.between(-9, -4)}};
  network::StagedNumerics n;
  const auto point = [&] {
    NumberFormat f = random_dfp(random, 12, 24, 0);
    f.fl = 0;
    f.is_signed = true;
    return with_rounding(random, f, true);
  };
  n.input.element.kind = n.weight.element.kind = NumberFormat::Kind::kDfp;
  n.product = point();
  n.accumulator = point();
  n.tree = {point()};
  n.partial_sum = point();
  n.bias = point();
  n.bias_operand = n.input.element;
  n.bias_operand->bits = 32;
  n.output = n.input.element;
  network::QuantizedNode node;
  node.name = "layer";
  node.inputs = {integers_of("input", DType::kInt8, in, false),
                 integers_of("weight", DType::kInt8, {outputs, 3, 2, channels}, true),
                 integers_of("bias", DType::kInt32, {outputs}, true)};
  network::QuantizedTensor result;
  result.name = "output";
  result.dtype = DType::kInt8;
  result.shape = out;
  node.outputs = {c.graph.add_tensor(std::move(result))};
  node.operation = op;
  node.staged = n;
  c.graph.inputs = {node.inputs[0]};
  c.graph.outputs = node.outputs;
  c.graph.nodes.push_back(std::move(node));
  return c;
}

TEST(Staged, AffineLayersSubtractZeroPointsAndRequantise) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Case c = affine_case(seed);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    golden::StageEvents expected_events;
    const auto expected =
        golden::run(c.graph, c.inputs, {}, [&](const auto& /*node*/, const auto& e) { expected_events = e; });
    const auto program = sim::compiler::compile(c.graph, c.hardware);
    const auto result = sim::engine::run_cycle(program, c.graph, c.hardware, c.inputs);
    ASSERT_EQ(integers(expected.at(0)), integers(output_of(result, c.graph, 0)));
    expect_same_events(expected_events, result.layers.at(0).events);
    expect_fast_engine_equal(program, c, result);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace dlasim
