#pragma once
/// Faults in the models: a bit of a block's output register, of a weight or of a requantisation parameter
/// goes wrong. They show what a fault does to a network, and that the comparisons see it.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/arch/fault.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::engine {

/// A signal of a model in which a fault can be. Outputs are named as in the waves: `x_o_2` is lane 2 of x_o.
struct FaultSite {
  std::string block, signal;
  int bits = 1;  ///< width in the hardware
  std::uint64_t count =
      0;  ///< values that exist, where that is no power of two: beyond, a value wraps; 0: all
};

/// All of them, in the order of the data. The registers are `pe_array.weight_K`, K in [bank][tap][ic][oc],
/// and `post_processor.mantissa_K` and `bias_K`, K in [parameter slot][oc].
std::vector<FaultSite> fault_sites(const arch::Hardware& hardware);

/// The site of `fault`. Throws base::InputError, with the nearest name, if the models do not have it.
const FaultSite& find_site(const std::vector<FaultSite>& sites, const arch::Fault& fault);

/// A flip inverts the bit at the beginning of its cycle; it stays so until the register takes its next value.
/// A stuck bit is forced at the beginning of every cycle from its own on.
class FaultInjector {
 public:
  /// Throws as find_site.
  FaultInjector(const arch::Fault& fault, const arch::Hardware& hardware);

  /// Before anybody looks at the cycle: changes what `view` shows if the time has come.
  void hit(const trace::AcceleratorView& view, blocks::PeArray& pe_array,
           blocks::PostProcessor& post_processor) const;

 private:
  std::uint64_t disturbed(std::uint64_t bits) const;
  template <class Value>
  void disturb(Value& value) const;

  const arch::Fault fault_;
  const FaultSite site_;
};

}  // namespace dlasim::sim::engine
