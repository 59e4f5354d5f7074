#include "sim/arch/rtl_package.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "sim/cosim/configurations.h"
#include "support/places.h"

namespace dlasim::sim::arch {
namespace {

TEST(RtlPackage, CommittedCopyIsThatOfTheDefaultHardware) {
  std::ifstream file(places::source("rtl_models/generated/dla_pkg.sv"));
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), rtl_package(Hardware{}))
      << "run: dla_rtl_package default rtl_models/generated/dla_pkg.sv";
}

TEST(RtlPackage, DiffersForEveryConfiguration) {
  EXPECT_NE(rtl_package(cosim::configuration("array_4x4")), rtl_package(cosim::configuration("array_3x5")));
  EXPECT_NE(rtl_package(cosim::configuration("array_4x4")), rtl_package(cosim::configuration("default")));
}

TEST(RtlPackage, BitsHoldTheValues) {
  EXPECT_EQ(bits_for(1), 1);
  EXPECT_EQ(bits_for(2), 1);
  EXPECT_EQ(bits_for(3), 2);
  EXPECT_EQ(bits_for(256), 8);
  EXPECT_EQ(bits_for(257), 9);
}

TEST(RtlPackage, SumsAreWideEnoughForTheLanes) {
  Hardware h;
  EXPECT_EQ(sum_bits(h), 48);
  h.pe_array.activation_bits = 32;
  EXPECT_EQ(sum_bits(h), 64);
}

TEST(RtlPackage, EveryFieldOfThePostSettingsHasItsOwnName) {
  const RtlStruct s = post_settings_struct(Hardware{});
  for (const RtlField& f : s.fields) {
    EXPECT_EQ(f.name.find("_at_"), std::string::npos) << f.name;
    EXPECT_EQ(std::ranges::count(s.fields, f.name, &RtlField::name), 1) << f.name;
  }
}

}  // namespace
}  // namespace dlasim::sim::arch
