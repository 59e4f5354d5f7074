#pragma once
/// The shell that makes a SystemC module of a step object.

#include <functional>
#include <memory>
#include <utility>

#include "base/error.h"
#include "sim/arch/hardware.h"
#include "sim/netlist/ports.h"

namespace dlasim::sim::netlist {

/// One clocked process: it samples the ports, calls the block's step() and drives the ports. `Ports` is the
/// block's class of ports.h; the derived class says which port is which argument.
template <class Block, class Ports>
class BlockModule : public Ports {
 public:
  SC_HAS_PROCESS(BlockModule);
  /// Makes a block at rest; called at elaboration and at every reset.
  using Maker = std::function<std::unique_ptr<Block>()>;
  BlockModule(const sc_core::sc_module_name& name, const arch::Hardware& hardware)
      : BlockModule(name, [hardware = std::make_shared<const arch::Hardware>(hardware)] {
          return std::make_unique<Block>(*hardware);
        }) {}
  BlockModule(const sc_core::sc_module_name& name, Maker make)
      : Ports(name), make_(std::move(make)), block_(make_()) {
    SC_METHOD(on_clock);
    this->sensitive << this->clk_i.pos();
    this->dont_initialize();
  }
  const Block& block() const { return *block_; }

 private:
  virtual void step(Block& block) = 0;
  virtual void drive(const Block& block) = 0;

  void on_clock() {
    if (this->rst_ni.read()) {
      step(*block_);
    } else {
      block_ = make_();
    }
    drive(*block_);
  }

  const Maker make_;  // owns the hardware description, which the block may refer to
  std::unique_ptr<Block> block_;
};

/// A stream's beat if it moves in this cycle: offered to a block that is ready.
template <class Data, class Block>
const Data* accepted(const StreamInput<Data>& input, const Block& block) {
  return block.ready() ? input.offered() : nullptr;
}
/// The block's offer is taken in this cycle.
template <class Data, class Block>
bool taken(const StreamOutput<Data>& output, const Block& block) {
  return block.valid() && output.ready_i.read();
}
template <class Block>
void apply(const ConfigureInput& configure, Block& block) {
  if (const arch::Configure* settings = configure.offered()) block.configure(*settings);
}
template <class Block>
void apply(const ConfigureInput& configure, const StagedInput& staged, Block& block) {
  apply(configure, block);
  const arch::ConfigureStaged* settings = staged.offered();
  if (settings == nullptr) return;
  if constexpr (requires { block.configure(*settings); }) {
    block.configure(*settings);
  } else {
    throw base::UnsupportedError("a block in RTL has no truncation units: staged layers need its model");
  }
}
/// The outputs that most blocks have.
template <class Input, class Output, class Block>
void drive_streams(StreamInput<Input>& input, StreamOutput<Output>& output, const Block& block) {
  input.ready_o.write(block.ready());
  output.drive(block.valid() ? &block.out() : nullptr);
}

}  // namespace dlasim::sim::netlist
