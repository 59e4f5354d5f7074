#pragma once
/// Keeps the post-processor's words until the DMA has stored them.

#include <cstdint>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/word_memory.h"

namespace dlasim::sim::blocks {

/// One write (post-processor) and one read (DMA) a cycle, read latency 1. Always ready: the tokens see to
/// it that a word is stored before it is written again.
class OutputBuffer {
 public:
  explicit OutputBuffer(const arch::Hardware& hardware);

  struct In {
    const OutputWord* write = nullptr;
    bool read = false;
    std::uint32_t read_word = 0;
  };

  bool ready() const { return true; }
  /// The word that was asked for in the cycle before.
  const std::vector<std::int32_t>& data() const { return data_; }
  bool data_valid() const { return data_valid_; }
  /// Tiles whose last word has been written, or whose last held sum has passed, since reset.
  std::uint64_t tiles_done() const { return tiles_done_; }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("tiles_done", tiles_done_);
  }

 private:
  WordMemory memory_;
  std::vector<std::int32_t> data_;
  bool data_valid_ = false;
  std::uint64_t tiles_done_ = 0;
};

}  // namespace dlasim::sim::blocks
