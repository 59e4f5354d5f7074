#pragma once
/// Faults on purpose: one bit, once, somewhere in the datapath. They prove that the comparison with golden
/// sees what it must see and that a divergence is located where it arose. For tests only: no run has one by
/// itself.

#include <cstdint>

#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"

namespace dlasim::sim::engine {

enum class FaultKind {
  kWeightRegister,     ///< a PE's weight register; index in [bank][tap][ic][oc]
  kTreeNode,           ///< a node of an adder tree; oc lane = index modulo oc_lanes, node = index / oc_lanes
  kAddress,            ///< the word address of a tap request that is not padding
  kRequantMultiplier,  ///< the mantissa of a channel; index in [parameter slot][oc]
};

/// Registers are hit in `cycle`; a node and an address in the first beat that moves from `cycle` on. Tree
/// nodes count level by level, the sums of two lanes first. Index and bit are taken modulo what there is.
struct FaultPlan {
  FaultKind kind = FaultKind::kWeightRegister;
  std::uint64_t cycle = 0;
  std::uint64_t index = 0;
  unsigned bit = 0;
};

class FaultInjector {
 public:
  FaultInjector(const FaultPlan& plan, const arch::Hardware& hardware);

  /// Whether the bit has been flipped.
  bool injected() const { return injected_; }
  /// Before each clock edge: hits a register when its cycle has come.
  void hit_registers(std::uint64_t cycle, blocks::PeArray& pe_array, blocks::PostProcessor& post_processor);
  /// What the activation buffer sees of `request`, which moves in this cycle; null if none does.
  const blocks::TapRequest* seen(std::uint64_t cycle, const blocks::TapRequest* request);
  /// What the adder tree sees of `sums`.
  const blocks::LaneSums* seen(std::uint64_t cycle, const blocks::LaneSums* sums);

 private:
  bool strikes(FaultKind kind, std::uint64_t cycle) const {
    return !injected_ && plan_.kind == kind && cycle >= plan_.cycle;
  }
  template <class Value>
  void flip_node(std::vector<Value>& lanes, std::uint32_t active) const;

  const FaultPlan plan_;
  const std::size_t ic_lanes_, oc_lanes_;
  const unsigned weight_bits_;
  unsigned address_bits_ = 0;
  bool injected_ = false;
  blocks::TapRequest request_;
  blocks::LaneSums sums_;
};

}  // namespace dlasim::sim::engine
