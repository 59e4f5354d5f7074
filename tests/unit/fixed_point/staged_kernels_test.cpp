// Whole layers through row units against ElementReducer: output codes and the events of every point must be
// equal.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "fixed_point/kernels.h"
#include "fixed_point/presets.h"
#include "format_vectors.h"

namespace dlasim::fixed_point {
namespace {

/// A layer's numerics and random operands for some output elements, each with its own row entry.
struct Layer {
  StagedFormats formats;
  OperandFormats operands;
  Activation activation;
  int lanes = 4, channels = 6, taps = 3;
};

constexpr std::size_t kElements = 13;

struct Operands {
  std::vector<std::optional<std::uint64_t>> x;
  std::vector<std::uint64_t> w;
  std::uint64_t bias = 0;
};

std::array<Operands, kElements> random_operands(const Layer& layer, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // Padding is at the same taps for all entries of a row, as in a real tile.
  std::vector<bool> is_padded;
  for (int i = 0; i < layer.taps; ++i) is_padded.push_back(random() % 5 == 0);
  std::array<Operands, kElements> elements;
  for (Operands& element : elements) {
    for (int i = 0; i < layer.channels * layer.taps; ++i) {
      const std::uint64_t code = random() & low_mask(layer.operands.input.code_bits());
      if (is_padded[static_cast<std::size_t>(i % layer.taps)]) {
        element.x.emplace_back(std::nullopt);
      } else {
        element.x.emplace_back(code);
      }
      element.w.push_back(random() & low_mask(layer.operands.weight.code_bits()));
    }
    element.bias = random() & low_mask(layer.operands.bias.code_bits());
  }
  return elements;
}

/// Section 5 with rows of output elements: lane by lane, so that a row entry never meets another.
std::vector<std::uint64_t> run_rows(const Layer& layer, const std::array<Operands, kElements>& elements,
                                    PointEvents& events) {
  const StagedKernels kernels(layer.formats, layer.operands, layer.activation, layer.lanes);
  using Row = std::array<double, kElements>;
  Row total{};
  const auto width = std::size_t{1} << kernels.tree_levels();
  for (int first = 0; first < layer.channels; first += layer.lanes) {
    std::vector<Row> nodes(width, Row{});
    for (int l = 0; l < layer.lanes && first + l < layer.channels; ++l) {
      for (int tap = 0; tap < layer.taps; ++tap) {
        const auto index = static_cast<std::size_t>((first + l) * layer.taps + tap);
        Row& acc = nodes[static_cast<std::size_t>(l)];
        if (!elements[0].x[index]) {
          StagedKernels::accumulate_padding(acc.data(), kElements);
          continue;
        }
        Row x{}, w{};
        for (std::size_t e = 0; e < kElements; ++e) {
          x[e] = kernels.input_codec().decode(elements[e].x[index].value());
          w[e] = kernels.weight_codec().decode(elements[e].w[index]);
        }
        kernels.multiply_accumulate(x.data(), w.data(), acc.data(), kElements, events);
      }
    }
    int level = 0;
    for (std::size_t n = width / 2; n > 0; n /= 2, ++level)
      for (std::size_t i = 0; i < n; ++i)
        kernels.add_level(level, nodes[2 * i].data(), nodes[2 * i + 1].data(), nodes[i].data(), kElements,
                          events);
    kernels.add_partial_sum(first == 0 ? nullptr : total.data(), nodes[0].data(), total.data(), kElements,
                            events);
  }
  Row bias{};
  for (std::size_t e = 0; e < kElements; ++e) bias[e] = kernels.decode_bias(elements[e].bias);
  kernels.add_bias(total.data(), bias.data(), kElements, events);
  kernels.finish(total.data(), kElements, events);
  std::vector<std::uint64_t> codes(kElements);
  kernels.output_codec().encode_row(total.data(), codes.data(), kElements);
  return codes;
}

std::vector<std::uint64_t> run_units(const Layer& layer, const std::array<Operands, kElements>& elements,
                                     PointEvents& events) {
  ElementReducer reducer(layer.formats, layer.operands, layer.activation, layer.lanes);
  std::vector<std::uint64_t> codes;
  for (const Operands& element : elements) {
    ElementOperands operands;
    operands.channels = layer.channels;
    operands.taps = layer.taps;
    operands.x = element.x;
    operands.w = element.w;
    operands.bias = element.bias;
    codes.push_back(reducer.reduce(operands).code);
  }
  events = reducer.events();
  return codes;
}

/// Random numerics out of formats that meet every path: exact and inexact sums, wrapping, scalar fall-back.
class RandomLayers {
 public:
  explicit RandomLayers(std::uint64_t seed) : random_(seed) {}
  Layer next() {
    Layer layer;
    layer.operands = {pick(kOperands), pick(kOperands), pick(kOperands)};
    StagedFormats& f = layer.formats;
    f.product = uniform(4) == 0 ? exact_format() : pick(kPoints);
    f.accumulator = pick(kPoints);
    layer.lanes = 1 + static_cast<int>(uniform(9));
    layer.channels = 1 + static_cast<int>(uniform(20));
    layer.taps = 1 + static_cast<int>(uniform(5));
    const auto levels = uniform(2) == 0 ? 1 : static_cast<std::size_t>(tree_levels(layer.lanes));
    for (std::size_t i = 0; i < std::max<std::size_t>(levels, 1); ++i) f.tree.push_back(pick(kPoints));
    f.partial_sum = pick(kPoints);
    f.bias = pick(kPoints);
    f.activation = uniform(2) == 0 ? exact_format() : pick(kPoints);
    f.output = pick(kPoints);
    layer.activation.type = static_cast<Activation::Type>(uniform(4));
    layer.activation.slope = Exact::from_double(uniform(2) == 0 ? 0.125 : 0.1);
    layer.activation.min = Exact::from_double(-1.5);
    layer.activation.max = Exact::from_double(uniform(2) == 0 ? 6.0 : 0.3);
    return layer;
  }

 private:
  std::uint64_t uniform(std::uint64_t n) { return random_() % n; }
  template <std::size_t n>
  Format pick(const std::array<const char*, n>& names) {
    if (uniform(3) == 0)
      return with_modes(dfp(4 + static_cast<int>(uniform(28)), static_cast<int>(uniform(16)) - 2));
    return with_modes(preset(names[uniform(n)]).value());
  }
  Format with_modes(Format f) {
    f.rounding = static_cast<Rounding>(uniform(5));
    const bool is_dfp = f.kind == Kind::kDfp;
    if (is_dfp) f.overflow = static_cast<Overflow>(uniform(3));
    if (!is_dfp) f.exp_zero = static_cast<ExpZero>(uniform(3));
    if (!is_dfp && f.specials != Specials::kNone)
      f.overflow = uniform(2) == 0 ? Overflow::kSaturate : Overflow::kInf;
    return f;
  }
  static constexpr std::array<const char*, 7> kOperands{"fp8_e4m3", "fp8_e5m2", "fp6_e2m3", "fp4_e2m1",
                                                        "fp16",     "bf16",     "int8"};
  static constexpr std::array<const char*, 7> kPoints{"fp16",     "bf16",  "fp32", "tf32",
                                                      "fp8_e4m3", "int24", "int32"};
  std::mt19937_64 random_;
};

TEST(StagedKernels, EqualTheScalarUnitsInCodesAndEvents) {
  RandomLayers layers(11);
  int carried = 0, fast = 0;
  for (int i = 0; i < 1500; ++i) {
    const Layer layer = layers.next();
    // All have carriers but an exact product of more than 53 bits.
    if (!StagedKernels::supports(layer.formats, layer.operands)) {
      ASSERT_EQ(layer.formats.product.kind, Kind::kExact);
      continue;
    }
    ++carried;
    fast += StagedKernels(layer.formats, layer.operands, layer.activation, layer.lanes).is_fast() ? 1 : 0;
    const auto elements = random_operands(layer, static_cast<std::uint64_t>(i));
    PointEvents row_events{}, unit_events{};
    const auto rows = run_rows(layer, elements, row_events);
    const auto units = run_units(layer, elements, unit_events);
    ASSERT_EQ(rows, units) << "layer " << i;
    for (std::size_t p = 0; p < row_events.size(); ++p)
      ASSERT_EQ(row_events[p], unit_events[p]) << "layer " << i << " point " << p;
  }
  EXPECT_GT(carried, 1400);
  EXPECT_GT(fast, 300);
  EXPECT_LT(fast, carried);
}

TEST(StagedKernels, RefuseWhatHasNoCarrier) {
  Layer layer = RandomLayers(1).next();
  layer.formats.partial_sum = dfp(64, 0);
  EXPECT_FALSE(StagedKernels::supports(layer.formats, layer.operands));
  layer.formats.partial_sum = dfp(32, 0);
  EXPECT_TRUE(StagedKernels::supports(layer.formats, layer.operands));
  layer.formats.tree[0].rounding = Rounding::kStochastic;
  layer.formats.tree[0].lfsr = {16, 1};
  EXPECT_FALSE(StagedKernels::supports(layer.formats, layer.operands));
}

}  // namespace
}  // namespace dlasim::fixed_point
