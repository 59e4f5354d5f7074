// The main job as a user runs it: a configuration in, exit code and result files out.

#include <gtest/gtest.h>

#include "base/npy.h"
#include "run_job.h"

namespace dlasim {
namespace {

using test::config;
using test::Result;

class MainJob : public test::RunJob {};

TEST_F(MainJob, OneSecondOfSpeechIsBitExactAndCloseToFloat) {
  const Result result = run({config("wavenet_speech.yaml")});
  ASSERT_EQ(result.exit_code, cli::kDone);
  EXPECT_TRUE(result.summary["bit_exact"]);
  EXPECT_EQ(result.summary["differing"], 0);
  EXPECT_EQ(result.summary["samples"], 8000);
  const auto& figure = result.summary["figures"]["cross-entropy"];
  EXPECT_LE(figure["float"], 3.1);
  EXPECT_LE(figure["integer"].get<double>() - figure["float"].get<double>(), 0.05);
  for (const auto& layer : result.summary["layers"]) {
    EXPECT_EQ(layer["differing"], 0) << layer["name"];
    EXPECT_GT(layer["values"], 0) << layer["name"];
  }
  EXPECT_EQ(base::read_npy(out() / "output.npy").shape, (std::vector<std::int64_t>{1, 1, 8000, 256}));
  EXPECT_TRUE(std::filesystem::exists(out() / "layers.csv"));
  EXPECT_TRUE(std::filesystem::exists(out() / "report.html"));
}

TEST_F(MainJob, NetlistAndSteppedEngineGiveTheSameCyclesAndBits) {
  const Result stepped = run({config("wavenet_tiny.yaml")});
  const auto stepped_output = base::read_npy(out() / "output.npy");
  const Result netlist = run({config("wavenet_tiny.yaml"), "--netlist"});
  ASSERT_EQ(stepped.exit_code, cli::kDone);
  ASSERT_EQ(netlist.exit_code, cli::kDone);
  EXPECT_EQ(stepped.summary["cycles"], netlist.summary["cycles"]);
  EXPECT_EQ(base::read_npy(out() / "output.npy"), stepped_output);
}

TEST_F(MainJob, Int16ActivationsAreCloserToFloatThanInt8) {
  const Result int8 = run({config("wavenet_tiny.yaml")});
  const Result int16 =
      run({config("wavenet_tiny.yaml"), "--set", "numerics=" + config("numerics/int16x8.yaml")});
  ASSERT_EQ(int16.exit_code, cli::kDone);
  const auto last_sqnr = [](const Result& r) { return r.summary["layers"].back()["sqnr_db"].get<double>(); };
  EXPECT_GT(last_sqnr(int16), last_sqnr(int8));
}

TEST_F(MainJob, StallsAndOddArraysChangeCyclesButNoBit) {
  const Result plain = run({config("wavenet_tiny.yaml")});
  const auto output = base::read_npy(out() / "output.npy");
  const Result odd = run({config("wavenet_tiny.yaml"), "--stalls", "200", "--set",
                          "hardware.pe_array.ic_lanes=3", "--set", "hardware.pe_array.oc_lanes=5"});
  ASSERT_EQ(odd.exit_code, cli::kDone);
  EXPECT_TRUE(odd.summary["bit_exact"]);
  EXPECT_NE(plain.summary["cycles"], odd.summary["cycles"]);
  EXPECT_EQ(base::read_npy(out() / "output.npy"), output);
}

TEST_F(MainJob, OneWrongBitAnywhereIsAMismatch) {
  for (const std::string fault :
       {"pe_array.weight_0[6]@1040", "adder_tree.sum_o_0[28]@1000:stuck1",
        "address_generator.word_o[1]@900:stuck1", "post_processor.mantissa_0[28]@1000"}) {
    const Result result = run({config("wavenet_tiny.yaml"), "--fault", fault});
    EXPECT_EQ(result.exit_code, cli::kMismatch) << fault;
    EXPECT_GT(result.summary["differing"], 0) << fault;
  }
}

TEST_F(MainJob, WavesCoverTheirWindow) {
  const auto vcd = out().parent_path() / "tiny.vcd";
  const Result result =
      run({config("wavenet_tiny.yaml"), "--vcd", vcd.string(), "--from", "1000", "--to", "1200"});
  ASSERT_EQ(result.exit_code, cli::kDone);
  EXPECT_GT(std::filesystem::file_size(vcd), 1000U);
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(vcd).replace_extension(".gtkw")));
}

}  // namespace
}  // namespace dlasim
