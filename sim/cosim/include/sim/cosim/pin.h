#pragma once
/// A port of a Verilated module as a string of bits.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace dlasim::sim::cosim {

static_assert(std::endian::native == std::endian::little,
              "bit strings are read as Verilator stores them here");

inline std::uint64_t mask(int width) {
  return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

inline std::int64_t sign_extended(std::uint64_t bits, int width) {
  if (width >= 64) return static_cast<std::int64_t>(bits);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return static_cast<std::int64_t>((bits ^ sign) - sign);
}

/// Refers to the port's storage: 1, 2, 4 or 8 bytes, or as many 32-bit words as it takes. Bits above the
/// port's width are zero, as Verilator wants them; a write does not reach them.
class Pin {
 public:
  Pin(void* data, int bits) : data_(static_cast<unsigned char*>(data)), bits_(bits), bytes_(storage(bits)) {}

  static int storage(int bits) {
    return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : bits <= 64 ? 8 : (bits + 31) / 32 * 4;
  }
  int bits() const { return bits_; }
  int bytes() const { return bytes_; }
  void* data() const { return data_; }

  /// `width` of at most 64 bits from bit `offset` on.
  std::uint64_t get(int offset, int width) const {
    const int byte = offset / 8, shift = offset % 8;
    std::uint64_t value = load(byte) >> shift;
    if (shift + width > 64) value |= load(byte + 8) << (64 - shift);
    return value & mask(width);
  }
  void set(int offset, int width, std::uint64_t value) {
    width = std::min(width, bits_ - offset);
    if (width <= 0) return;
    const int byte = offset / 8, shift = offset % 8;
    const std::uint64_t ones = mask(width);
    merge(byte, ones << shift, (value & ones) << shift);
    if (shift + width > 64) merge(byte + 8, ones >> (64 - shift), (value & ones) >> (64 - shift));
  }
  /// Ports of at most 64 bits as a whole.
  std::uint64_t value() const { return get(0, std::min(bits_, 64)); }
  void set(std::uint64_t value) { set(0, std::min(bits_, 64), value); }
  std::uint32_t count() const { return static_cast<std::uint32_t>(get(0, std::min(bits_, 32))); }
  bool is_high() const { return data_[0] != 0; }

  void invert() {
    for (int at = 0; at < bits_; at += 64) {
      const int count = std::min(64, bits_ - at);
      set(at, count, ~get(at, count));
    }
  }

  /// Lane i of `values` to bits [i * width, (i + 1) * width).
  template <class Value>
  void set_lanes(std::span<const Value> values, int width) {
    for (std::size_t i = 0; i < values.size(); ++i)
      set(static_cast<int>(i) * width, width, static_cast<std::uint64_t>(values[i]));
  }
  template <class Value>
  void get_lanes(std::vector<Value>& values, int width) const {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<Value>(sign_extended(get(static_cast<int>(i) * width, width), width));
  }

 private:
  std::uint64_t load(int byte) const {
    std::uint64_t word = 0;
    std::memcpy(&word, data_ + byte, size_at(byte));
    return word;
  }
  void merge(int byte, std::uint64_t ones, std::uint64_t bits) {
    const std::uint64_t word = (load(byte) & ~ones) | bits;
    std::memcpy(data_ + byte, &word, size_at(byte));
  }
  std::size_t size_at(int byte) const { return static_cast<std::size_t>(std::min(8, bytes_ - byte)); }

  unsigned char* data_;
  int bits_, bytes_;
};

}  // namespace dlasim::sim::cosim
