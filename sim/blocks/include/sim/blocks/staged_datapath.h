#pragma once
/// The truncation units of a staged layer, block by block: spec/number_formats.md sections 5 and 6.
///
/// A block of the datapath has one of these while a staged layer runs, and none in an integer layer, so that
/// formats are dispatched once a layer. Between the blocks a value is an int64: the code of the format in
/// front (low bits), or the bit pattern of a double where fixed_point::StagedKernels (BlockKernels in block
/// mode) carry the values: between lanes and tree if those of lanes and tree have carriers, behind it if all
/// of the layer's have. Between lanes and tree it is an int32 (LaneSums::narrow) where
/// fixed_point::NarrowKernels run: a code, or the bit pattern of a float. 0 is +0 in all.
///
/// Lanes without an output channel convert nothing. A stochastic unit has a state for each position: ic tiles
/// of one position follow each other with all other positions of the strip in between.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "fixed_point/reduce.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"

namespace dlasim::sim::blocks {

/// Events of the units in one block.
class StagedBlock {
 public:
  virtual ~StagedBlock() = default;
  /// Since the last call.
  fixed_point::PointEvents take_events() { return std::exchange(events_, {}); }

 protected:
  fixed_point::EventCounts& events_at(fixed_point::Point point) {
    return events_[static_cast<std::size_t>(point)];
  }
  fixed_point::PointEvents events_{};
};

/// Products and accumulators: the PE array.
class StagedLanes : public StagedBlock {
 public:
  /// A row of weight registers has been written.
  virtual void set_weights(const WeightRow& /*row*/) {}
  /// Takes one tap. `weights` are the tap's registers, [ic][oc]. True if `sums` is complete: after the last
  /// tap, or after every tap in block mode.
  virtual bool accumulate(const ActivationBeat& beat, const std::int32_t* weights, LaneSums& sums) = 0;
};

/// The adder tree, and in block mode the block scale and its unit.
class StagedTree : public StagedBlock {
 public:
  virtual void reduce(const LaneSums& lanes, std::int64_t* sum) = 0;
};

/// The unit of the partial-sum buffer.
class StagedTotals : public StagedBlock {
 public:
  /// total = Q(entry + sum); `entry` is not looked at for a position's first sum.
  virtual void add(const Position& position, const std::int64_t* entry, const std::int64_t* sum,
                   std::int64_t* total) = 0;
};

/// Bias, activation function, activation and output units: the post-processor.
class StagedOutput : public StagedBlock {
 public:
  /// `out` gets sign-extended codes; of an affine layer the integers that are requantised next. `operand` is
  /// null where the layer has none.
  virtual void finish(const ChannelSums& sums, const arch::ChannelParameters* channel,
                      const std::int32_t* operand, std::int64_t* out) = 0;
};

struct StagedSizes {
  std::size_t ic_lanes = 0, oc_lanes = 0, max_taps = 0;
  /// Whether a wire may hold any code of its format: where RTL stands in for a block, or a test drives it.
  /// Else a wire holds only what the units in front of it can make, and narrower carriers may do.
  bool any_code_on_wires = false;
  /// Of a datapath whose wires are its own.
  StagedSizes(std::size_t ic, std::size_t oc, std::size_t taps)
      : ic_lanes(ic), oc_lanes(oc), max_taps(taps) {}
  explicit StagedSizes(const arch::Hardware& hardware)
      : ic_lanes(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
        oc_lanes(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
        max_taps(static_cast<std::size_t>(hardware.pe_array.max_taps)),
        any_code_on_wires(hardware.truncation.has_units()) {}
  friend bool operator==(const StagedSizes&, const StagedSizes&) = default;
};

/// The units for one layer; null where the block hands codes on (kElementwise,
/// kMxElements). Throws base::SimulationError
/// for a format that does not exist.
std::unique_ptr<StagedLanes> make_staged_lanes(const arch::StagedSettings& settings,
                                               const StagedSizes& sizes);
std::unique_ptr<StagedTree> make_staged_tree(const arch::StagedSettings& settings, const StagedSizes& sizes);
std::unique_ptr<StagedTotals> make_staged_totals(const arch::StagedSettings& settings,
                                                 const StagedSizes& sizes);
std::unique_ptr<StagedOutput> make_staged_output(const arch::StagedSettings& settings,
                                                 const StagedSizes& sizes);

}  // namespace dlasim::sim::blocks
