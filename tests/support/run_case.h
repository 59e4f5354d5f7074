#pragma once
/// Runs a case on golden and on the cycle engine.

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "conformance/verify.h"
#include "golden/interpreter.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/host/host.h"
#include "support/operator_cases.h"

namespace dlasim::test {

inline network::Tensor run_on_cycle(const Case& c) {
  const auto program = sim::compiler::compile(c.graph, c.hardware);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  const auto result = sim::engine::run_cycle(program, c.graph, c.hardware, c.inputs, options);
  return result.tensors.at(static_cast<std::size_t>(c.graph.outputs.front()));
}

/// Every element agrees, and they are not all one value: an empty computation would agree as well.
inline void expect_cycle_equals_golden(const Case& c) {
  try {
    const network::Tensor expected = golden::run(c.graph, c.inputs).at(0);
    const auto difference = conformance::first_difference(expected, run_on_cycle(c));
    EXPECT_FALSE(difference) << *difference;
    const auto bytes = expected.bytes();
    const auto size = static_cast<std::size_t>(network::bytes_per_element(expected.dtype()));
    bool varies = false;
    for (std::size_t i = size; i < bytes.size(); ++i) varies = varies || bytes[i] != bytes[i % size];
    EXPECT_TRUE(varies) << "the case computes one value only";
  } catch (const std::exception& e) {
    ADD_FAILURE() << e.what();
  }
}

/// The message of the UnsupportedError that the compiler throws; "compiled" if it throws none.
inline std::string refusal_of(const Case& c) {
  try {
    sim::compiler::compile(c.graph, c.hardware);
  } catch (const base::UnsupportedError& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("not a refusal: ") + e.what();
  }
  return "compiled";
}

}  // namespace dlasim::test
