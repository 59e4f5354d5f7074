/// Every choice of weight codes, bias and multiplier: the integers follow their formula, and nothing leaves
/// the datapath's ranges.

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "quantize/multiplier.h"
#include "quantize/post_training.h"
#include "quantize/sqnr.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::Graph;
using network::Tensor;

/// A 1x1 convolution with the weights 0.5, -0.25, 2, 0.125 (two inputs, two outputs) and biases 0.3, -1.7.
struct Layer {
  Graph graph;
  network::TensorId weight, bias;
  Tensor sample{DType::kFloat32, {1, 1, 64, 2}};

  Layer() {
    graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {1, 1, 64, 2}, {}, {}})};
    Tensor w(DType::kFloat32, {2, 1, 1, 2});
    const float values[] = {0.5F, -0.25F, 2.0F, 0.125F};
    std::copy(std::begin(values), std::end(values), w.data<float>().begin());
    Tensor b(DType::kFloat32, {2});
    b.data<float>()[0] = 0.3F;
    b.data<float>()[1] = -1.7F;
    weight = graph.add_constant("w", std::move(w));
    bias = graph.add_constant("b", std::move(b));
    graph.outputs = {graph.add_node("conv", op::Conv2d{}, {graph.inputs[0], weight, bias}, {1, 1, 64, 2})};
    const auto x = sample.data<float>();
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i) * 0.7F);
  }

  Graph scaled(const Scheme& scheme) const {
    return assign_ranges(graph, calibrate(graph, {{sample}}), scheme);
  }
  std::vector<std::int64_t> weight_codes(const Scheme& scheme) const {
    const Graph result = scaled(scheme);
    std::vector<std::int64_t> codes;
    const Tensor& w = *result.tensor(weight).constant;
    for (std::int64_t i = 0; i < w.size(); ++i) codes.push_back(w.integer(i));
    return codes;
  }
  double sqnr(const Scheme& scheme, const LowerOptions& options = {}) const {
    const network::QuantizedGraph integer = lower(scaled(scheme), options);
    const auto& in = integer.tensor(integer.inputs[0]);
    const Tensor y = golden::run(integer, std::vector{quantize(sample, *in.affine, in.dtype)}).at(0);
    return sqnr_db(network::FloatReference(graph).run({sample}).at(0), y,
                   *integer.tensor(integer.outputs[0]).affine);
  }
};

Scheme per_tensor(WeightCodes codes, WeightZeroPoint zero_point = WeightZeroPoint::kZero) {
  Scheme scheme = int8_scheme();
  scheme.granularity = WeightGranularity::kPerTensor;
  scheme.weight_codes = codes;
  scheme.weight_zero_point = zero_point;
  return scheme;
}

using Codes = std::vector<std::int64_t>;

TEST(WeightOptions, SymmetricCodes) {
  const Layer layer;
  EXPECT_EQ(layer.weight_codes(int8_scheme()), (Codes{127, -64, 127, 8}));  // a scale a channel
  EXPECT_EQ(layer.weight_codes(per_tensor(WeightCodes::kRestricted)), (Codes{32, -16, 127, 8}));
  EXPECT_EQ(layer.weight_codes(per_tensor(WeightCodes::kAll)), (Codes{32, -16, 127, 8}));
  EXPECT_EQ(layer.weight_codes(per_tensor(WeightCodes::kReduced)), (Codes{16, -8, 63, 4}));
}

TEST(WeightOptions, AsymmetricCodesAreUint8Less128) {
  const Layer layer;
  // The range is -0.25..2 with 255 steps: zero point 255 * 0.25 / 2.25 = 28.3.
  const Graph all = layer.scaled(per_tensor(WeightCodes::kAll, WeightZeroPoint::kFree));
  EXPECT_EQ(all.tensor(layer.weight).affine->zero_point[0], 28 - 128);
  EXPECT_FLOAT_EQ(all.tensor(layer.weight).affine->scale[0], 2.25F / 255.0F);
  EXPECT_EQ(layer.weight_codes(per_tensor(WeightCodes::kAll, WeightZeroPoint::kFree)),
            (Codes{57 - 100, -28 - 100, 227 - 100, 14 - 100}));
  // 127 steps over the uint8 codes 0..127: zero point 14.1.
  const Graph reduced = layer.scaled(per_tensor(WeightCodes::kReduced, WeightZeroPoint::kFree));
  EXPECT_EQ(reduced.tensor(layer.weight).affine->zero_point[0], 14 - 128);
  EXPECT_EQ(layer.weight_codes(per_tensor(WeightCodes::kReduced, WeightZeroPoint::kFree)),
            (Codes{28 - 114, -14 - 114, 113 - 114, 7 - 114}));
  EXPECT_GT(layer.sqnr(per_tensor(WeightCodes::kAll, WeightZeroPoint::kFree)), 38.0);
  EXPECT_GT(layer.sqnr(per_tensor(WeightCodes::kReduced, WeightZeroPoint::kFree)), 34.0);
}

TEST(WeightOptions, BiasInFixedPointLosesItsLastBits) {
  const Layer layer;
  Scheme scheme = int8_scheme();
  scheme.bias_bits = 5;  // -1.7 needs fl 3: -14 * 2^-3 = -1.75; 0.3 becomes 2 * 2^-3
  const Graph result = layer.scaled(scheme);
  const auto& info = result.tensor(layer.bias);
  for (const std::int64_t c : {0, 1}) {
    const double real = static_cast<double>(info.constant->integer(c)) *
                        static_cast<double>(info.affine->scale[static_cast<std::size_t>(c)]);
    EXPECT_NEAR(real, c == 0 ? 0.25 : -1.75, 1e-3);
  }
}

TEST(WeightOptions, MultipliersKeepTheBitsAskedFor) {
  EXPECT_EQ(with_precision({0x60000001, 3}, 2), (network::Multiplier{0x60000000, 3}));
  EXPECT_EQ(with_precision({0x7FFFFFFF, 3}, 8), (network::Multiplier{0x40000000, 4}));  // rounds up to 2^31
  EXPECT_EQ(with_precision({-0x5A000000, 0}, 4), (network::Multiplier{-0x58000000 - 0x00000000, 0}));
  EXPECT_EQ(with_precision({0x12345678, -2}, 31), (network::Multiplier{0x12345678, -2}));
  const Layer layer;
  LowerOptions options;
  options.multiplier_bits = 3;
  EXPECT_LT(layer.sqnr(int8_scheme(), options), layer.sqnr(int8_scheme()) - 6.0);
  options.multiplier_bits = 15;
  EXPECT_NEAR(layer.sqnr(int8_scheme(), options), layer.sqnr(int8_scheme()), 1.0);
  options.multiplier_bits = 1;
  EXPECT_THROW(layer.sqnr(int8_scheme(), options), base::InputError);
}

TEST(WeightOptions, CombinationsWithoutAKernelAreRefused) {
  const Layer layer;
  Scheme scheme = per_tensor(WeightCodes::kAll, WeightZeroPoint::kFree);
  scheme.granularity = WeightGranularity::kPerChannel;
  EXPECT_THROW(layer.scaled(scheme), base::InputError);
  scheme = int16x8_scheme();
  scheme.granularity = WeightGranularity::kPerTensor;
  scheme.weight_zero_point = WeightZeroPoint::kFree;
  EXPECT_THROW(layer.scaled(scheme), base::InputError);
  scheme = int8_scheme();
  scheme.weight = DType::kInt4;
  scheme.weight_codes = WeightCodes::kReduced;
  EXPECT_THROW(layer.scaled(scheme), base::InputError);
}

}  // namespace
}  // namespace dlasim::quantize
