#pragma once
/// The modules of the datapath. `Block` is the model or whatever has its member functions: its RTL, or both
/// side by side.

#include "sim/blocks/activation_buffer.h"
#include "sim/blocks/adder_tree.h"
#include "sim/blocks/address_generator.h"
#include "sim/blocks/output_buffer.h"
#include "sim/blocks/partial_sum_buffer.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"
#include "sim/blocks/weight_loader.h"
#include "sim/engine/load_bus.h"
#include "sim/netlist/block_module.h"

namespace dlasim::sim::netlist {

template <class Block = blocks::WeightLoader>
class WeightLoaderModule final : public BlockModule<Block, WeightLoaderPorts> {
 public:
  using BlockModule<Block, WeightLoaderPorts>::BlockModule;

 private:
  void step(Block& b) override {
    const engine::LoadBus bus(this->loaded_i.read());
    b.step({b.can_accept_tile() ? this->tile.offered() : nullptr, this->ic_tiles_consumed_i.read(),
            bus.buffer_write(arch::LoadTarget::kWeight)});
  }
  void drive(const Block& b) override {
    this->tile.ready_o.write(b.can_accept_tile());
    this->row.drive(b.out().valid ? &b.out() : nullptr);
    this->ic_tiles_loaded_o.write(b.ic_tiles_loaded());
    this->idle_o.write(b.idle());
  }
};

template <class Block = blocks::AddressGenerator>
class AddressGeneratorModule final : public BlockModule<Block, AddressGeneratorPorts> {
 public:
  using BlockModule<Block, AddressGeneratorPorts>::BlockModule;

 private:
  void step(Block& b) override {
    b.step({b.can_accept_tile() ? this->tile.offered() : nullptr, this->ic_tiles_loaded_i.read(),
            taken(this->output, b)});
    apply(this->configure, this->staged, b);
  }
  void drive(const Block& b) override {
    this->tile.ready_o.write(b.can_accept_tile());
    this->output.drive(b.valid() ? &b.out() : nullptr);
    this->idle_o.write(b.idle());
  }
};

template <class Block = blocks::ActivationBuffer>
class ActivationBufferModule final : public BlockModule<Block, ActivationBufferPorts> {
 public:
  using BlockModule<Block, ActivationBufferPorts>::BlockModule;

 private:
  void step(Block& b) override {
    const engine::LoadBus bus(this->loaded_i.read());
    b.step(
        {accepted(this->input, b), bus.buffer_write(arch::LoadTarget::kActivation), taken(this->output, b)});
    apply(this->configure, b);
  }
  void drive(const Block& b) override { drive_streams(this->input, this->output, b); }
};

template <class Block = blocks::PeArray>
class PeArrayModule final : public BlockModule<Block, PeArrayPorts> {
 public:
  using BlockModule<Block, PeArrayPorts>::BlockModule;

 private:
  void step(Block& b) override {
    b.step({accepted(this->input, b), this->row.offered(), taken(this->output, b)});
    apply(this->configure, this->staged, b);
  }
  void drive(const Block& b) override {
    drive_streams(this->input, this->output, b);
    this->ic_tiles_consumed_o.write(b.ic_tiles_consumed());
  }
};

template <class Block = blocks::AdderTree>
class AdderTreeModule final : public BlockModule<Block, AdderTreePorts> {
 public:
  using BlockModule<Block, AdderTreePorts>::BlockModule;

 private:
  void step(Block& b) override {
    b.step({accepted(this->input, b), taken(this->output, b)});
    apply(this->configure, this->staged, b);
  }
  void drive(const Block& b) override { drive_streams(this->input, this->output, b); }
};

template <class Block = blocks::PartialSumBuffer>
class PartialSumBufferModule final : public BlockModule<Block, PartialSumBufferPorts> {
 public:
  using BlockModule<Block, PartialSumBufferPorts>::BlockModule;

 private:
  void step(Block& b) override {
    b.step({accepted(this->input, b), taken(this->output, b)});
    apply(this->configure, this->staged, b);
  }
  void drive(const Block& b) override { drive_streams(this->input, this->output, b); }
};

template <class Block = blocks::PostProcessor>
class PostProcessorModule final : public BlockModule<Block, PostProcessorPorts> {
 public:
  using BlockModule<Block, PostProcessorPorts>::BlockModule;

 private:
  void step(Block& b) override {
    const engine::LoadBus bus(this->loaded_i.read());
    b.step({accepted(this->input, b), bus.buffer_write(arch::LoadTarget::kOperand), bus.parameter_write(),
            bus.table_write(), taken(this->output, b)});
    apply(this->configure, this->staged, b);
  }
  void drive(const Block& b) override { drive_streams(this->input, this->output, b); }
};

template <class Block = blocks::OutputBuffer>
class OutputBufferModule final : public BlockModule<Block, OutputBufferPorts> {
 public:
  using BlockModule<Block, OutputBufferPorts>::BlockModule;

 private:
  void step(Block& b) override {
    const std::uint32_t* word = this->read.offered();
    b.step({accepted(this->input, b), word != nullptr, word == nullptr ? 0 : *word});
  }
  void drive(const Block& b) override {
    this->input.ready_o.write(b.ready());
    this->data.valid_o.write(b.data_valid());
    if (b.data_valid()) this->data.data_o.write(LaneValues{b.data()});
    this->tiles_done_o.write(b.tiles_done());
  }
};

}  // namespace dlasim::sim::netlist
