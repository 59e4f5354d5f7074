#include "sim/memory/dram_contents.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/memory.h"

namespace dlasim::sim::memory {

DramContents::DramContents(std::span<const std::byte> image, std::uint64_t fixed_from) : image_(image) {
  const auto begin = image.first(std::min<std::uint64_t>(fixed_from, image.size()));
  own_.reserve(begin.size());
  base::prefer_large_pages(own_.data(), begin.size());
  own_.assign(begin.begin(), begin.end());
}

void DramContents::read(std::uint64_t address, std::span<std::byte> to) const {
  const std::uint64_t own =
      address < own_.size() ? std::min<std::uint64_t>(to.size(), own_.size() - address) : 0;
  std::copy_n(own_.begin() + static_cast<std::ptrdiff_t>(own == 0 ? 0 : address), own, to.begin());
  const auto rest = to.subspan(own);
  std::copy_n(image_.begin() + static_cast<std::ptrdiff_t>(address + own), rest.size(), rest.begin());
}

void DramContents::write(std::uint64_t address, std::span<const std::byte> from) {
  // Only a fault makes a command write what is fixed.
  if (address + from.size() > own_.size())
    own_.insert(own_.end(), image_.begin() + static_cast<std::ptrdiff_t>(own_.size()), image_.end());
  std::ranges::copy(from, own_.begin() + static_cast<std::ptrdiff_t>(address));
}

const std::byte* DramContents::readable(std::uint64_t begin, std::uint64_t end) const {
  if (end <= own_.size()) return own_.data() + begin;
  if (begin >= own_.size()) return image_.data() + begin;
  throw base::SimulationError(
      fmt::format("dram: bytes {:#x} to {:#x} are fixed only from {:#x} on", begin, end, own_.size()));
}

std::byte* DramContents::writable(std::uint64_t begin, std::uint64_t end) {
  if (end <= own_.size()) return own_.data() + begin;
  throw base::SimulationError(fmt::format(
      "dram: bytes {:#x} to {:#x} are written, those from {:#x} on are fixed", begin, end, own_.size()));
}

}  // namespace dlasim::sim::memory
