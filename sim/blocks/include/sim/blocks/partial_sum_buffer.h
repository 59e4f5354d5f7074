#pragma once
/// Accumulates the adder trees' results of successive ic tiles, position by position.

#include <memory>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

/// A read-modify-write a cycle; complete sums go on to the post-processor. A tile that holds its sums
/// sends only its last position on, as the token that the tile is done. Latency 1.
class PartialSumBuffer {
 public:
  explicit PartialSumBuffer(const arch::Hardware& hardware);

  struct In {
    const ChannelSums* sums = nullptr;  ///< accepted, only while `ready`
    bool out_taken = false;
  };

  void configure(const arch::Configure& /*settings*/) { staged_.reset(); }
  void configure(const arch::ConfigureStaged& settings) {
    staged_ = make_staged_totals(settings.staged, staged_sizes_);
  }
  /// The unit of the staged layer that runs, or null.
  StagedBlock* staged() { return staged_.get(); }

  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const ChannelSums& out() const { return pipeline_.front(); }
  /// The sums that a position's later ic tiles add to, one an oc lane: for observers.
  const std::int64_t* entry(std::uint32_t index) const { return memory_.data() + index * oc_lanes_; }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    pipeline_.registers(v);
  }

 private:
  bool add(const ChannelSums& sums);

  const StagedSizes staged_sizes_;
  const std::size_t oc_lanes_, depth_;
  std::unique_ptr<StagedTotals> staged_;
  std::vector<std::int64_t> memory_;
  ElasticPipeline<ChannelSums> pipeline_;
};

}  // namespace dlasim::sim::blocks
