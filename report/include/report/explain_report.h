#pragma once
/// One output element, step by step: a table for people, JSON for programs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlasim::report {

/// A value on its way through the datapath.
struct ExplainedValue {
  double value = 0.0;                 ///< the nearest double
  std::optional<std::uint64_t> code;  ///< low code bits; none for integers and exact values
  int code_bits = 0;
  unsigned events = 0;  ///< 1 inexact, 2 overflow, 4 underflow, 8 invalid
};

/// One line: operands, their product, and what the step leaves. `result` of a tap is its lane's accumulator.
struct ExplainStep {
  std::string name;  ///< "l3 c19 k0,1": lane, channel of the group, kernel tap (y, x)
  std::optional<ExplainedValue> x, w, product, result;
};

/// A requantisation with every intermediate integer.
struct RequantisationSteps {
  std::string rule;  ///< "double", "single", "pytorch", "int64"
  bool used = false;
  struct Line {
    std::string what;
    std::int64_t value = 0;
    std::optional<float> real = std::nullopt;  ///< in place of `value` where a step is float32
  };
  std::vector<Line> lines;  ///< the last one is the layer's output under this rule
};

struct Explanation {
  std::string layer, kind;
  std::string at;  ///< "0,0,17,3"
  std::int64_t element = 0;
  std::string mode;  ///< "staged", "integer"
  std::int64_t lanes = 0;
  std::vector<ExplainStep> steps;
  std::vector<RequantisationSteps> requantisations;  ///< of an integer layer
  ExplainedValue output;
};

/// No line is wider than 100 columns: codes give way to values where both do not fit.
std::string to_text(const Explanation& explanation);
std::string to_json(const Explanation& explanation);

}  // namespace dlasim::report
