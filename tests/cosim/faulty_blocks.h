#pragma once
/// Verilated blocks with a wrong bit, to see that the comparison sees it.

#include <cstdint>
#include <memory>
#include <utility>

#include "sim/cosim/cosim_factory.h"

namespace dlasim::sim::cosim {

/// Passes everything on; the derived class spoils what it wants.
class WrappedAdderTree : public RtlBlock<blocks::AdderTree> {
 public:
  explicit WrappedAdderTree(std::unique_ptr<RtlBlock<blocks::AdderTree>> rtl) : rtl_(std::move(rtl)) {}
  void configure(const arch::Configure& settings) override { rtl_->configure(settings); }
  bool ready() const override { return rtl_->ready(); }
  bool valid() const override { return rtl_->valid(); }
  void step(const In& in) override {
    rtl_->step(in);
    out_ = rtl_->out();
    ++cycle_;
  }

 protected:
  std::uint64_t cycle_ = 0;  ///< whose outputs are shown now

 private:
  std::unique_ptr<RtlBlock<blocks::AdderTree>> rtl_;
};

/// ready_o is inverted in one cycle.
class FlippedReady final : public WrappedAdderTree {
 public:
  FlippedReady(std::unique_ptr<RtlBlock<blocks::AdderTree>> rtl, std::uint64_t cycle)
      : WrappedAdderTree(std::move(rtl)), flipped_(cycle) {}
  bool ready() const override { return WrappedAdderTree::ready() != (cycle_ == flipped_); }

 private:
  const std::uint64_t flipped_;
};

/// Bit 4 of lane 2 is inverted in the first beat that is offered in cycle `from` or later; `*flipped` is the
/// cycle in which that was.
class FlippedSum final : public WrappedAdderTree {
 public:
  FlippedSum(std::unique_ptr<RtlBlock<blocks::AdderTree>> rtl, std::uint64_t from, std::uint64_t* flipped)
      : WrappedAdderTree(std::move(rtl)), from_(from), flipped_(flipped) {
    *flipped_ = 0;
  }
  void step(const In& in) override {
    WrappedAdderTree::step(in);
    if (*flipped_ != 0 || cycle_ < from_ || !valid()) return;
    out_.sum[2] ^= 16;
    *flipped_ = cycle_;
  }

 private:
  const std::uint64_t from_;
  std::uint64_t* const flipped_;
};

/// A high bit of lane 0 is inverted in every beat.
class WrongLane final : public WrappedAdderTree {
 public:
  using WrappedAdderTree::WrappedAdderTree;
  void step(const In& in) override {
    WrappedAdderTree::step(in);
    out_.sum[0] ^= 1 << 14;
  }
};

}  // namespace dlasim::sim::cosim
