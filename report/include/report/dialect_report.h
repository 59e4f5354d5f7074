#pragma once
/// What another rounding would have changed: the integer dialects against PyTorch's float32 rule, layer by
/// layer with the same inputs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlasim::report {

/// How the outputs of one integer dialect differ from PyTorch's, and why. The causes add up to `differing`.
struct DialectDifferences {
  std::int64_t differing = 0;
  std::int64_t most = 0;             ///< largest |difference|
  std::int64_t above = 0;            ///< of the differing: those that are larger than PyTorch's
  std::int64_t double_rounding = 0;  ///< the first rounding moved a value onto a tie
  std::int64_t tie_rule = 0;         ///< an exact tie, which PyTorch rounds to even
  std::int64_t float32 = 0;          ///< PyTorch's factor, sum or product is not exact in float32
  std::int64_t other = 0;            ///< an operator that is computed in another way as a whole
  std::string first_at;              ///< "n,y,x,c" of the first one; empty if none
};

struct DialectRow {
  std::string layer, kind;
  std::int64_t values = 0;
  DialectDifferences double_rounding, single_rounding;
};

/// The network's output, every layer in one dialect.
struct DialectOutput {
  std::string dialect;
  std::int64_t values = 0, differing = 0, most = 0;  ///< against PyTorch's
};

struct DialectReport {
  std::string config, network;
  std::string dialect;  ///< the network's own: its layers' inputs are those of the report
  std::vector<DialectRow> rows;
  std::vector<DialectOutput> outputs;
  std::vector<std::string> wide;  ///< layers with 64-bit sums, whose rule is the same in every dialect
};

/// A table no wider than 100 columns. A layer that differs in neither dialect has one line.
std::string to_text(const DialectReport& report);
std::string to_json(const DialectReport& report);

}  // namespace dlasim::report
