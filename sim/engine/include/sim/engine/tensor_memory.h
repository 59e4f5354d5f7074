#pragma once
/// The graph's tensors in the accelerator's DRAM: how a host writes inputs and reads results.

#include <span>
#include <vector>

#include "network/quantized_graph.h"
#include "sim/compiler/program.h"
#include "sim/engine/run.h"
#include "sim/memory/dram_contents.h"

namespace dlasim::sim::engine {

class TensorMemory {
 public:
  TensorMemory(const compiler::Program& program, const network::QuantizedGraph& graph,
               memory::DramContents& memory)
      : program_(program), graph_(graph), memory_(memory) {}

  /// Throws base::InputError if number, dtype or shape is not the graph's.
  void write_inputs(std::span<const network::Tensor> inputs);
  void run_on_host(const compiler::HostStep& step, const HostFunction& host);
  void write(network::TensorId id, const network::Tensor& value);
  network::Tensor read(network::TensorId id) const;
  /// Every tensor that a node wrote to memory; the others are empty.
  std::vector<network::Tensor> read_all() const;

 private:
  /// Constants are the host's own.
  network::Tensor operand(network::TensorId id) const;

  const compiler::Program& program_;
  const network::QuantizedGraph& graph_;
  memory::DramContents& memory_;
};

}  // namespace dlasim::sim::engine
