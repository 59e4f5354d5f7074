// The integer post-processor's units against the operator vectors of CMSIS-NN and TensorFlow Lite Micro.
#include <gtest/gtest.h>

#include <map>

#include "fixed_point/activation_table.h"
#include "fixed_point/elementwise.h"
#include "format_vectors.h"
#include "support/places.h"

namespace dlasim::fixed_point {
namespace {

using vectors::Json;

/// One vector, with the accessors that its operators share.
class Vector {
 public:
  explicit Vector(const std::filesystem::path& path) : json_(vectors::load(path)) {}
  const Json& quantization() const { return json_.at("quantization"); }
  const Json& attributes() const { return json_.at("attributes"); }
  bool has_attribute(const char* name) const { return attributes().contains(name); }
  std::vector<std::int64_t> data(const char* name) const { return json_.at("tensors").at(name).at("data"); }
  std::vector<int> shape(const char* name) const { return json_.at("tensors").at(name).at("shape"); }
  std::string dtype(const char* name) const { return json_.at("tensors").at(name).at("dtype"); }
  int number(const std::string& name) const {
    const Json& j = quantization().at(name);
    return j.is_array() ? j.at(0).get<int>() : j.get<int>();
  }
  Multiplier multiplier(const std::string& prefix) const {
    return {number(prefix + "multiplier"), number(prefix + "shift")};
  }
  RequantizeRule rule() const {
    if (quantization().value("accumulator", "int32") == "int64") return RequantizeRule::kInt64;
    return quantization().value("rounding", "double") == "single" ? RequantizeRule::kSingle
                                                                  : RequantizeRule::kDouble;
  }
  OutputStage stage() const {
    OutputStage stage{number("output_zero_point"), -128, 127};
    if (has_attribute("clamp")) {
      stage.min = attributes().at("clamp")[0];
      stage.max = attributes().at("clamp")[1];
    } else if (dtype("output") == "int16") {
      stage.min = -32768, stage.max = 32767;
    }
    return stage;
  }

 private:
  Json json_;
};

void expect_output(const Vector& v, const std::vector<std::int64_t>& got) {
  ASSERT_EQ(got, v.data("output"));
}

template <typename Unit>
void check_unary(const Vector& v, const Unit& unit) {
  std::vector<std::int64_t> got;
  for (const std::int64_t x : v.data("input")) got.push_back(unit(static_cast<std::int32_t>(x)));
  expect_output(v, got);
}

template <typename Unit>
void check_binary(const Vector& v, const Unit& unit) {
  const auto x1 = v.data("input1");
  const auto x2 = v.data("input2");
  std::vector<std::int64_t> got;
  for (std::size_t i = 0; i < x1.size(); ++i)
    got.push_back(unit(static_cast<std::int32_t>(x1[i]), static_cast<std::int32_t>(x2[i])));
  expect_output(v, got);
}

void check_curve(const Vector& v, Curve curve) {
  const Int16Curve unit(curve);
  if (v.dtype("input") == "int8") {
    const Int8Table table = int8_table(
        curve, {v.multiplier(""), v.attributes().at("input_range_radius"), v.number("input_zero_point")});
    check_unary(v, [&](std::int32_t x) { return table[static_cast<std::uint8_t>(x)]; });
  } else if (v.has_attribute("input_multiplier")) {
    const int multiplier = v.attributes().at("input_multiplier");
    const int shift = v.attributes().at("input_right_shift");
    check_unary(v,
                [&](std::int32_t x) { return unit.tflite(static_cast<std::int16_t>(x), multiplier, shift); });
  } else {
    const int shift = v.number("input_shift");
    check_unary(v, [&](std::int32_t x) { return unit.cmsis(static_cast<std::int16_t>(x), shift); });
  }
}

void check_add(const Vector& v) {
  check_binary(v,
               ElementwiseAdd{v.rule(), false, v.number("input1_zero_point"), v.number("input2_zero_point"),
                              v.number("left_shift"), v.multiplier("input1_"), v.multiplier("input2_"),
                              v.multiplier("output_"), v.stage()});
}

void check_mul(const Vector& v) {
  check_binary(v, ElementwiseMul{v.rule(), v.number("input1_zero_point"), v.number("input2_zero_point"),
                                 v.multiplier("output_"), v.stage()});
}

void check_leaky_relu(const Vector& v) {
  check_unary(v, LeakyRelu{v.rule(), v.number("input_zero_point"), v.multiplier("identity_"),
                           v.multiplier("alpha_"), v.stage()});
}

void check_requantize(const Vector& v) {
  const auto input = v.data("input");
  const auto channels = static_cast<std::size_t>(v.shape("input").back());
  std::vector<Multiplier> multipliers;
  for (std::size_t c = 0; c < channels; ++c) {
    const Json& m = v.quantization().at("multiplier");
    const std::size_t at = m.size() == 1 ? 0 : c;
    multipliers.push_back({m.at(at), v.quantization().at("shift").at(at)});
  }
  std::vector<std::int32_t> out(input.size());
  RequantizeRow(v.rule(), multipliers, v.stage())(input.data(), out.data(), input.size() / channels);
  expect_output(v, {out.begin(), out.end()});
}

void check_avg_pool2d(const Vector& v) {
  const auto in = v.shape("input"), out = v.shape("output");
  const auto x = v.data("input");
  const auto pair = [&](const char* name, int i) {
    return v.attributes().at(name).at(static_cast<std::size_t>(i)).get<int>();
  };
  const int top = v.attributes().at("padding").at("top"), left = v.attributes().at("padding").at("left");
  const std::int64_t min = v.attributes().at("clamp")[0], max = v.attributes().at("clamp")[1];
  std::vector<std::int64_t> got;
  for (int n = 0; n < out[0]; ++n)
    for (int oy = 0; oy < out[1]; ++oy)
      for (int ox = 0; ox < out[2]; ++ox)
        for (int c = 0; c < out[3]; ++c) {
          std::int64_t sum = 0, count = 0;
          for (int ky = 0; ky < pair("kernel", 0); ++ky)
            for (int kx = 0; kx < pair("kernel", 1); ++kx) {
              const int iy = oy * pair("stride", 0) - top + ky, ix = ox * pair("stride", 1) - left + kx;
              if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
              sum += x[static_cast<std::size_t>(((n * in[1] + iy) * in[2] + ix) * in[3] + c)];
              ++count;
            }
          got.push_back(std::clamp(average_divide(sum, count), min, max));
        }
  expect_output(v, got);
}

const std::map<std::string, void (*)(const Vector&)> kChecks{
    {"tanh", [](const Vector& v) { check_curve(v, Curve::kTanh); }},
    {"sigmoid", [](const Vector& v) { check_curve(v, Curve::kSigmoid); }},
    {"add", check_add},
    {"mul", check_mul},
    {"leaky_relu", check_leaky_relu},
    {"requantize", check_requantize},
    {"avg_pool2d", check_avg_pool2d},
};

TEST(OperatorVectors, AgreeInEveryElement) {
  const auto root = places::shared("vectors");
  std::map<std::string, int> checked;
  for (const char* directory : {"cmsis_nn", "cmsis_nn_wavenet", "tflite_activations"}) {
    if (!std::filesystem::is_directory(root / directory)) GTEST_SKIP() << "no vectors below " << root;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / directory)) {
      if (entry.path().extension() != ".json") continue;
      const Json json = vectors::load(entry.path());
      const auto check = kChecks.find(json.value("op", ""));
      if (check == kChecks.end()) continue;
      SCOPED_TRACE(entry.path().string());
      check->second(Vector(entry.path()));
      if (HasFatalFailure()) return;
      ++checked[check->first];
    }
  }
  for (const auto& [op, check] : kChecks) EXPECT_GT(checked[op], 0) << op;
}

std::uint32_t crc32(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

TEST(Int16Curve, TableIsThatOfTheContract) {
  const auto& table = Int16Curve::table();
  EXPECT_EQ(table[0], 32768);
  EXPECT_EQ(table[1], 33451);
  EXPECT_EQ(table[254], 65534);
  std::vector<std::uint8_t> bytes;
  for (const std::uint16_t t : table) {
    bytes.push_back(static_cast<std::uint8_t>(t & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(t >> 8));
  }
  EXPECT_EQ(crc32(bytes), 0xb84f6ab4U);
}

TEST(Int16Curve, EndsWhereTheContractSays) {
  EXPECT_EQ(Int16Curve(Curve::kSigmoid).cmsis(-32768, 6), 1);
  EXPECT_EQ(Int16Curve(Curve::kSigmoid).cmsis(32767, 6), 32767);
  EXPECT_EQ(Int16Curve(Curve::kTanh).cmsis(-32768, 6), -32767);
  EXPECT_EQ(Int16Curve(Curve::kTanh).cmsis(32767, 6), 32767);
}

TEST(ElementwiseAdd, Subtracts) {
  ElementwiseAdd unit;
  unit.left_shift = 20;
  unit.input1 = unit.input2 = {1 << 30, 1};  // * 1
  unit.output = {1 << 30, -19};              // * 2^-20
  unit.subtract = true;
  EXPECT_EQ(unit(5, 7), -2);
  EXPECT_EQ(unit(-100, 100), -128);
}

TEST(LeakyRelu, ANegativeSlopeIsNegatedAfterTheRounding) {
  LeakyRelu unit;
  unit.identity = {1 << 30, 1};
  unit.alpha = {-(1 << 30), -1};  // * -1/4
  EXPECT_EQ(unit(-6), 2);         // -(D(-6 / 4)) = -(-2)
  EXPECT_EQ(unit(9), 9);
}

TEST(AverageDivide, RoundsHalvesAwayFromZero) {
  EXPECT_EQ(average_divide(5, 2), 3);
  EXPECT_EQ(average_divide(-5, 2), -3);
  EXPECT_EQ(average_divide(4, 3), 1);
  EXPECT_EQ(average_divide(5, 3), 2);
  EXPECT_EQ(average_divide(-5, 3), -2);
  EXPECT_EQ(average_divide(0, 7), 0);
}

}  // namespace
}  // namespace dlasim::fixed_point
