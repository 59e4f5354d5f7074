#include "sim/netlist/block_factory.h"

#include "sim/blocks/command_processor.h"
#include "sim/netlist/block_modules.h"

namespace dlasim::sim::netlist {
namespace {

class CommandProcessorModule final : public BlockModule<blocks::CommandProcessor, CommandProcessorPorts> {
 public:
  using BlockModule::BlockModule;
  std::string waits_for() const override { return block().describe(); }

 private:
  void step(blocks::CommandProcessor& b) override {
    if (start_i.read()) b.start();
    const CommandWords* beat = accepted(words, b);
    const arch::Command* compute = b.compute();
    const bool is_tile = compute != nullptr && std::holds_alternative<arch::RunTile>(*compute);
    b.step({beat == nullptr ? nullptr : &beat->words, loads_done_i.read(), stores_done_i.read(),
            tiles_done_i.read(), b.load() != nullptr && load.ready_i.read(),
            compute != nullptr && (!is_tile || tile.ready_i.read()),
            b.store() != nullptr && store.ready_i.read()});
  }
  void drive(const blocks::CommandProcessor& b) override {
    const arch::Command* compute = b.compute();
    words.ready_o.write(b.ready());
    load.drive(b.load());
    tile.drive(compute == nullptr ? nullptr : std::get_if<arch::RunTile>(compute));
    configure.drive(compute == nullptr ? nullptr : std::get_if<arch::Configure>(compute));
    staged.drive(compute == nullptr ? nullptr : std::get_if<arch::ConfigureStaged>(compute));
    store.drive(b.store());
    finished_o.write(b.finished());
  }
};

}  // namespace

std::unique_ptr<CommandProcessorPorts> BlockFactory::command_processor(const arch::Hardware& h) const {
  return std::make_unique<CommandProcessorModule>("command_processor", h);
}
std::unique_ptr<DatapathPorts> BlockFactory::datapath(const arch::Hardware& h,
                                                      const blocks::StallPlan& stalls) const {
  return std::make_unique<BlockDatapath>("datapath", h, stalls, *this);
}
std::unique_ptr<WeightLoaderPorts> BlockFactory::weight_loader(const arch::Hardware& h) const {
  return std::make_unique<WeightLoaderModule<>>("weight_loader", h);
}
std::unique_ptr<AddressGeneratorPorts> BlockFactory::address_generator(const arch::Hardware& h) const {
  return std::make_unique<AddressGeneratorModule<>>("address_generator", h);
}
std::unique_ptr<ActivationBufferPorts> BlockFactory::activation_buffer(const arch::Hardware& h) const {
  return std::make_unique<ActivationBufferModule<>>("activation_buffer", h);
}
std::unique_ptr<PeArrayPorts> BlockFactory::pe_array(const arch::Hardware& h) const {
  return std::make_unique<PeArrayModule<>>("pe_array", h);
}
std::unique_ptr<AdderTreePorts> BlockFactory::adder_tree(const arch::Hardware& h) const {
  return std::make_unique<AdderTreeModule<>>("adder_tree", h);
}
std::unique_ptr<PartialSumBufferPorts> BlockFactory::partial_sum_buffer(const arch::Hardware& h) const {
  return std::make_unique<PartialSumBufferModule<>>("partial_sum_buffer", h);
}
std::unique_ptr<PostProcessorPorts> BlockFactory::post_processor(const arch::Hardware& h) const {
  return std::make_unique<PostProcessorModule<>>("post_processor", h);
}
std::unique_ptr<OutputBufferPorts> BlockFactory::output_buffer(const arch::Hardware& h) const {
  return std::make_unique<OutputBufferModule<>>("output_buffer", h);
}

}  // namespace dlasim::sim::netlist
