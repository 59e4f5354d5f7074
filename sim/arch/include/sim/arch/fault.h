#pragma once
/// One wrong bit on purpose, as a person writes it: `pe_array.sum_o[17]@1200` or `...:stuck1`.

#include <cstdint>
#include <string>

namespace dlasim::sim::arch {

enum class FaultKind {
  kFlip,    ///< inverted in one cycle
  kStuck0,  ///< from a cycle on
  kStuck1,
};

struct Fault {
  std::string block, signal;
  int bit = 0;
  std::uint64_t cycle = 0;
  FaultKind kind = FaultKind::kFlip;
};

/// BLOCK.SIGNAL[BIT]@CYCLE[:flip|stuck0|stuck1]. Whether there is such a block and signal is for whoever
/// injects it to say. Throws base::InputError.
Fault parse_fault(const std::string& text);
std::string to_string(const Fault& fault);

}  // namespace dlasim::sim::arch
