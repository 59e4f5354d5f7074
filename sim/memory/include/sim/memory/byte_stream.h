#pragma once
/// Bytes that were requested and arrive in order.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace dlasim::sim::memory {

class ByteStream {
 public:
  /// Room for `bytes` that arrive at `cycle`; the caller fills it.
  std::span<std::byte> expect(std::size_t bytes, std::uint64_t cycle);
  /// Counts what has arrived up to and including `now`.
  void arrive(std::uint64_t now);
  std::size_t available() const { return available_; }
  std::size_t requests_in_flight() const { return arrivals_.size(); }
  /// The oldest `count` available bytes; valid until the next call of another member.
  std::span<const std::byte> take(std::size_t count);
  std::size_t held() const { return bytes_.size() - head_; }
  void clear();

 private:
  struct Arrival {
    std::uint64_t cycle;
    std::size_t bytes;
  };
  std::vector<std::byte> bytes_;
  std::size_t head_ = 0, available_ = 0;
  std::deque<Arrival> arrivals_;
};

}  // namespace dlasim::sim::memory
