#include "staged_trace_check.h"

#include <fmt/core.h>

#include <optional>
#include <string_view>
#include <vector>

#include "number_format_json.h"

namespace dlasim::conformance {

using golden::Converted;
using golden::TapTrace;
using network::NumberFormat;

namespace {

/// Keeps the first difference; every check after it does nothing.
class StepChecker {
 public:
  const std::string& difference() const { return difference_; }
  bool failed() const { return !difference_.empty(); }

  /// One unit's result: a code, or a value where the format is `exact`.
  void check(const std::string& step, const JsonReader& expected, const NumberFormat& format,
             const Converted& got) {
    if (failed()) return;
    const bool exact = format.kind == NumberFormat::Kind::kExact;
    const bool equal =
        exact ? golden::same(read_value(expected), got.value) : read_code(expected) == got.code;
    if (equal) return;
    difference_ = fmt::format("{}: expected {}, got {}", step, expected.string(),
                              exact ? golden::to_string(got.value) : code_text(got.code));
  }
  /// A wire; one without a format says nothing.
  void check(const std::string& step, const JsonReader& expected, std::optional<std::uint64_t> got) {
    if (failed() || !got || read_code(expected) == *got) return;
    difference_ = fmt::format("{}: expected {}, got {}", step, expected.string(), code_text(*got));
  }
  /// The same number of entries on both sides.
  void check_count(const std::string& step, std::size_t expected, std::size_t got) {
    if (!failed() && expected != got)
      difference_ = fmt::format("{}: expected {} entries, got {}", step, expected, got);
  }

 private:
  std::string difference_;
};

void check_lanes(const std::string& place, const JsonReader& tile, const network::StagedNumerics& numerics,
                 const std::vector<std::vector<TapTrace>>& lanes, StepChecker* checker) {
  const auto products = tile.at("products").elements();
  const auto accumulators = tile.at("accumulators").elements();
  checker->check_count(place + "products", products.size(), lanes.size());
  checker->check_count(place + "accumulators", accumulators.size(), lanes.size());
  for (std::size_t lane = 0; lane < lanes.size() && !checker->failed(); ++lane) {
    const auto lane_products = products[lane].elements();
    const auto lane_sums = accumulators[lane].elements();
    checker->check_count(fmt::format("{}products[{}]", place, lane), lane_products.size(),
                         lanes[lane].size());
    checker->check_count(fmt::format("{}accumulators[{}]", place, lane), lane_sums.size(),
                         lanes[lane].size());
    for (std::size_t tap = 0; tap < lanes[lane].size() && !checker->failed(); ++tap) {
      checker->check(fmt::format("{}products[{}][{}]", place, lane, tap), lane_products[tap],
                     numerics.product, lanes[lane][tap].product);
      checker->check(fmt::format("{}accumulators[{}][{}]", place, lane, tap), lane_sums[tap],
                     numerics.accumulator, lanes[lane][tap].accumulator);
    }
  }
}

void check_tree(const std::string& place, const JsonReader& expected, const network::StagedNumerics& numerics,
                const std::vector<std::vector<Converted>>& tree, StepChecker* checker) {
  const auto levels = expected.elements();
  checker->check_count(place + "tree", levels.size(), tree.size());
  for (std::size_t level = 0; level < tree.size() && !checker->failed(); ++level) {
    const auto nodes = levels[level].elements();
    checker->check_count(fmt::format("{}tree[{}]", place, level), nodes.size(), tree[level].size());
    const NumberFormat& format = numerics.tree[numerics.tree.size() == 1 ? 0 : level];
    for (std::size_t node = 0; node < tree[level].size() && !checker->failed(); ++node) {
      checker->check(fmt::format("{}tree[{}][{}]", place, level, node), nodes[node], format,
                     tree[level][node]);
    }
  }
}

void check_block(const std::string& place, const JsonReader& block, const network::StagedNumerics& numerics,
                 const golden::BlockTrace& got, StepChecker* checker) {
  const auto products = block.at("products").elements();
  checker->check_count(place + "products", products.size(), got.elements.size());
  for (std::size_t i = 0; i < products.size() && !checker->failed(); ++i) {
    checker->check(fmt::format("{}products[{}]", place, i), products[i], numerics.product,
                   got.elements[i].product);
  }
  check_tree(place, block.at("tree"), numerics, got.tree, checker);
  checker->check(place + "block", block.at("block"), numerics.block, got.block);
  checker->check(place + "partial_sum", block.at("partial_sum"), numerics.partial_sum, got.partial_sum);
}

/// Accumulators have a list of taps, whose last is on the wire; products of a block have one value.
void check_lane_wires(const std::string& place, const char* name, const std::vector<JsonReader>& expected,
                      const WireSteps& got, StepChecker* checker) {
  checker->check_count(place + name, expected.size(), got.lanes.size());
  for (std::size_t lane = 0; lane < got.lanes.size() && !checker->failed(); ++lane) {
    const std::string step = fmt::format("{}{}[{}]", place, name, lane);
    if (std::string_view(name) == "products") {
      checker->check(step, expected[lane], got.lanes[lane]);
    } else {
      checker->check(step, expected[lane].elements().back(), got.lanes[lane]);
    }
  }
}

}  // namespace

std::string first_wrong_wire(const JsonReader& trace, std::span<const WireSteps> got) {
  StepChecker checker;
  const bool blocks = trace.has("blocks");
  const char* beats = blocks ? "blocks" : "tiles";
  const auto parts = trace.at(beats).elements();
  checker.check_count(beats, parts.size(), got.size());
  for (std::size_t i = 0; i < parts.size() && !checker.failed(); ++i) {
    const std::string place = fmt::format("{} {}: ", blocks ? "block" : "tile", i);
    const char* lanes = blocks ? "products" : "accumulators";
    check_lane_wires(place, lanes, parts[i].at(lanes).elements(), got[i], &checker);
    const auto levels = parts[i].at("tree").elements();
    if (blocks) checker.check(place + "block", parts[i].at("block"), got[i].tree);
    if (!blocks && !levels.empty())
      checker.check(place + "root of the tree", levels.back().elements().front(), got[i].tree);
    checker.check(place + "partial_sum", parts[i].at("partial_sum"), got[i].partial_sum);
  }
  return checker.difference();
}

std::string first_wrong_step(const JsonReader& trace, const network::StagedNumerics& numerics,
                             const golden::ElementTrace& got) {
  StepChecker checker;
  const bool blocks = trace.has("blocks");
  const auto parts = trace.at(blocks ? "blocks" : "tiles").elements();
  checker.check_count(blocks ? "blocks" : "tiles", parts.size(),
                      blocks ? got.blocks.size() : got.tiles.size());
  for (std::size_t i = 0; i < parts.size() && !checker.failed(); ++i) {
    if (blocks) {
      check_block(fmt::format("block {}: ", i), parts[i], numerics, got.blocks[i], &checker);
      continue;
    }
    const std::string place = fmt::format("tile {}: ", i);
    check_lanes(place, parts[i], numerics, got.tiles[i].lanes, &checker);
    check_tree(place, parts[i].at("tree"), numerics, got.tiles[i].tree, &checker);
    checker.check(place + "partial_sum", parts[i].at("partial_sum"), numerics.partial_sum,
                  got.tiles[i].partial_sum);
  }
  if (got.bias) checker.check("bias", trace.at("bias"), numerics.bias, *got.bias);
  checker.check("activation", trace.at("activation"), numerics.activation, got.activation);
  checker.check("output", trace.at("output"), numerics.output, got.output.value_or(Converted{}));
  return checker.difference();
}

}  // namespace dlasim::conformance
