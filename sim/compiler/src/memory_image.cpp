#include "memory_image.h"

#include <algorithm>

namespace dlasim::sim::compiler {

std::uint64_t MemoryImage::reserve(std::uint64_t bytes) {
  const std::uint64_t address = (bytes_.size() + alignment_ - 1) / alignment_ * alignment_;
  bytes_.resize(address + bytes);
  return address;
}

std::uint64_t MemoryImage::place(std::span<const std::byte> data) {
  const std::uint64_t address = reserve(data.size());
  std::ranges::copy(data, bytes_.begin() + static_cast<std::ptrdiff_t>(address));
  return address;
}

}  // namespace dlasim::sim::compiler
