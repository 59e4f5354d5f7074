// Vectors with one thing broken at random: reading and running them must end in a verdict, never in a crash,
// a hang or an exception that is not an InputError. Worth most under the sanitizers.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "base/error.h"
#include "conformance/json_reader.h"
#include "conformance/operator_vector.h"
#include "golden/interpreter.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/host/host.h"
#include "support/places.h"

namespace dlasim::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The members and elements of a document that may be broken; of `data` only the list as a whole.
void collect(json& value, std::vector<json*>& all) {
  for (auto& [key, member] : value.items()) {
    all.push_back(&member);
    if (member.is_object() || (member.is_array() && key != "data")) collect(member, all);
  }
}

json strange_value(std::mt19937& random) {
  static const std::vector<json> kValues{
      0,       -1,         1,         2,          127,  128,           -129,           65536,
      1 << 30, INT64_MAX,  INT64_MIN, UINT64_MAX, 1.5,  "int8",        "int16",        "uint8",
      "int64", "float32",  "",        nullptr,    true, json::array(), json::object(), {1, 1},
      {0, 0},  {-1, 70000}};
  return kValues[std::uniform_int_distribution<std::size_t>(0, kValues.size() - 1)(random)];
}

void break_something(json& document, std::mt19937& random) {
  std::vector<json*> all;
  collect(document, all);
  json& victim = *all[std::uniform_int_distribution<std::size_t>(0, all.size() - 1)(random)];
  if (victim.is_array() && !victim.empty() && random() % 2 == 0) {
    victim.erase(victim.size() - 1);
  } else {
    victim = strange_value(random);
  }
}

/// Everything that a broken vector may do to an engine short of an InputError is a failure.
void expect_verdicts(int trials, const std::function<void(const OperatorVector&)>& run) {
  const auto folder = places::shared("vectors");
  if (!fs::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  std::set<fs::path> files;
  for (const char* family : {"cmsis_nn", "cmsis_nn_wavenet", "tflite_activations"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder / family)) {
      if (entry.path().extension() == ".json" && entry.file_size() < 20000) files.insert(entry.path());
    }
  }
  std::mt19937 random(7);
  int refused = 0;
  int ran = 0;
  for (const fs::path& file : files) {
    const json original = read_json(file);
    for (int trial = 0; trial < trials; ++trial) {
      json document = original;
      break_something(document, random);
      try {
        run(parse_operator_vector(document, file));
        ++ran;
      } catch (const base::InputError&) {
        ++refused;
      } catch (const std::exception& e) {
        ADD_FAILURE() << file << ": " << e.what() << " for\n" << document.dump();
      }
    }
  }
  // Both kinds must occur, or the mutations test nothing.
  EXPECT_GT(refused, 33 * trials);
  EXPECT_GT(ran, 3 * trials);
}

TEST(BrokenVectors, GiveAVerdictOnGolden) {
  expect_verdicts(30, [](const OperatorVector& vector) { golden::run(vector.graph, vector.inputs); });
}

TEST(BrokenVectors, GiveAVerdictOnTheAccelerator) {
  sim::arch::Hardware hardware;
  hardware.pe_array.activation_bits = 32;
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  expect_verdicts(30, [&](const OperatorVector& vector) {
    const auto program = sim::compiler::compile(vector.graph, hardware);
    sim::engine::run_cycle(program, vector.graph, hardware, vector.inputs, options);
  });
}

}  // namespace
}  // namespace dlasim::conformance
