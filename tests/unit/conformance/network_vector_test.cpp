#include "conformance/network_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dlasim::conformance {
namespace {

nlohmann::json minimal() {
  return {{"format", "dla-network-vector/1"},
          {"name", "n"},
          {"source", "s"},
          {"model", "m.tflite"},
          {"inputs", {"in.npy"}},
          {"outputs", {"a.npy", "b.npy"}}};
}

TEST(NetworkVector, ResolvesFilesBesideIt) {
  const NetworkVector v = parse_network_vector(minimal(), "some/dir/network.json");
  EXPECT_EQ(v.model, "some/dir/m.tflite");
  EXPECT_EQ(v.model_format, "tflite");
  ASSERT_EQ(v.outputs.size(), 2U);
  EXPECT_EQ(v.outputs[1], "some/dir/b.npy");
  EXPECT_FALSE(v.rounding.has_value());
  EXPECT_TRUE(v.checksums.empty());
}

TEST(NetworkVector, ReadsWhatMayBeThere) {
  auto json = minimal();
  json["model_format"] = "nam";
  json["rounding"] = "single";
  json["operators"] = {"ADD"};
  json["tolerance"] = {{"max_abs", 1e-5}};
  json["tensor_crc32"] = {
      {{"tensor", 7}, {"name", "t"}, {"dtype", "int8"}, {"shape", {1, 16}}, {"crc32", 3891005588}}};
  const NetworkVector v = parse_network_vector(json, "network.json");
  EXPECT_EQ(v.model_format, "nam");
  EXPECT_EQ(v.rounding, network::RequantRule::kSingle);
  EXPECT_EQ(v.tolerance_max_abs, 1e-5);
  ASSERT_EQ(v.checksums.size(), 1U);
  EXPECT_EQ(v.checksums[0].crc32, 3891005588U);
  EXPECT_EQ(v.checksums[0].shape, (network::Shape{1, 16}));
}

std::string network_error(const nlohmann::json& json) {
  try {
    parse_network_vector(json, "network.json");
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "no error";
}

TEST(NetworkVector, NamesTheFieldThatIsWrong) {
  auto json = minimal();
  json["model"] = "../m.tflite";
  EXPECT_THAT(network_error(json),
              testing::StartsWith("network.json: model: expected the name of a file beside"));
  json = minimal();
  json["outputs"][1] = 3;
  EXPECT_EQ(network_error(json), "network.json: outputs[1]: expected a string, found number");
  json = minimal();
  json["rounding"] = "none";
  EXPECT_THAT(network_error(json), testing::HasSubstr("rounding: expected 'double' or 'single'"));
  json = minimal();
  json.erase("source");
  EXPECT_EQ(network_error(json), "network.json: 'source' is missing");
  EXPECT_THAT(network_error(nlohmann::json::array()), testing::HasSubstr("expected an object, found array"));
}

}  // namespace
}  // namespace dlasim::conformance
