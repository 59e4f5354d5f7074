#pragma once
/// The array of processing elements. Each accumulates the kernel taps of its own input channel.

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

template <class Accumulator>
struct LaneKernels;
class TapPairs;

/// oc_lanes x ic_lanes PEs, one tap of one position a cycle. PE (oc, ic) holds its weights of every tap in
/// two banks of registers, multiplies activation ic by the tap's weight and accumulates; after the last tap
/// all accumulators go to the adder tree together. Lanes without a channel contribute 0. Latency 1 after
/// the last tap.
///
/// State is a structure of arrays, [tap][ic][oc] and [ic][oc]: the oc lanes are the vector.
class PeArray {
 public:
  explicit PeArray(const arch::Hardware& hardware);
  ~PeArray();

  struct In {
    const ActivationBeat* beat = nullptr;  ///< accepted, only while `ready`
    const WeightRow* row = nullptr;        ///< row of weight registers to write
    bool out_taken = false;
  };

  void configure(const arch::Configure& settings);
  void configure(const arch::ConfigureStaged& settings);
  /// The units of the staged layer that runs, or null.
  StagedBlock* staged() { return staged_.get(); }

  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const LaneSums& out() const { return pipeline_.front(); }
  /// ic tiles whose last beat has been accepted, since reset.
  std::uint64_t ic_tiles_consumed() const { return ic_tiles_consumed_; }
  void step(const In& in);

  /// The weight registers, [bank][tap][ic][oc].
  const std::vector<std::int32_t>& weight_registers() const { return weights_; }
  /// Writes one of them: for faults on purpose.
  void set_weight_register(std::size_t index, std::int32_t weight);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("maximum", mode_ == arch::PeMode::kMaximum), v("wide", wide_);
    pipeline_.registers(v);
  }

 private:
  /// True if the lane sums are complete.
  bool accumulate(const ActivationBeat& beat);
  void pass_position_on(const ActivationBeat& beat, LaneSums& sums) const;
  template <class Accumulator>
  void multiply_accumulate(const ActivationBeat& beat, const LaneKernels<Accumulator>& kernels,
                           Accumulator* sums) const;
  template <class Accumulator>
  void keep_maximum(const ActivationBeat& beat, Accumulator* sums) const;
  const std::int32_t* weights_of(std::uint32_t bank, std::uint32_t tap) const;
  std::size_t row_offset(std::uint32_t bank, std::uint32_t tap, std::uint32_t ic_lane) const;
  void set_weights(const WeightRow& row);

  const StagedSizes staged_sizes_;
  const std::size_t ic_lanes_, oc_lanes_, max_taps_;
  arch::PeMode mode_ = arch::PeMode::kMultiplyAccumulate;
  bool wide_ = false;
  const LaneKernels<std::int32_t>& narrow_kernels_;
  const LaneKernels<std::int64_t>& wide_kernels_;
  std::vector<std::int32_t> weights_;
  std::unique_ptr<TapPairs> pairs_;  // null: operands of over 16 bits
  std::uint64_t ic_tiles_consumed_ = 0;
  std::unique_ptr<StagedLanes> staged_;
  bool taps_are_sums_ = false;  // MX block mode: every tap goes to the tree
  ElasticPipeline<LaneSums> pipeline_;
};

}  // namespace dlasim::sim::blocks
