#pragma once
/// The bytes of the DRAM.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dlasim::sim::memory {

/// What the DRAM holds during a run: its own copy of a memory image, except for the part that no command
/// writes. That part, which has the weights, is read where it is, so that it exists once however many runs
/// there are.
class DramContents {
 public:
  /// `image` must outlive the object. Bytes from `fixed_from` on are not copied unless something writes
  /// there.
  explicit DramContents(std::span<const std::byte> image, std::uint64_t fixed_from = ~std::uint64_t{0});

  std::uint64_t size() const { return image_.size(); }
  bool holds(std::uint64_t address, std::uint64_t bytes) const {
    return bytes <= size() && address <= size() - bytes;
  }
  /// Copies from and to ranges that the memory holds.
  void read(std::uint64_t address, std::span<std::byte> to) const;
  void write(std::uint64_t address, std::span<const std::byte> from);

  /// Bytes [begin, end) in one piece, to be read or written there. Throws base::SimulationError if only a
  /// part of them is fixed, and for `writable` if any is.
  const std::byte* readable(std::uint64_t begin, std::uint64_t end) const;
  std::byte* writable(std::uint64_t begin, std::uint64_t end);

 private:
  std::span<const std::byte> image_;
  std::vector<std::byte> own_;  ///< the image's first bytes, as they are now
};

}  // namespace dlasim::sim::memory
