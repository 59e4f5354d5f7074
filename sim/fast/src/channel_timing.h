#pragma once
/// The DMA's three channels without the data: sim/memory/dma.h request by request.

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/memory/burst_walker.h"
#include "sim/memory/dram_timing.h"

namespace dlasim::sim::fast {

/// A cycle that never comes.
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// Counts of bytes that were requested and arrive in order: memory::ByteStream without the bytes.
class ByteCount {
 public:
  void expect(std::uint32_t bytes, std::uint64_t cycle) {
    arrivals_.push_back({cycle, bytes});
    held_ += bytes;
  }
  /// True if something has arrived.
  bool arrive(std::uint64_t now) {
    if (next_arrival() > now) return false;
    while (next_arrival() <= now) {
      available_ += arrivals_.front().bytes;
      arrivals_.pop_front();
    }
    return true;
  }
  void take(std::uint64_t bytes) { available_ -= bytes, held_ -= bytes; }
  void clear() { arrivals_.clear(), available_ = held_ = 0; }

  std::uint64_t available() const { return available_; }
  std::uint64_t held() const { return held_; }
  std::size_t requests_in_flight() const { return arrivals_.size(); }
  std::uint64_t next_arrival() const { return arrivals_.empty() ? kNever : arrivals_.front().cycle; }

 private:
  struct Arrival {
    std::uint64_t cycle;
    std::uint32_t bytes;
  };
  std::deque<Arrival> arrivals_;
  std::uint64_t available_ = 0, held_ = 0;
};

// `step` is one clock edge and returns whether anything changed; if nothing did, nothing will before
// `next_event()` unless another part of the machine moves first.

class FetchTiming {
 public:
  explicit FetchTiming(const arch::Hardware& hardware);

  /// Begins the stream of commands that lies at `address`; `program` are its words and must outlive it.
  void start(std::uint64_t address, std::span<const std::uint32_t> program);
  bool valid() const { return !words_.empty(); }
  const std::vector<std::uint32_t>& out() const { return words_; }
  bool step(std::uint64_t now, memory::DramTiming& dram, bool out_taken);
  std::uint64_t next_event() const { return stream_.next_arrival(); }

 private:
  const arch::Dram dram_;
  memory::BurstWalker walker_;
  ByteCount stream_;
  std::span<const std::uint32_t> program_;  ///< what has not been offered yet
  std::vector<std::uint32_t> words_;
};

class LoadTiming {
 public:
  explicit LoadTiming(const arch::Hardware& hardware);

  bool can_accept() const { return !busy_; }
  std::uint32_t done() const { return done_; }
  std::uint64_t busy_cycles() const { return busy_cycles_; }
  bool step(std::uint64_t now, memory::DramTiming& dram, const arch::Load* load);
  std::uint64_t next_event() const { return busy_ ? stream_.next_arrival() : kNever; }

 private:
  void begin(std::uint64_t now, const arch::Load& load);
  bool request(std::uint64_t now, memory::DramTiming& dram);
  bool unpack();

  const arch::Hardware hardware_;
  std::uint64_t fifo_bytes_;
  bool busy_ = false;
  arch::Load load_;
  std::uint32_t lanes_ = 1, element_bytes_ = 1;
  memory::BurstWalker walker_;
  ByteCount stream_;
  std::uint64_t pixels_left_ = 0;
  std::uint32_t element_ = 0;
  bool last_word_out_ = false;
  std::uint64_t begun_ = 0;
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

class StoreTiming {
 public:
  explicit StoreTiming(const arch::Hardware& hardware);

  bool can_accept() const { return !busy_; }
  std::uint32_t done() const { return done_; }
  std::uint64_t busy_cycles() const { return busy_cycles_; }
  bool step(std::uint64_t now, memory::DramTiming& dram, const arch::Store* store);
  std::uint64_t next_event() const { return busy_ && walker_.done() ? last_written_ : kNever; }

 private:
  bool write(std::uint64_t now, memory::DramTiming& dram);
  bool ask();

  const arch::Hardware hardware_;
  bool busy_ = false;
  memory::BurstWalker walker_;
  std::uint32_t word_bytes_ = 1;
  std::uint64_t staged_bytes_ = 0, words_left_ = 0;
  bool asked_ = false, answered_ = false;  ///< a word was asked for one, two cycles ago
  std::uint64_t begun_ = 0, last_written_ = 0;
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

}  // namespace dlasim::sim::fast
