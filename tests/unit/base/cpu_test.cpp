#include "base/cpu.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "support/test_support.h"

namespace dlasim::base {
namespace {

class Cpu : public ::testing::Test {
 protected:
  void TearDown() override {
    unsetenv("DLASIM_CPU");
    force_cpu_level(std::nullopt);
  }
};

TEST_F(Cpu, NamesReadBack) {
  for (const CpuLevel level :
       {CpuLevel::kScalar, CpuLevel::kSse2, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kAvx512Vnni}) {
    EXPECT_EQ(cpu_level_from_name(name(level)), level);
  }
}

TEST_F(Cpu, ALowerLevelCanBeForced) {
  EXPECT_EQ(cpu_level(), detected_cpu_level());
  setenv("DLASIM_CPU", "scalar", 1);
  EXPECT_EQ(cpu_level(), CpuLevel::kScalar);
  force_cpu_level(detected_cpu_level());  // the program is above the environment
  EXPECT_EQ(cpu_level(), detected_cpu_level());
}

TEST_F(Cpu, RefusesWhatIsUnknownOrMissing) {
  setenv("DLASIM_CPU", "mmx", 1);
  EXPECT_EQ(error_of([] { cpu_level(); }),
            "DLASIM_CPU: 'mmx' is not one of scalar, sse2, avx2, avx512, avx512_vnni");
  if (detected_cpu_level() == CpuLevel::kAvx512Vnni) GTEST_SKIP() << "this machine has every level";
  EXPECT_EQ(error_of([] { force_cpu_level(CpuLevel::kAvx512Vnni); }),
            "CPU level: avx512_vnni is wanted, this machine has " + std::string(name(detected_cpu_level())));
}

TEST_F(Cpu, PeakMemoryGrowsWithUse) {
  const std::uint64_t before = peak_resident_bytes();
  EXPECT_GT(before, 100'000U);
  const std::vector<char> much(256U << 20, 1);
  EXPECT_GE(peak_resident_bytes(), 256U << 20);
  EXPECT_EQ(much.back(), 1);
}

}  // namespace
}  // namespace dlasim::base
