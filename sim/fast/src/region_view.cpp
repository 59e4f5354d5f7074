#include "region_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace dlasim::sim::fast {
namespace {

struct Pixels {
  const std::byte* from;
  std::int64_t stride;  ///< in bytes
  std::size_t count, elements;
};

template <class Element>
void read_elements(const Pixels& pixels, std::int32_t* to, std::size_t stride) {
  for (std::size_t p = 0; p < pixels.count; ++p) {
    const std::byte* from = pixels.from + static_cast<std::ptrdiff_t>(p) * pixels.stride;
    for (std::size_t i = 0; i < pixels.elements; ++i) {
      Element value;
      std::memcpy(&value, from + i * sizeof value, sizeof value);
      to[p * stride + i] = value;
    }
  }
}

void read_pixels(arch::Element element, const Pixels& pixels, std::int32_t* to, std::size_t stride) {
  switch (element) {
    case arch::Element::kInt8:
      return read_elements<std::int8_t>(pixels, to, stride);
    case arch::Element::kUInt8:
      return read_elements<std::uint8_t>(pixels, to, stride);
    case arch::Element::kInt16:
      return read_elements<std::int16_t>(pixels, to, stride);
    case arch::Element::kInt32:
      return read_elements<std::int32_t>(pixels, to, stride);
    case arch::Element::kInt64:
      break;
  }
  throw base::SimulationError("dma: a lane cannot hold a 64-bit element");
}

}  // namespace

template <class Byte>
BasicRegionView<Byte>::BasicRegionView(Memory& memory, const arch::Region& region)
    : region_(region), element_bytes_(static_cast<std::size_t>(arch::bytes_of(region.element))) {
  const auto last = [](std::uint32_t count, std::int64_t stride) {
    return count == 0 ? 0 : (std::int64_t{count} - 1) * stride;
  };
  const std::int64_t rows = last(region.rows, region.row_stride);
  const std::int64_t columns = last(region.pixels, region.pixel_stride);
  const auto address = static_cast<std::int64_t>(region.address);
  const std::int64_t low = address + std::min<std::int64_t>(rows, 0) + std::min<std::int64_t>(columns, 0);
  const std::int64_t high = address + std::max<std::int64_t>(rows, 0) + std::max<std::int64_t>(columns, 0) +
                            std::int64_t{region.elements} * static_cast<std::int64_t>(element_bytes_);
  if (address < 0 || low < 0 || high > static_cast<std::int64_t>(memory.size())) {
    throw base::SimulationError(
        fmt::format("dma: the region of {}x{} pixels at {:#x} leaves the memory of {:#x} bytes", region.rows,
                    region.pixels, region.address, memory.size()));
  }
  const auto begin = static_cast<std::uint64_t>(low);
  const auto end = static_cast<std::uint64_t>(high);
  is_fixed_ = memory.is_fixed(begin);
  if constexpr (std::is_const_v<Byte>) {
    origin_ = memory.readable(begin, end) + (address - low);
  } else {
    origin_ = memory.writable(begin, end) + (address - low);
  }
}

template <class Byte>
void BasicRegionView<Byte>::read(std::uint32_t row, std::uint32_t column, std::int32_t* to) const {
  read_pixels(region_.element, {pixel(row, column), 0, 1, region_.elements}, to, 0);
}

template <class Byte>
void BasicRegionView<Byte>::read_row(std::uint32_t row, std::int32_t* to, std::size_t stride) const {
  read_pixels(region_.element, {pixel(row, 0), region_.pixel_stride, region_.pixels, region_.elements}, to,
              stride);
}

template class BasicRegionView<const std::byte>;
template class BasicRegionView<std::byte>;

}  // namespace dlasim::sim::fast
