#pragma once
/// The DMA's three channels without the data: the requests of sim/memory/dma.h and the cycles in which a load
/// or a store ends.
///
/// The DRAM answers a request with the cycle in which it is complete. So what a channel does up to its next
/// request follows from its requests before, whatever else happens: the channels are asked for the cycle of
/// their next request, and those are made in the order of their cycles.

#include <cstdint>
#include <span>
#include <vector>

#include "ring_queue.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/memory/burst_walker.h"
#include "sim/memory/dram_timing.h"

namespace dlasim::sim::fast {

/// A cycle that never comes.
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// Steps like the channel itself: how fast it goes depends on who takes its words.
class FetchTiming {
 public:
  explicit FetchTiming(const arch::Hardware& hardware);

  /// Begins the stream of commands that lies at `address`; `program` are its words and must outlive it.
  void start(std::uint64_t address, std::span<const std::uint32_t> program);
  bool valid() const { return !words_.empty(); }
  const std::vector<std::uint32_t>& out() const { return words_; }
  /// One clock edge. Between this one and next_event() nothing changes unless words are taken.
  void step(std::uint64_t now, memory::DramTiming& dram, bool out_taken);
  /// The next cycle in which something changes by itself.
  std::uint64_t next_event() const { return next_event_; }

 private:
  struct Arrival {
    std::uint64_t cycle;
    std::uint32_t bytes;
  };
  bool may_request() const { return !walker_.done() && held_ < most_held_; }

  const std::uint64_t words_a_cycle_, most_held_;
  const int burst_bytes_;
  memory::BurstWalker walker_;
  RingQueue<Arrival> arrivals_;
  std::uint64_t available_ = 0, held_ = 0;
  std::span<const std::uint32_t> program_;  ///< what has not been offered yet
  std::vector<std::uint32_t> words_;
  std::uint64_t next_event_ = 0;
};

/// A load asks for a burst a cycle as long as no more than `outstanding` are under way and its FIFO has room,
/// and moves a word a cycle out of the FIFO.
class LoadTiming {
 public:
  explicit LoadTiming(const arch::Hardware& hardware);

  bool can_accept() const { return !busy_; }
  std::uint32_t done() const { return done_; }
  std::uint64_t busy_cycles() const { return busy_cycles_; }

  void begin(std::uint64_t now, const arch::Load& load);
  std::uint64_t next_request() const { return next_request_; }
  /// Makes the requests of all cycles before `limit`.
  void request_until(std::uint64_t limit, memory::DramTiming& dram);
  /// The cycle in which the channel becomes free; kNever as long as it has requests to make.
  std::uint64_t end() const { return end_; }
  /// True if the load ends in this cycle.
  bool step(std::uint64_t now);

 private:
  struct Arrival {
    std::uint64_t bytes;  ///< arrived with this burst and before
    std::uint64_t cycle;
  };
  void plan_request();
  std::uint64_t end_of_words();
  void take_words(std::uint64_t bytes);
  void take_uniform_words(std::uint64_t bytes);

  const arch::PeArray array_;
  const int burst_bytes_;
  const std::uint64_t fifo_bytes_;
  bool busy_ = false, has_words_ = false;
  memory::BurstWalker walker_;
  std::uint32_t element_ = 0, elements_ = 1;         ///< of a pixel: taken, all
  std::uint32_t lanes_ = 1, element_bytes_ = 1;      ///< of a word
  bool uniform_ = false;                             ///< all words have as many bytes
  memory::Divisor word_;                             ///< by those bytes
  std::uint64_t pixels_left_ = 0, total_bytes_ = 0;  ///< of the load, by its words
  std::uint64_t requested_ = 0, taken_ = 0;          ///< bytes
  std::uint64_t last_word_ = 0;                      ///< the cycle in which the last of them was taken
  RingQueue<Arrival> arrivals_;                      ///< not taken yet
  std::vector<std::uint64_t> in_flight_;             ///< completion of the last `outstanding` requests
  std::size_t oldest_ = 0;                           ///< of them
  std::uint64_t begun_ = 0, next_request_ = kNever, end_ = kNever;
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

/// A store reads a word a cycle out of the output buffer, which comes two cycles later, as long as it has
/// room for it, and writes a burst a cycle as soon as its bytes are there.
class StoreTiming {
 public:
  explicit StoreTiming(const arch::Hardware& hardware);

  bool can_accept() const { return !busy_; }
  std::uint32_t done() const { return done_; }
  std::uint64_t busy_cycles() const { return busy_cycles_; }

  void begin(std::uint64_t now, const arch::Store& store);
  std::uint64_t next_request() const { return next_request_; }
  /// Makes the requests of all cycles before `limit`.
  void request_until(std::uint64_t limit, memory::DramTiming& dram);
  /// The cycle in which the channel becomes free; kNever as long as it has requests to make.
  std::uint64_t end() const { return end_; }
  /// True if the store ends in this cycle.
  bool step(std::uint64_t now);

 private:
  struct Write {
    std::uint64_t bytes;  ///< written with this burst and before
    std::uint64_t cycle;
  };
  void plan_request();
  void ask_for_word();
  void request_series_until(std::uint64_t limit, memory::DramTiming& dram);

  const int burst_bytes_;
  bool busy_ = false;
  memory::BurstWalker walker_;
  std::uint64_t word_bytes_ = 1, room_ = 1;
  bool whole_words_ = false;      ///< every burst has whole words
  memory::Divisor word_;          ///< by the bytes of a word
  std::uint64_t asked_ = 0;       ///< bytes of the words that were asked for
  std::uint64_t last_asked_ = 0;  ///< the cycle of the last
  std::uint64_t written_ = 0;     ///< bytes
  RingQueue<Write> writes_;       ///< that words may still wait for
  std::uint64_t begun_ = 0, next_request_ = kNever, end_ = kNever;
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

}  // namespace dlasim::sim::fast
