#pragma once
/// The DMA: three channels (command fetch, load, store) behind one memory port.

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/memory/burst_walker.h"
#include "sim/memory/byte_stream.h"
#include "sim/memory/memory_port.h"

namespace dlasim::sim::memory {

/// Reads the program front to back and offers up to a bus width of command words a cycle.
class FetchChannel {
 public:
  explicit FetchChannel(const arch::Hardware& hardware);

  /// Begins the stream of commands at `address`.
  void start(std::uint64_t address, std::uint64_t bytes);
  bool valid() const { return !words_.empty(); }
  const std::vector<std::uint32_t>& out() const { return words_; }
  void step(std::uint64_t now, MemoryPort& port, bool out_taken);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("bytes_held", stream_.held()), v("requests_in_flight", stream_.requests_in_flight());
  }

 private:
  const arch::Dram dram_;
  BurstWalker walker_;
  ByteStream stream_;
  std::vector<std::uint32_t> words_;
};

/// One word of a buffer, or one record of a parameter slot or table, that a load writes in this cycle.
struct LoadedWord {
  bool valid = false;
  arch::LoadTarget target = arch::LoadTarget::kActivation;
  std::uint32_t word = 0;   ///< buffer word; parameter slot; table bank
  std::uint32_t entry = 0;  ///< parameter: oc lane; table: first entry
  std::uint32_t count = 0;  ///< valid values; the rest of a buffer word is 0
  std::vector<std::int32_t> values;
  arch::ChannelParameters parameters;
  /// `v(name, value)` for each field, for waves; `valid` is left to the caller.
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("target", target), v("word", word), v("entry", entry), v("count", count), v("values", values);
    v("bias", parameters.bias), v("mantissa", parameters.mantissa), v("shift", parameters.shift);
  }
  friend bool operator==(const LoadedWord&, const LoadedWord&) = default;
};

/// Runs one Load at a time: requests bursts ahead, unpacks elements into lanes, one word a cycle.
class LoadChannel {
 public:
  explicit LoadChannel(const arch::Hardware& hardware);

  bool can_accept() const { return !load_.has_value(); }
  const LoadedWord& out() const { return out_; }
  /// Loads whose last word has been written, since reset.
  std::uint32_t done() const { return done_; }
  void step(std::uint64_t now, MemoryPort& port, const arch::Load* load);
  std::uint64_t busy_cycles() const { return busy_cycles_; }

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("busy", load_.has_value()), v("pixels_left", pixels_left_), v("bytes_held", stream_.held());
    v("requests_in_flight", stream_.requests_in_flight());
  }

 private:
  void begin(const arch::Load& load);
  void request(std::uint64_t now, MemoryPort& port);
  void unpack();
  void unpack_parameters();

  const arch::Hardware hardware_;
  std::optional<arch::Load> load_;
  BurstWalker walker_;
  ByteStream stream_;
  std::uint64_t pixels_left_ = 0;
  std::uint32_t element_ = 0;
  std::uint32_t next_word_ = 0;
  bool last_word_out_ = false;
  LoadedWord out_;
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

/// Runs one Store at a time: reads output words ahead, packs them, writes bursts.
class StoreChannel {
 public:
  explicit StoreChannel(const arch::Hardware& hardware);

  bool can_accept() const { return !store_.has_value(); }
  /// Read request to the output buffer; its data comes in the next but one cycle.
  bool read_valid() const { return read_valid_; }
  std::uint32_t read_word() const { return read_word_; }
  /// Stores whose last byte is in DRAM, since reset.
  std::uint32_t done() const { return done_; }
  /// `data` is the output buffer's answer, or null.
  void step(std::uint64_t now, MemoryPort& port, const arch::Store* store,
            const std::vector<std::int32_t>* data);
  std::uint64_t busy_cycles() const { return busy_cycles_; }

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("busy", store_.has_value()), v("words_left", words_left_), v("words_in_flight", in_flight_);
    v("bytes_staged", staged_.size());
  }

 private:
  void pack(const std::vector<std::int32_t>& data);
  void write(std::uint64_t now, MemoryPort& port);
  void ask();

  const arch::Hardware hardware_;
  std::optional<arch::Store> store_;
  BurstWalker walker_;
  std::vector<std::byte> staged_;
  std::uint64_t words_left_ = 0;  // not yet asked for
  std::uint32_t next_word_ = 0;
  std::uint32_t in_flight_ = 0;  // asked for, not yet packed
  bool read_valid_ = false;
  std::uint32_t read_word_ = 0;
  std::uint64_t last_written_ = 0;  // cycle at which the last burst is in DRAM
  std::uint32_t done_ = 0;
  std::uint64_t busy_cycles_ = 0;
};

}  // namespace dlasim::sim::memory
