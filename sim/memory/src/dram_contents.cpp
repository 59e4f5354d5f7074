#include "sim/memory/dram_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace dlasim::sim::memory {

DramContents::DramContents(std::span<const std::byte> image, std::uint64_t fixed_from,
                           base::ThreadPool* copiers)
    : image_(image), copiers_(copiers) {
  take_over(std::min<std::uint64_t>(fixed_from, image.size()));
}

/// Makes the first `bytes` of the image the object's own.
void DramContents::take_over(std::uint64_t bytes) {
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(bytes);
  base::prefer_large_pages(bigger.get(), bytes);
  copy({own_.get(), own_size_}, bigger.get());
  copy(image_.subspan(own_size_, bytes - own_size_), bigger.get() + own_size_);
  own_ = std::move(bigger);
  own_size_ = bytes;
}

void DramContents::copy(std::span<const std::byte> from, std::byte* to) const {
  if (copiers_ != nullptr) return base::parallel_copy(*copiers_, from, to);
  std::ranges::copy(from, to);
}

void DramContents::read(std::uint64_t address, std::span<std::byte> to) const {
  const std::uint64_t own = address < own_size_ ? std::min<std::uint64_t>(to.size(), own_size_ - address) : 0;
  if (own > 0) copy({own_.get() + address, own}, to.data());
  const auto rest = to.subspan(own);
  copy(image_.subspan(address + own, rest.size()), rest.data());
}

void DramContents::write(std::uint64_t address, std::span<const std::byte> from) {
  // Only a fault makes a command write what is fixed.
  if (address + from.size() > own_size_) take_over(image_.size());
  copy(from, own_.get() + address);
}

const std::byte* DramContents::readable(std::uint64_t begin, std::uint64_t end) const {
  if (end <= own_size_) return own_.get() + begin;
  if (begin >= own_size_) return image_.data() + begin;
  throw base::SimulationError(
      fmt::format("dram: bytes {:#x} to {:#x} are fixed only from {:#x} on", begin, end, own_size_));
}

std::byte* DramContents::writable(std::uint64_t begin, std::uint64_t end) {
  if (end <= own_size_) return own_.get() + begin;
  throw base::SimulationError(fmt::format(
      "dram: bytes {:#x} to {:#x} are written, those from {:#x} on are fixed", begin, end, own_size_));
}

}  // namespace dlasim::sim::memory
