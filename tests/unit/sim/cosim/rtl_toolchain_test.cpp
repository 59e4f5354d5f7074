// Building RTL on demand: what is in the cache stays good, what changed is built again, and errors say what
// to do.

#include "sim/cosim/rtl_toolchain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "sim/arch/rtl_package.h"
#include "sim/cosim/verilated_module.h"

namespace dlasim::sim::cosim {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kCounter = R"(
module counter (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic [4:0] step_i,
  output logic [7:0] count_o
);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_o <= '0;
    else         count_o <= adder_pkg::add(count_o, 8'(step_i));
  end
  other u_other ();
endmodule
)";
constexpr const char* kPackage = R"(
package adder_pkg;
  function automatic logic [7:0] add(logic [7:0] a, logic [7:0] b);
    return a + b;
  endfunction
endpackage
)";

// Tests of the RTL are skipped where there is no Verilator. scripts/test has installed it and says so: there
// a toolchain that is not found is a failure, not a row of skipped tests.
TEST(RtlAvailability, IsThereWhereTheTestsInstalledIt) {
  const bool is_needed = std::getenv("DLASIM_TESTS_NEED_RTL") != nullptr;
  EXPECT_TRUE(is_available() || !is_needed) << "verilator or a C++ compiler is not in PATH";
}

class RtlToolchainTest : public testing::Test {
 protected:
  RtlToolchainTest() : folder_(fs::temp_directory_path() / ("rtl_toolchain_" + std::to_string(getpid()))) {
    toolchain_.sources = folder_ / "rtl";
    toolchain_.cache = folder_ / "cache";
    write("counter", kCounter);
    write("other", "module other; endmodule");
    write("unused", "module unused; endmodule");
  }
  ~RtlToolchainTest() override { fs::remove_all(folder_); }
  void SetUp() override {
    if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  }
  void write(const std::string& module, const std::string& text) {
    base::write_file_atomically(toolchain_.sources / (module + ".sv"), text);
  }
  std::string error_of_build() const {
    try {
      build_rtl(unit_, toolchain_);
    } catch (const base::InputError& e) {
      return e.what();
    }
    return {};
  }

  const fs::path folder_;
  RtlToolchain toolchain_ = RtlToolchain::from_environment();
  const RtlUnit unit_{"counter", kPackage, {}};
};

TEST_F(RtlToolchainTest, BuildsOnceAndAgainForWhatTheModuleIsMadeOf) {
  const fs::path first = build_rtl(unit_, toolchain_);
  EXPECT_TRUE(fs::exists(first));
  const auto built = fs::last_write_time(first);
  write("unused", "module unused; logic x; endmodule");
  EXPECT_EQ(build_rtl(unit_, toolchain_), first);
  EXPECT_EQ(fs::last_write_time(first), built) << "built although nothing of it changed";
  write("other", "module other; logic x; endmodule");
  EXPECT_NE(build_rtl(unit_, toolchain_), first);
  RtlUnit wider = unit_;
  wider.package += "// another hardware";
  EXPECT_NE(build_rtl(wider, toolchain_), first);
  for (const auto& entry : fs::directory_iterator(toolchain_.cache))
    EXPECT_NE(entry.path().extension(), ".build") << "left behind: " << entry.path();
}

TEST_F(RtlToolchainTest, ManyWhoWantTheSameBuildItOnce) {
  std::vector<std::jthread> threads;
  std::vector<fs::path> libraries(3);
  for (fs::path& library : libraries) threads.emplace_back([&] { library = build_rtl(unit_, toolchain_); });
  threads.clear();
  EXPECT_EQ(libraries[0], libraries[1]);
  EXPECT_EQ(libraries[0], libraries[2]);
}

TEST_F(RtlToolchainTest, InstancesCountForThemselves) {
  VerilatedModule first(unit_, toolchain_), second(unit_, toolchain_);
  first.pin("step_i").set(3), second.pin("step_i").set(200);  // 5 bits: 8
  for (int i = 0; i < 2; ++i) first.edge();
  second.edge();
  EXPECT_EQ(first.pin("count_o").value(), 6U);
  EXPECT_EQ(second.pin("count_o").value(), 8U);
}

TEST_F(RtlToolchainTest, FaultsAtPortsStayOutside) {
  VerilatedModule module(unit_, toolchain_);
  module.pin("step_i").set(1);
  module.inject({"", "count_o", 7, 2, arch::FaultKind::kFlip});
  module.inject({"", "step_i", 1, 3, arch::FaultKind::kFlip});
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 6; ++i) seen.push_back(module.pin("count_o").value()), module.edge();
  EXPECT_THAT(seen, testing::ElementsAre(0U, 1U, 2U | 128U, 3U, 6U, 7U));
  module.inject({"", "count_o", 0, 0, arch::FaultKind::kStuck1});
  EXPECT_EQ(module.pin("count_o").value(), 9U);
  try {
    module.inject({"", "cuont_o", 0, 0, arch::FaultKind::kFlip});
    FAIL() << "accepted";
  } catch (const base::InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("did you mean 'count_o'?"));
  }
  EXPECT_THROW(module.inject({"", "count_o", 8, 0, arch::FaultKind::kFlip}), base::InputError);
}

TEST_F(RtlToolchainTest, SaysWhichToolIsMissing) {
  toolchain_.verilator = "no-verilator";
  EXPECT_FALSE(is_available(toolchain_));
  EXPECT_THAT(error_of_build(), HasSubstr("apt-get install verilator"));
  toolchain_.verilator = "verilator";
  toolchain_.compiler = "no-compiler";
  EXPECT_THAT(error_of_build(), HasSubstr("C++ compiler 'no-compiler' is not in PATH"));
}

TEST_F(RtlToolchainTest, ShowsTheFirstErrorOfRtlThatDoesNotCompile) {
  write("counter", "module counter (input logic clk_i); assign x = ; endmodule");
  const std::string error = error_of_build();
  EXPECT_THAT(error, HasSubstr("counter.sv:1"));
  EXPECT_THAT(error, HasSubstr("syntax error"));
  write("counter", kCounter);
  EXPECT_TRUE(fs::exists(build_rtl(unit_, toolchain_))) << "a failed build is in the way of the next";
  toolchain_.sources = folder_ / "nothing";
  EXPECT_THAT(error_of_build(), HasSubstr("DLASIM_RTL"));
}

TEST_F(RtlToolchainTest, ACacheThatCannotBeWrittenIsAnInputError) {
  base::write_file_atomically(folder_ / "file", std::string_view("x"));
  toolchain_.cache = folder_ / "file";
  EXPECT_THAT(error_of_build(), HasSubstr("cannot be"));
}

TEST_F(RtlToolchainTest, FstHasTheInside) {
  toolchain_.fst = true;
  const fs::path file = folder_ / "counter.fst";
  {
    VerilatedModule module(unit_, toolchain_);
    module.dump_fst(file, 1000);
    module.pin("step_i").set(1);
    for (int i = 0; i < 10; ++i) module.edge();
  }
  EXPECT_GT(fs::file_size(file), 100U);
}

}  // namespace
}  // namespace dlasim::sim::cosim
