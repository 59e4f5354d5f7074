// TensorFlow Lite files, imported, lowered and run on the golden operators, against the outputs of TensorFlow
// Lite Micro's reference kernels: every element, no tolerance.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/npy.h"
#include "golden/interpreter.h"
#include "network/importers/tflite.h"
#include "quantize/lower.h"
#include "support/places.h"

namespace dlasim {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> network_vectors() {
  std::vector<fs::path> found;
  const fs::path root = places::shared("vectors");
  if (!fs::is_directory(root)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().filename() != "network.json") continue;
    const auto json = nlohmann::json::parse(std::ifstream(entry.path()));
    if (json.contains("model") && fs::path(json["model"].get<std::string>()).extension() == ".tflite") {
      found.push_back(entry.path().parent_path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

network::Tensor read_tensor(const fs::path& file, network::DType dtype) {
  const base::NpyArray array = base::read_npy(file);
  network::Tensor tensor(dtype, array.shape);
  if (array.data.size() != tensor.bytes().size())
    throw base::InputError(file.string() + ": another element type");
  std::memcpy(tensor.bytes().data(), array.data.data(), array.data.size());
  return tensor;
}

std::int64_t count_differences(const network::Tensor& expected, const network::Tensor& actual) {
  if (expected.shape() != actual.shape() || expected.dtype() != actual.dtype()) return expected.size();
  const auto width = static_cast<std::size_t>(network::bytes_per_element(expected.dtype()));
  std::int64_t different = 0;
  for (std::size_t i = 0; i < expected.bytes().size(); i += width) {
    different += std::memcmp(expected.bytes().data() + i, actual.bytes().data() + i, width) != 0 ? 1 : 0;
  }
  return different;
}

void check(const fs::path& directory) {
  const auto json = nlohmann::json::parse(std::ifstream(directory / "network.json"));
  const network::Graph graph = network::read_tflite(directory / json["model"].get<std::string>());
  const network::QuantizedGraph quantized = quantize::lower(graph);
  std::vector<network::Tensor> inputs;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const network::TensorInfo& info = graph.tensor(graph.inputs[i]);
    inputs.push_back(
        read_tensor(directory / json["inputs"][i].get<std::string>(), info.dtype).reshaped(info.shape));
  }
  const auto outputs = golden::run(quantized, inputs);
  ASSERT_EQ(outputs.size(), json["outputs"].size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto expected = read_tensor(directory / json["outputs"][i].get<std::string>(), outputs[i].dtype());
    EXPECT_EQ(count_differences(expected, outputs[i].reshaped(expected.shape())), 0)
        << "output " << i << " of " << expected.size() << " elements";
  }
}

TEST(TfliteModels, EqualTheReferenceKernelsBitForBit) {
  const auto vectors = network_vectors();
  if (vectors.empty()) GTEST_SKIP() << "no network vectors beside the source tree";
  for (const fs::path& directory : vectors) {
    SCOPED_TRACE(directory.string());
    EXPECT_NO_THROW(check(directory));
  }
}

}  // namespace
}  // namespace dlasim
