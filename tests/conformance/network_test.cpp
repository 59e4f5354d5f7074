// Whole models of outside authors: imported, lowered and computed without a differing bit, and WaveNets in
// float within the vectors' tolerance.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "conformance/network_runner.h"
#include "conformance/verify.h"
#include "golden/interpreter.h"
#include "network/importers/nam.h"
#include "network/importers/tflite.h"
#include "network/network_file.h"
#include "network/shape_inference.h"
#include "support/places.h"

namespace dlasim::conformance {
namespace {

std::filesystem::path vectors(const char* folder) {
  return places::shared("vectors") / folder;
}

std::vector<Outcome> run(const Engine& engine, const std::filesystem::path& folder) {
  Verifier verifier(engine);
  verifier.handle_networks(network_handler(engine));
  const std::filesystem::path paths[] = {folder};
  return verifier.run(paths);
}

const FunctionEngine& golden_engine() {
  static const FunctionEngine engine(
      "golden", [](const auto& graph, auto inputs) { return golden::run(graph, inputs); });
  return engine;
}

class NetworkVectors : public testing::TestWithParam<const char*> {};

TEST_P(NetworkVectors, Agree) {
  const auto folder = vectors(GetParam());
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const auto outcomes = run(golden_engine(), folder);
  const Tally counts = tally(outcomes);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(counts.failed, 0) << report.str();
  EXPECT_EQ(counts.unsupported, 0) << report.str();
  std::ptrdiff_t cases = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    cases += entry.path().filename() == "network.json" ? 1 : 0;
  }
  EXPECT_EQ(counts.passed, cases);
}

INSTANTIATE_TEST_SUITE_P(Folders, NetworkVectors, testing::Values("tflite", "nam"),
                         [](const auto& folder) { return std::string(folder.param); });

/// An engine whose second operator gives one code for everything.
std::vector<network::Tensor> run_wrong(const network::QuantizedGraph& graph,
                                       std::span<const network::Tensor> inputs) {
  network::QuantizedGraph wrong = graph;
  std::get<network::qop::Conv2d>(wrong.nodes.at(1).operation).mac.clamp.min = 127;
  return golden::run(wrong, inputs);
}

TEST(NetworkRunner, NamesTheFirstWrongOperator) {
  const auto folder = vectors("tflite/resnet8_int8/smooth0");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("wrong", run_wrong);
  const auto outcomes = run(engine, folder);
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].verdict, Verdict::kFailed);
  EXPECT_THAT(outcomes[0].detail, testing::HasSubstr("the first wrong tensor is 23 "));
}

/// The first case of each model.
std::vector<std::filesystem::path> models_below(const std::filesystem::path& folder,
                                                const std::string& extension) {
  std::map<std::string, std::filesystem::path> models;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto& path = entry.path();
    if (path.extension() == extension)
      models.emplace(path.parent_path().string() + path.stem().string(), path);
  }
  std::vector<std::filesystem::path> result;
  std::set<std::string> seen;
  for (const auto& [key, path] : models) {
    if (extension != ".tflite" || seen.insert(path.filename().string()).second) result.push_back(path);
  }
  return result;
}

TEST(ImportedModels, HaveCheckedShapesAndComeBackFromTheirFiles) {
  if (!std::filesystem::exists(vectors("tflite"))) GTEST_SKIP() << "no vectors";
  const auto directory =
      std::filesystem::temp_directory_path() / ("dlasim_models_" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const auto check = [&](const network::Graph& graph) {
    EXPECT_NO_THROW(network::check_shapes(graph));
    network::write_network(graph, directory / "net.yaml");
    EXPECT_TRUE(network::read_network_file(directory / "net.yaml") == graph);
  };
  int count = 0;
  for (const auto& path : models_below(vectors("tflite"), ".tflite")) {
    SCOPED_TRACE(path);
    check(network::read_tflite(path));
    ++count;
  }
  EXPECT_GT(count, 100);
  for (const auto& path : models_below(vectors("nam"), ".nam")) {
    SCOPED_TRACE(path);
    check(network::read_nam(path, {.samples = 100, .slimmable_size = {}}).graph);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace dlasim::conformance
