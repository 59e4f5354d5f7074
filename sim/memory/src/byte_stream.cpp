#include "sim/memory/byte_stream.h"

namespace dlasim::sim::memory {

std::span<std::byte> ByteStream::expect(std::size_t bytes, std::uint64_t cycle) {
  constexpr std::size_t kCompactAbove = 1 << 16;
  if (head_ > kCompactAbove || head_ == bytes_.size()) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  arrivals_.push_back({cycle, bytes});
  bytes_.resize(bytes_.size() + bytes);
  return std::span(bytes_).last(bytes);
}

void ByteStream::arrive(std::uint64_t now) {
  while (!arrivals_.empty() && arrivals_.front().cycle <= now) {
    available_ += arrivals_.front().bytes;
    arrivals_.pop_front();
  }
}

std::span<const std::byte> ByteStream::take(std::size_t count) {
  const std::span<const std::byte> taken = std::span(bytes_).subspan(head_, count);
  head_ += count;
  available_ -= count;
  return taken;
}

void ByteStream::clear() {
  bytes_.clear();
  arrivals_.clear();
  head_ = available_ = 0;
}

}  // namespace dlasim::sim::memory
