#pragma once
/// Several SystemC simulations, one after the other, in one process.

namespace sc_core {
class sc_simcontext;
}

namespace dlasim::sim::engine {

/// SystemC elaborates once a context. Each instance of this class makes a fresh one the current context and
/// puts the former back at its end; the finished context is kept, because modules refer to it until they
/// are destroyed. Not for several threads: SystemC's current context is global.
class SimulationContext {
 public:
  SimulationContext();
  ~SimulationContext();
  SimulationContext(const SimulationContext&) = delete;
  SimulationContext& operator=(const SimulationContext&) = delete;

 private:
  sc_core::sc_simcontext* former_;
};

}  // namespace dlasim::sim::engine
