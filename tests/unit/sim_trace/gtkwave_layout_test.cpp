#include "sim/trace/gtkwave_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/file.h"
#include "sim/trace/vcd_trace.h"
#include "support/places.h"

namespace dlasim::sim::trace {
namespace {

SignalTable two_blocks() {
  SignalTable table("dla");
  table.enter("");
  table.add("cycle", 64, Radix::kUnsigned, Role::kRegister);
  table.enter("pe_array");
  table.add("ready_o", 1, Radix::kBinary, Role::kPort);
  table.enter("adder_tree");
  table.add("valid_o", 1, Radix::kBinary, Role::kPort);
  table.add("sum_o_0", 64, Radix::kSigned, Role::kPort);
  table.add("queued", 32, Radix::kUnsigned, Role::kRegister);
  return table;
}

TEST(GtkwaveLayout, GroupsTheBlocksAndZoomsToTheWindow) {
  const SignalTable table = two_blocks();
  const std::string text = gtkwave_layout(table, {"run.vcd", 2000, 2000 + 6 * 1024});
  EXPECT_THAT(text, testing::StartsWith("[*] dlasim\n[dumpfile] \"run.vcd\"\n[savefile] \"run.gtkw\"\n"
                                        "[timestart] 2000\n"));
  EXPECT_THAT(text, testing::HasSubstr("*-10.000000 2000 -1"));
  EXPECT_THAT(text, testing::EndsWith("@24\ndla.cycle[63:0]\n"
                                      "@800200\n-pe_array\n"
                                      "@28\ndla.pe_array.ready_o\n"
                                      "@1000200\n-pe_array\n"
                                      "@800200\n-adder_tree\n"
                                      "@28\ndla.adder_tree.valid_o\n"
                                      "@424\ndla.adder_tree.sum_o_0[63:0]\n"
                                      "@c00200\n-adder_tree registers\n"
                                      "@24\ndla.adder_tree.queued[31:0]\n"
                                      "@1401200\n-adder_tree registers\n"
                                      "@1000200\n-adder_tree\n"));
}

TEST(GtkwaveLayout, OfOneBlockHasItsRegistersOpenAndNoOtherBlock) {
  const SignalTable table = two_blocks();
  EXPECT_THAT(gtkwave_block_layout(table, "adder_tree", {}),
              testing::EndsWith("@24\ndla.cycle[63:0]\n"
                                "@800200\n-adder_tree\n"
                                "@28\ndla.adder_tree.valid_o\n"
                                "@424\ndla.adder_tree.sum_o_0[63:0]\n"
                                "@800200\n-adder_tree registers\n"
                                "@24\ndla.adder_tree.queued[31:0]\n"
                                "@1000200\n-adder_tree registers\n"
                                "@1000200\n-adder_tree\n"));
}

// The committed layouts pin the signals' names: people's own layouts and the RTL's dumps lean on them.
// DLA_UPDATE_WAVES=1 writes them anew.
TEST(GtkwaveLayout, CommittedLayoutsAreTheGeneratedOnes) {
  const SignalTable signals = accelerator_signal_table(arch::Hardware{}, VcdOptions{}.lanes);
  std::map<std::string, std::string> layouts{{"dla.gtkw", gtkwave_layout(signals, {})}};
  for (const Scope& scope : signals.scopes()) {
    if (!scope.name.empty()) layouts[scope.name + ".gtkw"] = gtkwave_block_layout(signals, scope.name, {});
  }
  for (const auto& [name, text] : layouts) {
    const auto path = places::source("waves") / name;
    if (std::getenv("DLA_UPDATE_WAVES") != nullptr) base::write_file_atomically(path, text);
    EXPECT_EQ(base::read_text_file(path), text) << name;
  }
  EXPECT_THAT(layouts, testing::Contains(testing::Key("pe_array.gtkw")));
}

}  // namespace
}  // namespace dlasim::sim::trace
