#include "base/edit_distance.h"

#include <gtest/gtest.h>

#include <vector>

namespace dlasim::base {
namespace {

TEST(EditDistance, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("strdie", "stride"), 1);
  EXPECT_EQ(edit_distance("stride", "strides"), 1);
}

TEST(NearestName, FindsSlipsAndLeavesStrangersAlone) {
  const std::vector<std::string> known{"ic_lanes", "oc_lanes", "clock_mhz"};
  EXPECT_EQ(nearest_name("ic_lane", known), "ic_lanes");
  EXPECT_EQ(nearest_name("clok_mhz", known), "clock_mhz");
  EXPECT_EQ(nearest_name("banks", known), "");
  EXPECT_EQ(nearest_name("ic_lanes", {}), "");
}

TEST(NearestName, GivesUpOnAbsurdlyLongWords) {
  const std::vector<std::string> known{"a"};
  EXPECT_EQ(nearest_name(std::string(10'000'000, 'a'), known), "");
}

}  // namespace
}  // namespace dlasim::base
