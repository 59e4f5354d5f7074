#pragma once
/// A small dump in a directory of its own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace dlasim::report::test {

/// Cycles 7..10 and 12. In 8 a beat of -3 waits, in 9 it moves; in 10 one of 5 moves.
inline constexpr const char* kDump = R"($timescale 1ps $end
$scope module dla $end
$var reg 64 ! cycle [63:0] $end
$var wire 1 " clk_i $end
$scope module pe $end
$var wire 1 # valid_o $end
$var wire 1 $ ready_i $end
$var wire 8 % x_o_0 [7:0] $end
$var reg 32 & queued [31:0] $end
$upscope $end
$scope module tree $end
$var wire 8 % x_i_0 [7:0] $end
$upscope $end
$upscope $end
$enddefinitions $end
#70
$dumpvars
b111 !
1"
0#
0$
bx %
b0 &
$end
#75
0"
#80
1"
b1000 !
1#
b11111101 %
#85
0"
#90
1"
b1001 !
1$
b1 &
#95
0"
#100
1"
b1010 !
b101 %
#110
$dumpoff
bx !
x"
x#
x$
bx %
bx &
$end
#120
$dumpon
b1100 !
1"
0#
0$
b0 %
b0 &
$end
)";

class WavesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 (std::string("dlasim_waves_") + info->test_suite_name() + "_" + info->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    file_ = directory_ / "t.vcd";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }

  std::filesystem::path directory_, file_;
};

}  // namespace dlasim::report::test
