#pragma once
/// Programs by hand.

#include <algorithm>
#include <span>
#include <vector>

#include "sim/arch/command.h"
#include "sim/compiler/program.h"

namespace dlasim::testing {

/// A program without tensors: these commands at address 64, in one stream of one layer.
inline sim::compiler::Program program_of(const std::vector<sim::arch::Command>& commands) {
  std::vector<std::uint32_t> words;
  for (const sim::arch::Command& c : commands) sim::arch::encode(c, words);
  sim::compiler::Program program;
  const auto bytes = std::as_bytes(std::span(words));
  program.image.resize(64 + bytes.size());
  std::ranges::copy(bytes, program.image.begin() + 64);
  program.layers.resize(1);
  program.tiles = 1;
  program.steps.push_back(sim::compiler::CommandStream{64, bytes.size(), 0, 1});
  return program;
}

}  // namespace dlasim::testing
