#pragma once
/// A tensor as the DMA sees it: four dimensions with byte strides, channels contiguous.

#include <array>
#include <cstdint>

#include "network/tensor.h"
#include "sim/arch/command.h"

namespace dlasim::sim::compiler {

struct View {
  std::uint64_t address = 0;
  std::array<std::int64_t, 4> size{1, 1, 1, 1};  ///< N, H, W, C
  std::array<std::int64_t, 3> stride{0, 0, 0};   ///< bytes from one N, H, W to the next; 0 repeats
  arch::Element element = arch::Element::kInt8;

  std::int64_t channels() const { return size[3]; }
};

/// Element type in DRAM; throws base::UnsupportedError for floats.
arch::Element element_of(network::DType dtype);
/// Dense view of a tensor with at most four dimensions (leading ones are added); more dimensions are folded
/// into N.
View dense_view(std::uint64_t address, network::DType dtype, const network::Shape& shape);
/// `view` repeated to `size` along N, H and W where it has one element.
View broadcast(View view, const std::array<std::int64_t, 4>& size);

}  // namespace dlasim::sim::compiler
