// The hardware description: sizes in words, and the messages for what no hardware can be.

#include "sim/arch/hardware.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/test_support.h"

namespace dlasim::sim::arch {
namespace {

template <class Change>
std::string refusal(Change change) {
  Hardware h;
  change(h);
  return base::error_of([&] { check(h); });
}

TEST(Hardware, TheDefaultIsValid) {
  EXPECT_NO_THROW(check(Hardware{}));
}

TEST(Hardware, CountsWordsAndLevels) {
  Hardware h;
  h.pe_array.ic_lanes = 3;
  h.pe_array.oc_lanes = 5;
  h.pe_array.activation_bits = 16;
  h.pe_array.weight_bits = 8;
  h.buffers.activation_kib = h.buffers.weight_kib = h.buffers.operand_kib = h.buffers.output_kib = 1;
  EXPECT_EQ(h.activation_words(), 1024 / 6);
  EXPECT_EQ(h.weight_words(), 1024 / 5);
  EXPECT_EQ(h.operand_words(), 1024 / 10);
  EXPECT_EQ(h.output_words(), 1024 / 10);
  for (const auto& [lanes, levels] : {std::pair{1, 0}, {2, 1}, {3, 2}, {16, 4}, {17, 5}, {1024, 10}}) {
    h.pe_array.ic_lanes = lanes;
    EXPECT_EQ(h.tree_levels(), levels) << lanes;
  }
}

TEST(Hardware, NamesTheKeyWhatItIsAndWhatIsAllowed) {
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.ic_lanes = 0; }),
            "hardware.pe_array.ic_lanes: 0 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.oc_lanes = 1025; }),
            "hardware.pe_array.oc_lanes: 1025 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.max_taps = 5000; }),
            "hardware.pe_array.max_taps: 5000 is not between 1 and 4096");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.activation_bits = 12; }),
            "hardware.pe_array.activation_bits: 12 is not one of 8, 16, 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.weight_bits = 24; }),
            "hardware.pe_array.weight_bits: 24 is not one of 8, 16, 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.buffers.parameter_slots = 1; }),
            "hardware.buffers.parameter_slots: 1 is not between 2 and 65536");
  EXPECT_EQ(refusal([](Hardware& h) { h.post_processor.latency = 33; }),
            "hardware.post_processor.latency: 33 is not between 1 and 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.control.command_queue_depth = 0; }),
            "hardware.control.command_queue_depth: 0 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.dram.burst_bytes = 16; }),
            "hardware.dram.burst_bytes: 16 is not between 32 and 2048");
}

TEST(Hardware, RefusesClocksThatAreNone) {
  for (const double mhz :
       {0.0, -1.0, 2e5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_TRUE(refusal([&](Hardware& h) { h.clock_mhz = mhz; }).starts_with("hardware.clock_mhz: ")) << mhz;
  }
}

TEST(Hardware, RefusesBuffersOfLessThanTwoWords) {
  EXPECT_EQ(refusal([](Hardware& h) {
              h.pe_array.ic_lanes = 1024;
              h.buffers.activation_kib = 1;
            }),
            "hardware.buffers.activation_kib: 1 KiB is less than two words of all lanes");
}

}  // namespace
}  // namespace dlasim::sim::arch
