#include "view.h"

#include <string>

#include "base/error.h"

namespace dlasim::sim::compiler {

arch::Element element_of(network::DType dtype) {
  switch (dtype) {
    case network::DType::kInt4:
    case network::DType::kInt8:
      return arch::Element::kInt8;
    case network::DType::kUInt8:
    case network::DType::kBool:
      return arch::Element::kUInt8;
    case network::DType::kInt16:
      return arch::Element::kInt16;
    case network::DType::kInt32:
      return arch::Element::kInt32;
    case network::DType::kInt64:
      return arch::Element::kInt64;
    case network::DType::kFloat32:
      break;
  }
  throw base::UnsupportedError("a float32 tensor cannot be moved to the accelerator");
}

View dense_view(std::uint64_t address, network::DType dtype, const network::Shape& shape) {
  View view;
  view.address = address;
  view.element = element_of(dtype);
  const auto rank = static_cast<int>(shape.size());
  for (int i = 0; i < rank; ++i) {
    const int axis = std::max(0, 4 - rank + i);  // dimensions before the last four are folded into N
    view.size[static_cast<std::size_t>(axis)] *= shape[static_cast<std::size_t>(i)];
  }
  view.stride[2] = view.size[3] * arch::bytes_of(view.element);
  view.stride[1] = view.size[2] * view.stride[2];
  view.stride[0] = view.size[1] * view.stride[1];
  return view;
}

View broadcast(View view, const std::array<std::int64_t, 4>& size) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (view.size[axis] == 1 && size[axis] != 1) view.stride[axis] = 0;
    if (view.size[axis] != 1 && view.size[axis] != size[axis]) {
      throw base::UnsupportedError("operand of " + std::to_string(view.size[axis]) + " along axis " +
                                   std::to_string(axis) + " cannot be broadcast to " +
                                   std::to_string(size[axis]));
    }
    view.size[axis] = size[axis];
  }
  return view;
}

}  // namespace dlasim::sim::compiler
