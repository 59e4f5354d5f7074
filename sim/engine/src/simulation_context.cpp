#include "sim/engine/simulation_context.h"

#include <memory>
#include <systemc>
#include <vector>

namespace dlasim::sim::engine {

SimulationContext::SimulationContext() : former_(sc_core::sc_curr_simcontext) {
  static std::vector<std::unique_ptr<sc_core::sc_simcontext>>& kept =
      *new std::vector<std::unique_ptr<sc_core::sc_simcontext>>;  // reachable to the end: no false leak
                                                                  // report
  kept.push_back(std::make_unique<sc_core::sc_simcontext>());
  sc_core::sc_curr_simcontext = kept.back().get();
  sc_core::sc_default_global_context = kept.back().get();
}

SimulationContext::~SimulationContext() {
  sc_core::sc_curr_simcontext = former_;
  sc_core::sc_default_global_context = former_;
}

}  // namespace dlasim::sim::engine

/// libsystemc refers to the entry point of programs that leave `main` to it. Ours drive the kernel
/// themselves, so nobody calls this one.
int sc_main(int /*argc*/, char* /*argv*/[]) {
  return 0;
}
