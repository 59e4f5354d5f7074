#pragma once
/// All blocks of one accelerator and the wires between them, stepped a clock cycle at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/blocks/activation_buffer.h"
#include "sim/blocks/adder_tree.h"
#include "sim/blocks/address_generator.h"
#include "sim/blocks/command_processor.h"
#include "sim/blocks/handshake.h"
#include "sim/blocks/output_buffer.h"
#include "sim/blocks/partial_sum_buffer.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"
#include "sim/blocks/weight_loader.h"
#include "sim/engine/fault.h"
#include "sim/engine/run_counters.h"
#include "sim/memory/dma.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::engine {

using blocks::Handshake;
using blocks::kHandshakes;
using blocks::StallPlan;

class Accelerator {
 public:
  Accelerator(const arch::Hardware& hardware, memory::MemoryPort& memory, std::size_t layers,
              const StallPlan& stalls = {});

  /// One clock edge. The blocks are stepped from the end of the datapath to its beginning: every block
  /// reads what its producer offers before the producer moves, as registers do.
  void step();
  /// The same, with a look at every block before the edge.
  void step(trace::TraceSink& sink);
  /// From now on one bit goes wrong. Throws as FaultInjector.
  void inject(const arch::Fault& fault) { fault_ = std::make_unique<FaultInjector>(fault, hardware_); }
  /// The cycle that the next step ends.
  std::uint64_t cycle() const { return cycle_; }
  bool finished() const { return command_processor.finished(); }
  /// Rings the doorbell: runs the command stream at `address` after the one that has finished.
  void start(std::uint64_t address, std::uint64_t bytes);
  const RunCounters& counters() const { return counters_; }
  /// Moves the events of the staged layer that runs to its counters.
  void collect_events();
  /// What each engine and each hand-shake waits for.
  std::string describe_stall() const;

  blocks::CommandProcessor command_processor;
  memory::FetchChannel fetch;
  memory::LoadChannel load;
  memory::StoreChannel store;
  blocks::WeightLoader weight_loader;
  blocks::AddressGenerator address_generator;
  blocks::ActivationBuffer activation_buffer;
  blocks::PeArray pe_array;
  blocks::AdderTree adder_tree;
  blocks::PartialSumBuffer partial_sum_buffer;
  blocks::PostProcessor post_processor;
  blocks::OutputBuffer output_buffer;

 private:
  void advance();
  void hit();
  trace::AcceleratorView view(const blocks::HandshakeFlags& stalled) const;
  void sample_handshakes();
  bool moves(Handshake h) const { return moves_[static_cast<std::size_t>(h)]; }
  void step_datapath();
  void step_control();
  void count();
  void configure(const arch::Configure& settings);
  void configure(const arch::ConfigureStaged& settings);

  const arch::Hardware hardware_;
  memory::MemoryPort& memory_;
  StallPlan stalls_;
  blocks::HandshakeFlags moves_{};
  const arch::Load* issued_load_ = nullptr;
  const arch::Command* issued_compute_ = nullptr;
  const arch::Store* issued_store_ = nullptr;
  std::uint32_t loads_done_ = 0, stores_done_ = 0;
  std::uint64_t tiles_done_ = 0;
  bool words_taken_ = false;
  std::uint32_t staged_layer_ = 0;
  std::uint64_t cycle_ = 0;
  RunCounters counters_;
  std::unique_ptr<FaultInjector> fault_;  // null: no fault, at the cost of this test
};

}  // namespace dlasim::sim::engine
