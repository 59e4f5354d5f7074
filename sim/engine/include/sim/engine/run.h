#pragma once
/// What every engine is given and what it answers.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "network/quantized_graph.h"
#include "network/tensor.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"
#include "sim/engine/accelerator.h"
#include "sim/memory/dram_timing.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::engine {

/// Computes a node that the accelerator does not run: outputs from inputs, in the node's order.
using HostFunction = std::function<std::vector<network::Tensor>(const network::QuantizedGraph& graph,
                                                                const network::QuantizedNode& node,
                                                                std::span<const network::Tensor> inputs)>;

struct RunOptions {
  StallPlan stalls;
  std::optional<arch::Fault> fault;  ///< one wrong bit (sim/engine/fault.h)
  /// Sees the cycles of the cycle engine that it watches: waves (sim/trace/vcd_trace.h). Not owned.
  trace::TraceSink* trace = nullptr;
  HostFunction host;  ///< needed if the program has host steps
  /// Called now and then with the share of the tiles that are done.
  std::function<void(double share)> progress;
};

/// One layer's cycles: from the end of the layer before to its own last output word.
struct LayerResult {
  std::uint64_t cycles = 0;
  std::uint64_t beats = 0;  ///< cycles in which the PE array worked
  /// Staged layers: what happened in the truncation units, by fixed_point::Point.
  fixed_point::PointEvents events{};
};

struct RunResult {
  std::uint64_t cycles = 0;
  std::vector<LayerResult> layers;
  memory::DramTiming::Counters dram;
  std::uint64_t load_busy_cycles = 0, store_busy_cycles = 0;
  /// By TensorId: what the accelerator or the host wrote; empty for constants, inputs and fused tensors.
  std::vector<network::Tensor> tensors;
};

}  // namespace dlasim::sim::engine
