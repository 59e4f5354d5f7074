#pragma once
/// What a trace sees of an accelerator: every block and the hand-shakes of one cycle.

#include <cstdint>

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
#include "sim/memory/dma.h"

namespace dlasim::sim::trace {

/// State before the clock edge that ends `cycle`: what the edge samples.
struct AcceleratorView {
  std::uint64_t cycle;
  const blocks::HandshakeFlags& stalled;  ///< hand-shakes held back in this cycle
  const blocks::CommandProcessor& command_processor;
  const memory::FetchChannel& fetch;
  const memory::LoadChannel& load;
  const memory::StoreChannel& store;
  const blocks::WeightLoader& weight_loader;
  const blocks::AddressGenerator& address_generator;
  const blocks::ActivationBuffer& activation_buffer;
  const blocks::PeArray& pe_array;
  const blocks::AdderTree& adder_tree;
  const blocks::PartialSumBuffer& partial_sum_buffer;
  const blocks::PostProcessor& post_processor;
  const blocks::OutputBuffer& output_buffer;

  bool is_stalled(blocks::Handshake h) const { return stalled[static_cast<std::size_t>(h)]; }
};

/// Called once a cycle, before the clock edge, by an engine that is given one.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void sample(const AcceleratorView& view) = 0;
  /// Whether any cycle from `first` to `last`, both included, is of interest. An engine may leave out the
  /// samples of cycles that are not.
  virtual bool watches(std::uint64_t /*first*/, std::uint64_t /*last*/) const { return true; }
};

}  // namespace dlasim::sim::trace
