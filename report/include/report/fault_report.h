#pragma once
/// What faults of one bit did to a network: a table by block, JSON with every fault.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlasim::report {

enum class FaultEffect {
  kMasked,   ///< every output value is that of the run without a fault
  kChanged,  ///< some differ
  kFatal,    ///< the simulated machine failed: deadlock, access outside a memory
};

struct FaultOutcome {
  std::string fault;  ///< "adder_tree.sum_o_3[17]@1200:flip"
  std::string block;
  FaultEffect effect = FaultEffect::kMasked;
  std::uint64_t differing = 0;   ///< output values
  std::optional<double> figure;  ///< the task's, if there is one
  std::string error;             ///< kFatal: what the machine said
};

struct FaultReport {
  std::string config, network;
  std::uint64_t seed = 0, cycles = 0;  ///< of the run without a fault
  std::uint64_t values = 0;            ///< output values
  std::string figure_name, figure_unit;
  std::optional<double> figure;     ///< without a fault
  std::vector<std::string> blocks;  ///< in the order of the table
  std::vector<FaultOutcome> outcomes;
};

/// No line is wider than 100 columns.
std::string to_text(const FaultReport& report);
std::string to_json(const FaultReport& report);

}  // namespace dlasim::report
