#include "sim/trace/vcd_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "support/test_support.h"
#include "vcd_reader.h"

namespace dlasim::sim::trace {
namespace {

TEST(VcdWriter, EveryValueReadsBack) {
  base::ScratchDirectory scratch;
  SignalTable table("top");
  table.enter("block");
  constexpr int kSignals = 300;  // identifiers of one and two characters
  for (int i = 0; i < kSignals; ++i) table.add("s" + std::to_string(i), 1 + i % 64, Radix::kHex, Role::kPort);
  std::vector<std::vector<std::uint64_t>> values(kSignals);
  base::Random random(1);
  {
    VcdWriter writer(scratch / "a.vcd", table);
    writer.begin_recording();
    for (std::uint64_t time = 0; time < 200; ++time) {
      writer.at(time * 7);
      for (std::size_t i = 0; i < kSignals; ++i) {
        const int width = 1 + static_cast<int>(i) % 64;
        values[i].push_back(random.bits() >> (64 - width) >>
                            (random.below(static_cast<std::uint64_t>(width))));
        writer.change(i, values[i].back());
      }
      if (time == 0) writer.end_initial_values();
    }
    writer.close();
  }
  const VcdFile file = read_vcd(scratch / "a.vcd");
  ASSERT_EQ(file.variables.size(), std::size_t{kSignals});
  for (std::size_t i = 0; i < kSignals; ++i) {
    const auto& changes = file.of("top.block.s" + std::to_string(i));
    ASSERT_EQ(changes.size(), values[i].size());
    for (std::size_t t = 0; t < changes.size(); ++t) {
      EXPECT_EQ(changes[t].time, t * 7);
      EXPECT_EQ(std::stoull(changes[t].value, nullptr, 2), values[i][t]) << "signal " << i << " at " << t;
    }
  }
}

TEST(VcdWriter, IdentifiersAreUnique) {
  base::ScratchDirectory scratch;
  SignalTable table("top");
  table.enter("");
  for (int i = 0; i < 9500; ++i) table.add("s" + std::to_string(i), 1, Radix::kBinary, Role::kPort);
  VcdWriter(scratch / "a.vcd", table).close();
  const VcdFile file = read_vcd(scratch / "a.vcd");
  std::map<std::string, std::string> names;
  for (const auto& [name, variable] : file.variables)
    EXPECT_TRUE(names.emplace(variable.id, name).second) << name << " and " << names[variable.id];
}

TEST(VcdWriter, ARunThatDiesLeavesItsWaves) {
  base::ScratchDirectory scratch;
  SignalTable table("top");
  table.enter("");
  const std::size_t id = table.add("s", 1, Radix::kBinary, Role::kPort);
  try {
    VcdWriter writer(scratch / "a.vcd", table);
    writer.change(id, 1);
    throw base::SimulationError("deadlock");
  } catch (const base::SimulationError&) {
  }
  EXPECT_EQ(read_vcd(scratch / "a.vcd").at("top.s", 0), "1");
  EXPECT_FALSE(std::filesystem::exists(scratch / "a.vcd.part"));
}

TEST(VcdWriter, RefusesAPlaceItCannotWrite) {
  base::ScratchDirectory scratch;
  base::write_file_atomically(scratch / "file", "");
  const SignalTable table("top");
  EXPECT_THAT(base::error_of([&] { VcdWriter(scratch / "file" / "a.vcd", table); }),
              testing::HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace dlasim::sim::trace
