#pragma once
/// A strided region of the memory, its bounds checked once.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "sim/arch/command.h"
#include "sim/memory/dram_contents.h"

namespace dlasim::sim::fast {

/// `Byte`: const to read the region, else to store into it.
template <class Byte>
class BasicRegionView {
 public:
  using Memory = std::conditional_t<std::is_const_v<Byte>, const memory::DramContents, memory::DramContents>;
  /// Throws base::SimulationError if the region leaves the memory.
  BasicRegionView(Memory& memory, const arch::Region& region);

  const arch::Region& region() const { return region_; }
  std::size_t element_bytes() const { return element_bytes_; }
  std::size_t pixels() const { return std::size_t{region_.rows} * region_.pixels; }
  /// Whether no command writes here: what is read is the same in every run.
  bool is_fixed() const { return is_fixed_; }
  /// First element of a pixel; its elements are contiguous.
  Byte* pixel(std::uint32_t row, std::uint32_t column) const {
    return origin_ + static_cast<std::ptrdiff_t>(row) * region_.row_stride +
           static_cast<std::ptrdiff_t>(column) * region_.pixel_stride;
  }
  /// The elements of a pixel as integers.
  void read(std::uint32_t row, std::uint32_t column, std::int32_t* to) const;
  /// Those of all pixels of a row, `stride` values from one to the next.
  void read_row(std::uint32_t row, std::int32_t* to, std::size_t stride) const;

 private:
  arch::Region region_;
  std::size_t element_bytes_;
  bool is_fixed_;
  Byte* origin_;
};

using RegionView = BasicRegionView<const std::byte>;
using StoreView = BasicRegionView<std::byte>;

}  // namespace dlasim::sim::fast
