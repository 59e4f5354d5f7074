#pragma once
/// GTKWave save files (.gtkw): which signals are shown, how, and where.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/trace/signal_table.h"

namespace dlasim::sim::trace {

/// Times are picoseconds, as in the dump.
struct LayoutView {
  std::string dump_file;  ///< beside the save file, which has its stem; empty: whatever GTKWave is given
  std::uint64_t from = 0, to = 1'000'000;
};

/// One group a block with its ports, and in it a closed group with its registers. Valid, ready and flags in
/// binary, values in decimal, addresses in hexadecimal. The view begins at `from` and ends at `to`.
std::string gtkwave_layout(const SignalTable& signals, const LayoutView& view);

/// Clock, cycle and one block of `signals`, its registers open. `block` is the name of one of its scopes.
std::string gtkwave_block_layout(const SignalTable& signals, const std::string& block,
                                 const LayoutView& view);

/// Two signals that are to be compared, by their paths in the dump, with bit ranges.
struct SignalPair {
  std::string first, second;
  Radix radix = Radix::kSigned;
};

/// The pairs one below the other, the marker at `marker`.
std::string gtkwave_pairs(const std::vector<SignalPair>& pairs, const LayoutView& view, std::uint64_t marker);

}  // namespace dlasim::sim::trace
