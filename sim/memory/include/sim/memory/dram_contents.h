#pragma once
/// The bytes of the DRAM.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"

namespace dlasim::sim::memory {

/// What the DRAM holds during a run: its own copy of a memory image, except for the part that no command
/// writes. That part, which has the weights, is read where it is, so that it exists once however many runs
/// there are.
class DramContents {
 public:
  /// `image` must outlive the object. Bytes from `fixed_from` on are not copied unless something writes
  /// there. With a pool, which must outlive the object too, large ranges are copied on its threads.
  explicit DramContents(std::span<const std::byte> image, std::uint64_t fixed_from = ~std::uint64_t{0},
                        base::ThreadPool* copiers = nullptr);

  std::uint64_t size() const { return image_.size(); }
  bool holds(std::uint64_t address, std::uint64_t bytes) const {
    return bytes <= size() && address <= size() - bytes;
  }
  /// Whether no command writes from `address` on.
  bool is_fixed(std::uint64_t address) const { return address >= own_size_; }
  /// Copies from and to ranges that the memory holds.
  void read(std::uint64_t address, std::span<std::byte> to) const;
  void write(std::uint64_t address, std::span<const std::byte> from);

  /// Bytes [begin, end) in one piece, to be read or written there. Throws base::SimulationError if only a
  /// part of them is fixed, and for `writable` if any is.
  const std::byte* readable(std::uint64_t begin, std::uint64_t end) const;
  std::byte* writable(std::uint64_t begin, std::uint64_t end);

 private:
  void take_over(std::uint64_t bytes);
  void copy(std::span<const std::byte> from, std::byte* to) const;

  std::span<const std::byte> image_;
  base::ThreadPool* copiers_;
  std::unique_ptr<std::byte[]> own_;  ///< the image's first bytes, as they are now
  std::uint64_t own_size_ = 0;
};

}  // namespace dlasim::sim::memory
