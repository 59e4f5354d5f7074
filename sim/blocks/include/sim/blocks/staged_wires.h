#pragma once
/// What the wires between the blocks of a staged layer hold, for those who carry codes on them: RTL twins and
/// waves.

#include <cstdint>
#include <memory>
#include <optional>

#include "sim/arch/staged_settings.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

class StagedUnits;

/// The wires of array, tree and partial sums as codes of the format in front of them, and back.
class StagedWires {
 public:
  enum class Place { kLanes, kChannels, kTotals };

  /// `sizes`: of a hardware with truncation units, whose wires hold any code.
  StagedWires(const arch::StagedSettings& settings, const StagedSizes& sizes);

  /// False for an element-wise layer: its wires are integers.
  bool carry_formats() const;
  /// True in block mode too: of the places that have a format, bits() tells the code.
  bool carry_values() const;
  int code_bits(Place place) const;
  /// The code in its low bits, nothing where the format is `exact`: the products of block mode.
  std::optional<std::uint64_t> bits(Place place, std::int64_t wire) const;
  /// The same of wire `i` between array and tree, whatever carries it.
  std::optional<std::uint64_t> lane_bits(const LaneSums& sums, std::size_t i) const;
  /// Sign-extended from the format's bits. Not for a format that is `exact`.
  std::int64_t code(Place place, std::int64_t wire) const;
  /// `code`: bits above code_bits() are not looked at.
  std::int64_t wire(Place place, std::int64_t code) const;

 private:
  std::shared_ptr<const StagedUnits> units_;
};

}  // namespace dlasim::sim::blocks
