// Both sides of the support matrix's first half: every combination of element types that it claims runs on
// the cycle engine as golden says, every other one is refused by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "golden/interpreter.h"
#include "sim/compiler/support.h"
#include "support/operator_cases.h"
#include "support/run_case.h"

namespace dlasim::test {
namespace {

using network::DType;
using sim::compiler::TypeSupport;

constexpr std::array kAllTypes{DType::kFloat32, DType::kInt4,  DType::kInt8,  DType::kUInt8,
                               DType::kInt16,   DType::kInt32, DType::kInt64, DType::kBool};

std::vector<std::optional<DType>> optional_types(const std::vector<DType>& types) {
  std::vector<std::optional<DType>> result{std::nullopt};
  result.insert(result.end(), types.begin(), types.end());
  return result;
}

/// Knobs for every combination of a row.
std::vector<Knobs> combinations(const TypeSupport& row) {
  std::vector<Knobs> all;
  const std::vector<DType> weights = row.weight.empty() ? std::vector{DType::kInt8} : row.weight;
  for (const DType input : row.input) {
    for (const DType output : row.output.empty() ? std::vector{input} : row.output) {
      for (const DType weight : weights) {
        for (const auto& bias : optional_types(row.bias)) {
          Knobs knobs;
          knobs.input = input;
          knobs.output = output;
          knobs.weight = weight;
          knobs.bias = bias;
          all.push_back(knobs);
        }
      }
    }
  }
  return all;
}

std::string text_of(std::string_view operation, const Knobs& k) {
  return std::string(operation) + " " + std::string(network::name(k.input)) + " x " +
         std::string(network::name(k.weight)) + " + " +
         (k.bias ? std::string(network::name(*k.bias)) : "no bias") + " -> " +
         std::string(network::name(k.output));
}

TEST(SupportedTypes, RunBitForBit) {
  std::uint64_t seed = 0;
  for (const TypeSupport& row : sim::compiler::supported_types()) {
    for (const Knobs& knobs : combinations(row)) {
      SCOPED_TRACE(text_of(row.operation, knobs));
      Case c = make_case(row.operation, knobs, ++seed);
      expect_cycle_equals_golden(c);
      EXPECT_EQ(sim::compiler::check_support({c.graph, c.node(), c.hardware}), row.place);
    }
  }
  EXPECT_GT(seed, 80U);
}

bool is_claimed(std::string_view operation, const Knobs& k, bool has_weight) {
  const auto holds = [](const std::vector<DType>& list, DType type) {
    return std::ranges::find(list, type) != list.end();
  };
  return std::ranges::any_of(sim::compiler::supported_types(), [&](const TypeSupport& row) {
    return row.operation == operation && holds(row.input, k.input) &&
           (!has_weight || row.weight.empty() || holds(row.weight, k.weight)) &&
           (row.output.empty() ? k.input == k.output : holds(row.output, k.output));
  });
}

TEST(OtherTypes, AreRefusedByName) {
  int refused = 0;
  std::set<std::string_view> operations;
  for (const TypeSupport& row : sim::compiler::supported_types()) operations.insert(row.operation);
  for (const std::string_view operation : operations) {
    const auto row = std::ranges::find(sim::compiler::supported_types(), operation, &TypeSupport::operation);
    const bool has_weight = !row->weight.empty();
    for (const DType input : kAllTypes) {
      for (const DType output : kAllTypes) {
        Knobs knobs = combinations(*row).front();
        knobs.input = input;
        knobs.output = output;
        if (is_claimed(operation, knobs, has_weight)) continue;
        SCOPED_TRACE(text_of(operation, knobs));
        // Built with the types of the row and then relabelled: refusing looks at declarations alone.
        Case c = make_case(operation, combinations(*row).front(), 1);
        c.graph.tensors[static_cast<std::size_t>(c.node().inputs[0])].dtype = input;
        c.graph.tensors[static_cast<std::size_t>(c.node().outputs[0])].dtype = output;
        EXPECT_THAT(refusal_of(c),
                    testing::StartsWith(std::string(operation) + " 'node': the element type is "));
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace dlasim::test
