#pragma once
/// Lays data out in the accelerator's DRAM.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dlasim::sim::compiler {

/// Grows upwards; every block begins at a multiple of the alignment, so that blocks share no burst.
class MemoryImage {
 public:
  explicit MemoryImage(std::uint64_t alignment) : alignment_(alignment) {}

  /// Takes address space for `bytes` more bytes, so that growing copies nothing. It is no memory before it is
  /// written.
  void expect(std::uint64_t bytes) { bytes_.reserve(bytes_.size() + bytes); }
  std::uint64_t size() const { return bytes_.size(); }
  /// Address of `bytes` zero bytes.
  std::uint64_t reserve(std::uint64_t bytes);
  /// Address of a copy of `data`.
  std::uint64_t place(std::span<const std::byte> data);
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::uint64_t alignment_;
  std::vector<std::byte> bytes_;
};

}  // namespace dlasim::sim::compiler
