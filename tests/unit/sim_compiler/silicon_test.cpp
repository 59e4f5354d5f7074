// Hardware that says which truncation units it has refuses by name every layer that they do not run.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "network/quantized_graph.h"
#include "sim/compiler/compile.h"
#include "support/test_support.h"

namespace dlasim::sim::compiler {
namespace {

using network::NumberFormat;
using network::Tensor;

NumberFormat dfp(int bits, int fl) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kDfp;
  f.bits = bits, f.fl = fl;
  return f;
}

/// One fully connected layer of two inputs and one output.
struct Layer {
  network::StagedNumerics numerics;
  bool has_bias = true;

  Layer() {
    numerics.input.element = dfp(8, 4), numerics.weight.element = dfp(8, 6),
    numerics.bias_operand = dfp(16, 8);
    numerics.product = dfp(16, 10), numerics.accumulator = dfp(24, 10), numerics.tree = {dfp(28, 10)};
    numerics.partial_sum = numerics.bias = dfp(32, 9);
    numerics.output = dfp(8, 3);
  }

  network::QuantizedGraph graph() const {
    network::QuantizedGraph g;
    g.reduction_lanes = 4;
    const auto tensor = [&g](const char* name, const NumberFormat& f, const network::Shape& shape,
                             bool constant) {
      network::QuantizedTensor t;
      t.name = name, t.shape = shape;
      t.dtype = f.code_bits() <= 8 ? network::DType::kInt8 : network::DType::kInt16;
      t.format = network::OperandFormat{f, 0};
      if (constant) t.constant = Tensor(t.dtype, shape);
      return g.add_tensor(std::move(t));
    };
    const network::TensorId x = tensor("x", numerics.input.element, {1, 2}, false);
    const network::TensorId w = tensor("w", numerics.weight.element, {1, 2}, true);
    const network::TensorId b =
        has_bias ? tensor("b", *numerics.bias_operand, {1}, true) : network::kNoTensor;
    const network::TensorId y = tensor("y", numerics.output, {1, 1}, false);
    g.inputs = {x}, g.outputs = {y};
    g.nodes.push_back({"dense", network::qop::FullyConnected{}, {x, w, b}, {y}, numerics});
    return g;
  }
};

arch::Hardware dfp_hardware() {
  arch::Hardware h;
  h.pe_array.ic_lanes = h.pe_array.oc_lanes = 4;
  arch::Truncation& t = h.truncation;
  t.kind = arch::TruncationKind::kDfp;
  t.input = t.weight = t.output = fixed_point::dfp(8, 0);
  t.bias_operand = t.product = fixed_point::dfp(16, 0);
  t.accumulator = fixed_point::dfp(24, 0), t.tree = fixed_point::dfp(28, 0);
  t.partial_sum = t.bias = fixed_point::dfp(32, 0);
  t.slope_bits = 8;
  return h;
}

template <class Change>
std::string refusal(Change change) {
  Layer layer;
  change(layer.numerics);
  return base::error_of([&] { compile(layer.graph(), dfp_hardware()); });
}

TEST(Silicon, RunsTheLayersItIsMadeFor) {
  EXPECT_NO_THROW(compile(Layer().graph(), dfp_hardware()));
  Layer clamped;
  clamped.numerics.function = {network::StagedActivation::Type::kClamp, 0.0, -0.5,
                               std::numeric_limits<double>::infinity()};
  EXPECT_NO_THROW(compile(clamped.graph(), dfp_hardware()));
}

TEST(Silicon, HardwareWithoutADescriptionRunsEveryFormat) {
  Layer layer;
  layer.numerics.accumulator = dfp(23, 10);
  arch::Hardware h = dfp_hardware();
  EXPECT_THROW(compile(layer.graph(), h), base::UnsupportedError);
  h.truncation = {};
  EXPECT_NO_THROW(compile(layer.graph(), h));
}

TEST(Silicon, IntegerHardwareRefusesNumberFormats) {
  arch::Hardware h = dfp_hardware();
  h.truncation = {};
  h.truncation.kind = arch::TruncationKind::kNone;
  EXPECT_EQ(base::error_of([&] { compile(Layer().graph(), h); }),
            "fully_connected 'dense': hardware.truncation.kind is none: there are no units");
}

TEST(Silicon, ChipsWithoutMxRefuseTheConversionToIt) {
  network::QuantizedGraph g;
  g.reduction_lanes = 4;
  network::QuantizedTensor from, to, scales;
  from.name = "x", from.shape = {1, 1, 1, 40}, from.dtype = network::DType::kInt8;
  from.format = network::OperandFormat{dfp(8, 4), 0};
  scales.name = "y_scales", scales.shape = {1, 1, 1, 2}, scales.dtype = network::DType::kUInt8;
  to.name = "y", to.shape = from.shape, to.dtype = network::DType::kInt8;
  to.format = network::OperandFormat{dfp(8, 6), 32};
  const network::TensorId x = g.add_tensor(std::move(from)), s = g.add_tensor(std::move(scales));
  to.mx_scales = s;
  const network::TensorId y = g.add_tensor(std::move(to));
  g.inputs = {x}, g.outputs = {y, s};
  g.nodes.push_back({"to_mx", network::qop::StagedConvert{}, {x}, {y, s}, {}});
  arch::Hardware h = dfp_hardware();
  EXPECT_EQ(base::error_of([&] { compile(g, h); }),
            "convert 'to_mx': hardware.truncation has no units for MX formats");
  h.truncation = {};
  EXPECT_NO_THROW(compile(g, h));
}

TEST(Silicon, NamesThePointTheFormatAndTheKey) {
  EXPECT_EQ(
      refusal([](auto& n) { n.accumulator.bits = 23; }),
      "fully_connected 'dense': accumulator is DFP of 23 bits, but hardware.truncation.points.accumulator is "
      "DFP of 24 bits");
  EXPECT_EQ(
      refusal([](auto& n) { n.bias_operand->bits = 15; }),
      "fully_connected 'dense': bias is DFP of 15 bits, but hardware.truncation.operands.bias is DFP of 16 "
      "bits");
  EXPECT_NE(refusal([](auto& n) { n.product = {}; }).find("product is exact"), std::string::npos);
  EXPECT_NE(refusal([](auto& n) { n.output.is_signed = false; }).find("output is DFP of unsigned 8 bits"),
            std::string::npos);
}

TEST(Silicon, NamesWhatItsRegistersDoNotHold) {
  EXPECT_EQ(refusal([](auto& n) { n.input.element.fl = n.product.fl = n.accumulator.fl = 128; }),
            "fully_connected 'dense': input has fl 128; a register of the hardware holds -128..127");
  EXPECT_EQ(refusal([](auto& n) { n.partial_sum.fl = n.bias.fl = -20; }),
            "fully_connected 'dense': the fractional lengths of tree and partial_sum are 10 and -20, but "
            "hardware.truncation.alignment is 24");
  EXPECT_EQ(refusal([](auto& n) {
              n.function = {network::StagedActivation::Type::kLeakyRelu, 0.3, 0.0, 0.0};
            }),
            "fully_connected 'dense': slope 0.3 has more significant bits than the 8 of "
            "hardware.truncation.slope_bits");
}

TEST(Silicon, NamesUnitsThatItDoesNotHave) {
  EXPECT_EQ(refusal([](auto& n) { n.activation = dfp(16, 4); }),
            "fully_connected 'dense': hardware.truncation has no unit at the point activation");
  EXPECT_EQ(
      refusal([](auto& n) {
        n.tree[0].rounding = network::Rounding::kStochastic;
        n.tree[0].lfsr = network::Lfsr{};
      }),
      "fully_connected 'dense': tree rounds by a LFSR of 16 bits, but hardware.truncation.lfsr_bits is 0");
}

}  // namespace
}  // namespace dlasim::sim::compiler
