#include "sim/compiler/output_map.h"

#include <gtest/gtest.h>

#include <map>

#include "sim/compiler/compile.h"
#include "support/random_networks.h"

namespace dlasim::sim::compiler {
namespace {

/// Every element of every layer is some position and lane of some tile that stores, and of one only.
void expect_each_element_once(const network::QuantizedGraph& graph, const arch::Hardware& hardware) {
  const Program program = compile(graph, hardware);
  const OutputMap map(program, hardware.pe_array.oc_lanes);
  std::map<std::uint32_t, std::map<std::int64_t, int>> times;
  for (std::size_t t = 0; t < map.tiles().size(); ++t) {
    const arch::RunTile& tile = map.tiles()[t];
    for (std::uint32_t position = 0; position < tile.rows * tile.cols; ++position) {
      for (std::uint32_t lane = 0; lane < static_cast<std::uint32_t>(hardware.pe_array.oc_lanes); ++lane) {
        const auto element = map.element(t, position, lane);
        EXPECT_EQ(element.has_value(), lane < tile.oc_active) << "tile " << t << ", position " << position;
        if (element && tile.hold_sum == 0) ++times[tile.layer][*element];
      }
    }
  }
  for (std::size_t l = 0; l < program.layers.size(); ++l) {
    const std::int64_t count = network::element_count(graph.tensor(program.layers[l].output).shape);
    const auto& layer = times[static_cast<std::uint32_t>(l)];
    ASSERT_EQ(layer.size(), static_cast<std::size_t>(count)) << program.layers[l].name;
    EXPECT_EQ(layer.begin()->first, 0);
    EXPECT_EQ(layer.rbegin()->first, count - 1);
    for (const auto& [element, number] : layer) EXPECT_EQ(number, 1) << element;
  }
}

TEST(OutputMap, HasEveryElementOnce) {
  base::Random random(3);
  test::RandomChain chain(random, {1, 5, 12, 6});
  chain.conv2d(9, {1, 3});
  chain.conv2d(7, {2, 1});
  const network::QuantizedGraph graph = chain.finish();
  arch::Hardware hardware;
  hardware.pe_array.ic_lanes = 3;
  hardware.pe_array.oc_lanes = 4;
  expect_each_element_once(graph, hardware);
}

TEST(OutputMap, FollowsSumsThatAreHeld) {
  base::Random random(4);
  test::RandomChain chain(random, {1, 3, 9, 40});
  chain.conv2d(5, {2, 3});
  const network::QuantizedGraph graph = chain.finish();
  arch::Hardware hardware;
  hardware.pe_array.ic_lanes = 2;
  hardware.pe_array.oc_lanes = 4;
  hardware.buffers.weight_kib = 1;  // the input channels do not fit: the sum is cut into chunks
  const OutputMap map(compile(graph, hardware), hardware.pe_array.oc_lanes);
  std::size_t held = 0;
  for (std::size_t t = 0; t + 1 < map.tiles().size(); ++t) {
    if (map.tiles()[t].hold_sum == 0) continue;
    ++held;
    EXPECT_EQ(map.element(t, 0, 0), map.element(t + 1, 0, 0));
  }
  EXPECT_GT(held, 0U) << "no sum is held here";
  expect_each_element_once(graph, hardware);
}

TEST(OutputMap, HasNothingBeyondTheLastTile) {
  base::Random random(5);
  test::RandomChain chain(random, {1, 1, 4, 2});
  chain.conv2d(2, {1, 1});
  const network::QuantizedGraph graph = chain.finish();
  const arch::Hardware hardware;
  const OutputMap map(compile(graph, hardware), hardware.pe_array.oc_lanes);
  EXPECT_FALSE(map.element(map.tiles().size(), 0, 0));
}

}  // namespace
}  // namespace dlasim::sim::compiler
