#pragma once
/// Clock and reset of a Verilated module.

#include <verilated.h>

namespace dlasim::sim::cosim {

/// Owns the module and its context; constructed in reset and released from it.
template <class Top>
class VerilatedBlock {
 public:
  VerilatedBlock() : top_(&context_) {
    top_.clk_i = 0;
    top_.rst_ni = 1;
    top_.eval();
    top_.rst_ni = 0;  // a falling edge, as the asynchronous resets want
    top_.eval();
    edge();
    top_.rst_ni = 1;
    settle();
  }
  ~VerilatedBlock() { top_.final(); }
  VerilatedBlock(const VerilatedBlock&) = delete;
  VerilatedBlock& operator=(const VerilatedBlock&) = delete;

  Top* operator->() { return &top_; }
  const Top* operator->() const { return &top_; }

  /// One clock edge with the inputs as they are.
  void edge() {
    settle();
    top_.clk_i = 1;
    top_.eval();
  }

 private:
  void settle() {
    top_.clk_i = 0;
    top_.eval();
  }

  VerilatedContext context_;
  Top top_;
};

}  // namespace dlasim::sim::cosim
