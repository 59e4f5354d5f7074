#pragma once
/// Sums the ic lanes of each oc lane in a balanced, pipelined binary tree.

#include <memory>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

template <class Accumulator>
struct LaneKernels;

/// Neighbours first: 0+1, 2+3, ...; lanes up to the next power of two are +0. One register a level, at
/// least one: latency max(1, ceil(log2 ic_lanes)). A position a cycle.
class AdderTree {
 public:
  explicit AdderTree(const arch::Hardware& hardware);

  struct In {
    const LaneSums* sums = nullptr;  ///< accepted, only while `ready`
    bool out_taken = false;
  };

  void configure(const arch::Configure& settings) {
    wide_ = settings.wide_accumulator != 0;
    staged_.reset();
  }
  void configure(const arch::ConfigureStaged& settings) {
    staged_ = make_staged_tree(settings.staged, staged_sizes_);
  }
  /// The units of the staged layer that runs, or null.
  StagedBlock* staged() { return staged_.get(); }

  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const ChannelSums& out() const { return pipeline_.front(); }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("wide", wide_);
    pipeline_.registers(v);
  }

 private:
  const StagedSizes staged_sizes_;
  const std::size_t oc_lanes_;
  std::unique_ptr<StagedTree> staged_;
  bool wide_ = false;
  const LaneKernels<std::int32_t>& narrow_kernels_;
  const LaneKernels<std::int64_t>& wide_kernels_;
  ElasticPipeline<ChannelSums> pipeline_;
};

}  // namespace dlasim::sim::blocks
