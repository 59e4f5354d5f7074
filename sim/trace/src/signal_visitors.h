#pragma once
/// The two visitors of block_signals.h: one collects the names, the other samples the values.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "block_signals.h"
#include "sim/trace/vcd_writer.h"

namespace dlasim::sim::trace {

template <class T>
constexpr int width_of() {
  return std::is_same_v<T, bool> ? 1 : static_cast<int>(8 * sizeof(T));
}

/// The value's bits as the dump has them.
template <class T>
std::uint64_t bits_of(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<std::uint64_t>(value);
  } else if constexpr (std::is_enum_v<T>) {
    return bits_of(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
  }
}

/// Fills a SignalTable, and notes how many signals each beat has.
class NameCollector {
 public:
  NameCollector(SignalTable& table, std::vector<std::size_t>& beat_sizes, std::size_t lanes)
      : table_(table), beat_sizes_(beat_sizes), lanes_(lanes) {}

  void enter(const char* scope) { table_.enter(scope); }
  void connect(const char* producer, const char* prefix) { table_.connect(producer, prefix); }
  template <class T>
  void signal(const Name& name, const T& /*value*/, Role role) {
    table_.add(text_of(name), width_of<T>(), radix_of<T>(name), role);
  }
  template <class T>
  void signal(const Name& name, const std::vector<T>& values, Role role) {
    for (std::size_t i = 0; i < std::min(lanes_, values.size()); ++i)
      table_.add(text_of(name) + "_" + std::to_string(i), width_of<T>(), radix_of<T>(name), role);
  }
  template <class Fields>
  void held(bool /*valid*/, Fields fields) {
    const std::size_t before = table_.ids();
    fields(*this);
    beat_sizes_.push_back(table_.ids() - before);
  }

 private:
  static std::string text_of(const Name& name) { return std::string(name.prefix) + name.field + name.suffix; }
  template <class T>
  static Radix radix_of(const Name& name) {
    if (std::is_same_v<T, bool>) return Radix::kBinary;
    if (std::string_view(name.field) == "address") return Radix::kHex;
    if (std::string_view(name.field) == "moving") return Radix::kBinary;  // valid bits of a pipeline
    return std::is_signed_v<T> ? Radix::kSigned : Radix::kUnsigned;
  }

  SignalTable& table_;
  std::vector<std::size_t>& beat_sizes_;
  const std::size_t lanes_;
};

/// Writes what differs from the last sample; visits the same signals in the same order as NameCollector.
class Sampler {
 public:
  struct State {
    std::vector<std::uint64_t>& last;
    const std::vector<std::size_t>& beat_sizes;
    std::vector<std::uint8_t>& beat_is_known;
  };
  /// `all`: every value is written, whatever it was: the start of a recording.
  Sampler(VcdWriter& writer, const State& state, std::size_t lanes, bool all)
      : writer_(writer), state_(state), last_(state.last.data()), lanes_(lanes), write_(all), all_(all) {}

  void enter(const char* /*scope*/) {}
  void connect(const char* /*producer*/, const char* /*prefix*/) {}
  template <class T>
  void signal(const Name& /*name*/, const T& value, Role /*role*/) {
    put(bits_of(value));
  }
  template <class T>
  void signal(const Name& /*name*/, const std::vector<T>& values, Role /*role*/) {
    const std::size_t count = std::min(lanes_, values.size());
    for (std::size_t i = 0; i < count; ++i) put(bits_of(values[i]));
  }
  template <class Fields>
  void held(bool valid, Fields fields) {
    const std::size_t beat = beat_++;
    if (valid) {
      write_ = all_ || state_.beat_is_known[beat] == 0;
      fields(*this);
      write_ = all_;
      state_.beat_is_known[beat] = 1;
      return;
    }
    const std::size_t end = id_ + state_.beat_sizes[beat];
    for (; all_ && id_ < end; ++id_) writer_.change_to_unknown(id_);
    id_ = end;
  }

 private:
  void put(std::uint64_t bits) {
    if (bits != last_[id_] || write_) {
      last_[id_] = bits;
      writer_.change(id_, bits);
    }
    ++id_;
  }

  VcdWriter& writer_;
  const State state_;
  std::uint64_t* const last_;
  const std::size_t lanes_;
  std::size_t id_ = 0, beat_ = 0;
  bool write_;
  const bool all_;
};

}  // namespace dlasim::sim::trace
