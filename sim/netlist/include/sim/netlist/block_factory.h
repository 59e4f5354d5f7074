#pragma once
/// Makes the modules that stand in the netlist.

#include <memory>

#include "sim/arch/hardware.h"
#include "sim/blocks/handshake.h"
#include "sim/netlist/datapath.h"
#include "sim/netlist/ports.h"

namespace dlasim::sim::netlist {

/// One function a block; the default of each is the model of sim/blocks. Override those that another module
/// is to take the place of:
///
///   class WithRtlAdderTree : public BlockFactory {
///     std::unique_ptr<AdderTreePorts> adder_tree(const arch::Hardware& h) const override {
///       return std::make_unique<VerilatedAdderTree>("adder_tree", h);
///     }
///   };
///
/// Called during elaboration, inside the netlist's own module; keep the block's name.
class BlockFactory {
 public:
  virtual ~BlockFactory() = default;
  virtual std::unique_ptr<CommandProcessorPorts> command_processor(const arch::Hardware& hardware) const;
  /// The whole datapath; the default joins the blocks of the functions below. `stalls` is when its six
  /// hand-shakes do not take place.
  virtual std::unique_ptr<DatapathPorts> datapath(const arch::Hardware& hardware,
                                                  const blocks::StallPlan& stalls) const;
  virtual std::unique_ptr<WeightLoaderPorts> weight_loader(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<AddressGeneratorPorts> address_generator(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<ActivationBufferPorts> activation_buffer(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<PeArrayPorts> pe_array(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<AdderTreePorts> adder_tree(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<PartialSumBufferPorts> partial_sum_buffer(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<PostProcessorPorts> post_processor(const arch::Hardware& hardware) const;
  virtual std::unique_ptr<OutputBufferPorts> output_buffer(const arch::Hardware& hardware) const;
};

}  // namespace dlasim::sim::netlist
