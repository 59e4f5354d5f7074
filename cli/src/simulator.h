#pragma once
/// The engines that simulate the accelerator, behind one interface: what `run`, `generate` and `verify`
/// choose from.

#include <map>
#include <memory>
#include <span>
#include <string>

#include "sim/arch/hardware.h"
#include "sim/engine/run.h"

namespace dlasim::cli {

enum class Engine {
  kGolden,  ///< the reference alone: no simulator, no cycles
  kCycle,   ///< clock by clock
  kFast,    ///< tile by tile; the same bits and cycles
};

/// Names as --engine takes them, and the other way round.
const std::map<std::string, Engine>& engine_choices();
std::string name(Engine engine);

/// One program, to be run any number of times.
class Simulator {
 public:
  virtual ~Simulator() = default;
  virtual sim::engine::RunResult run(std::span<const network::Tensor> inputs,
                                     const sim::engine::RunOptions& options) = 0;
};

/// `program` and `graph` must outlive the simulator. Throws base::InputError for kGolden.
std::unique_ptr<Simulator> make_simulator(Engine engine, const sim::compiler::Program& program,
                                          const network::QuantizedGraph& graph,
                                          const sim::arch::Hardware& hardware);

}  // namespace dlasim::cli
