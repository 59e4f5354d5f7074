#pragma once
/// The taps of an integer layer two at a time, for operands of up to 16 bits and accumulators of 32.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lane_kernels.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"

namespace dlasim::sim::blocks {

/// A tap with a partner waits for it, and both go into the accumulators together: these are written once
/// instead of twice, and the weights take half the memory. It cannot be seen, for nobody looks at
/// accumulators before their last tap; only a weight that changes meanwhile has to wait for `finish`.
class TapPairs {
 public:
  explicit TapPairs(const arch::Hardware& hardware);
  /// Whether the operands of this hardware have no more than 16 bits.
  static bool fit(const arch::Hardware& hardware);

  /// Takes the beat's tap, of lanes that accumulate in `sums`, [ic][oc].
  void accumulate(const ActivationBeat& beat, std::int32_t* sums);
  /// Puts a tap that waits into its accumulators alone: before a weight changes.
  void finish(std::int32_t* sums);
  /// Writes weight registers, those of oc lanes 0 and on.
  void set_weights(std::uint32_t bank, std::uint32_t tap, std::size_t ic_lane,
                   std::span<const std::int32_t> weights);

 private:
  std::size_t row_offset(std::uint32_t bank, std::uint32_t tap, std::size_t ic_lane) const;
  bool is_partner(const TapRequest& r) const;
  void take_first(const ActivationBeat& beat);
  void take_second(const ActivationBeat& beat);
  void multiply(const TapRequest& last, bool begins, std::int32_t* sums);

  const std::size_t ic_lanes_, oc_lanes_, pairs_;
  const TapPairKernels& kernels_;
  std::vector<std::int16_t> weights_;  // [bank][pair][ic][oc][2]
  std::vector<std::uint32_t> x_;       // activations of a pair's taps, the first in the low half
  bool waits_ = false;                 // the first tap of a pair, `waiting_`, is in x_ only
  TapRequest waiting_;
};

}  // namespace dlasim::sim::blocks
