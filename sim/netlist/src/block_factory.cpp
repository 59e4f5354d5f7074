#include "sim/netlist/block_factory.h"

#include "sim/blocks/activation_buffer.h"
#include "sim/blocks/adder_tree.h"
#include "sim/blocks/address_generator.h"
#include "sim/blocks/command_processor.h"
#include "sim/blocks/output_buffer.h"
#include "sim/blocks/partial_sum_buffer.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"
#include "sim/blocks/weight_loader.h"
#include "sim/engine/load_bus.h"
#include "sim/netlist/block_module.h"

namespace dlasim::sim::netlist {
namespace {

using arch::LoadTarget;
using engine::LoadBus;

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

class WeightLoaderModule final : public BlockModule<blocks::WeightLoader, WeightLoaderPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::WeightLoader& b) override {
    const LoadBus bus(loaded_i.read());
    b.step({b.can_accept_tile() ? tile.offered() : nullptr, ic_tiles_consumed_i.read(),
            bus.buffer_write(LoadTarget::kWeight)});
  }
  void drive(const blocks::WeightLoader& b) override {
    tile.ready_o.write(b.can_accept_tile());
    row.drive(b.out().valid ? &b.out() : nullptr);
    ic_tiles_loaded_o.write(b.ic_tiles_loaded());
  }
};

class AddressGeneratorModule final : public BlockModule<blocks::AddressGenerator, AddressGeneratorPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::AddressGenerator& b) override {
    b.step({b.can_accept_tile() ? tile.offered() : nullptr, ic_tiles_loaded_i.read(), taken(output, b)});
    apply(configure, staged, b);
  }
  void drive(const blocks::AddressGenerator& b) override {
    tile.ready_o.write(b.can_accept_tile());
    output.drive(b.valid() ? &b.out() : nullptr);
  }
};

class ActivationBufferModule final : public BlockModule<blocks::ActivationBuffer, ActivationBufferPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::ActivationBuffer& b) override {
    const LoadBus bus(loaded_i.read());
    b.step({accepted(input, b), bus.buffer_write(LoadTarget::kActivation), taken(output, b)});
    apply(configure, b);
  }
  void drive(const blocks::ActivationBuffer& b) override { drive_streams(input, output, b); }
};

class PeArrayModule final : public BlockModule<blocks::PeArray, PeArrayPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::PeArray& b) override {
    b.step({accepted(input, b), row.offered(), taken(output, b)});
    apply(configure, staged, b);
  }
  void drive(const blocks::PeArray& b) override {
    drive_streams(input, output, b);
    ic_tiles_consumed_o.write(b.ic_tiles_consumed());
  }
};

class AdderTreeModule final : public BlockModule<blocks::AdderTree, AdderTreePorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::AdderTree& b) override {
    b.step({accepted(input, b), taken(output, b)});
    apply(configure, staged, b);
  }
  void drive(const blocks::AdderTree& b) override { drive_streams(input, output, b); }
};

class PartialSumBufferModule final : public BlockModule<blocks::PartialSumBuffer, PartialSumBufferPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::PartialSumBuffer& b) override {
    b.step({accepted(input, b), taken(output, b)});
    apply(configure, staged, b);
  }
  void drive(const blocks::PartialSumBuffer& b) override { drive_streams(input, output, b); }
};

class PostProcessorModule final : public BlockModule<blocks::PostProcessor, PostProcessorPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::PostProcessor& b) override {
    const LoadBus bus(loaded_i.read());
    b.step({accepted(input, b), bus.buffer_write(LoadTarget::kOperand), bus.parameter_write(),
            bus.table_write(), taken(output, b)});
    apply(configure, staged, b);
  }
  void drive(const blocks::PostProcessor& b) override { drive_streams(input, output, b); }
};

class OutputBufferModule final : public BlockModule<blocks::OutputBuffer, OutputBufferPorts> {
 public:
  using BlockModule::BlockModule;

 private:
  void step(blocks::OutputBuffer& b) override {
    const std::uint32_t* word = read.offered();
    b.step({accepted(input, b), word != nullptr, word == nullptr ? 0 : *word});
  }
  void drive(const blocks::OutputBuffer& b) override {
    input.ready_o.write(b.ready());
    data.valid_o.write(b.data_valid());
    if (b.data_valid()) data.data_o.write(LaneValues{b.data()});
    tiles_done_o.write(b.tiles_done());
  }
};

}  // namespace

std::unique_ptr<CommandProcessorPorts> BlockFactory::command_processor(const arch::Hardware& h) const {
  return std::make_unique<CommandProcessorModule>("command_processor", h);
}
std::unique_ptr<WeightLoaderPorts> BlockFactory::weight_loader(const arch::Hardware& h) const {
  return std::make_unique<WeightLoaderModule>("weight_loader", h);
}
std::unique_ptr<AddressGeneratorPorts> BlockFactory::address_generator(const arch::Hardware& h) const {
  return std::make_unique<AddressGeneratorModule>("address_generator", h);
}
std::unique_ptr<ActivationBufferPorts> BlockFactory::activation_buffer(const arch::Hardware& h) const {
  return std::make_unique<ActivationBufferModule>("activation_buffer", h);
}
std::unique_ptr<PeArrayPorts> BlockFactory::pe_array(const arch::Hardware& h) const {
  return std::make_unique<PeArrayModule>("pe_array", h);
}
std::unique_ptr<AdderTreePorts> BlockFactory::adder_tree(const arch::Hardware& h) const {
  return std::make_unique<AdderTreeModule>("adder_tree", h);
}
std::unique_ptr<PartialSumBufferPorts> BlockFactory::partial_sum_buffer(const arch::Hardware& h) const {
  return std::make_unique<PartialSumBufferModule>("partial_sum_buffer", h);
}
std::unique_ptr<PostProcessorPorts> BlockFactory::post_processor(const arch::Hardware& h) const {
  return std::make_unique<PostProcessorModule>("post_processor", h);
}
std::unique_ptr<OutputBufferPorts> BlockFactory::output_buffer(const arch::Hardware& h) const {
  return std::make_unique<OutputBufferModule>("output_buffer", h);
}

}  // namespace dlasim::sim::netlist
