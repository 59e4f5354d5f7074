#pragma once
/// What the wires between the blocks of a staged layer hold, for those who carry codes on them: RTL twins and
/// waves.

#include <cstdint>
#include <memory>

#include "sim/arch/staged_settings.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

class StagedUnits;

/// The wires of array, tree and partial sums as codes of the format in front of them, and back. Not for block
/// mode, whose lanes may hold products without a code.
class StagedWires {
 public:
  enum class Place { kLanes, kChannels, kTotals };

  /// `sizes`: of a hardware with truncation units, whose wires hold any code.
  StagedWires(const arch::StagedSettings& settings, const StagedSizes& sizes);

  /// False for an element-wise layer: its wires are integers.
  bool carry_formats() const;
  int code_bits(Place place) const;
  /// Sign-extended from the format's bits.
  std::int64_t code(Place place, std::int64_t wire) const;
  /// `code`: bits above code_bits() are not looked at.
  std::int64_t wire(Place place, std::int64_t code) const;

 private:
  std::shared_ptr<const StagedUnits> units_;
};

}  // namespace dlasim::sim::blocks
