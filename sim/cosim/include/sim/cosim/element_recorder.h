#pragma once
/// What the wires of a running accelerator carry on the way to one output element of a staged layer, as codes
/// of the formats in front of them: those steps of spec/number_formats.md section 5 (or 6, block mode) that
/// are ports.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/blocks/staged_wires.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::cosim {

/// One beat from the PE array and what becomes of it: an ic tile, or a tap of one in block mode. A step is a
/// code in its low bits, or nothing where the wire has no format (`exact`).
struct TileSteps {
  using Step = std::optional<std::uint64_t>;
  std::vector<Step> lanes;  ///< one a lane with a channel: its accumulator; in block mode its product
  Step tree;                ///< what leaves the adder tree; in block mode the unit `block`
  Step partial_sum;         ///< the total after this beat
};

/// For a program of one staged layer; of several it keeps the last layer's.
class ElementRecorder final : public trace::TraceSink {
 public:
  /// `element`: flat index in the layer's output, channels last.
  ElementRecorder(const arch::Hardware& hardware, std::int64_t element);
  void sample(const trace::AcceleratorView& view) override;
  /// In the order of the data. An element of a layer that is not reduced in the array has none.
  const std::vector<TileSteps>& tiles() const { return tiles_; }

 private:
  std::optional<std::size_t> oc_lane(const blocks::Position& position) const;
  void record_lanes(const blocks::LaneSums& sums);
  void record_tree(const blocks::ChannelSums& sums);
  void record_total(const blocks::PartialSumBuffer& buffer);

  blocks::StagedSizes sizes_;
  std::int64_t element_;
  std::unique_ptr<const blocks::StagedWires> wires_;
  std::vector<TileSteps> tiles_;
  std::size_t trees_ = 0, totals_ = 0;         ///< tiles whose tree, whose total is known
  std::optional<blocks::Position> total_due_;  ///< of the total that the last edge has written
};

}  // namespace dlasim::sim::cosim
