#include "strided.h"

namespace dlasim::golden {

using network::Shape;

Strides dense_strides(const Shape& shape) {
  Strides strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    step *= shape[d];
  }
  return strides;
}

Strides broadcast_strides(const Shape& from, const Shape& to, std::string_view what) {
  require(from.size() <= to.size(), "{} {} does not broadcast to {}", what, network::to_string(from),
          network::to_string(to));
  const Strides dense = dense_strides(from);
  Strides strides(to.size());
  const std::size_t missing = to.size() - from.size();
  for (std::size_t d = 0; d < from.size(); ++d) {
    require(from[d] == 1 || from[d] == to[missing + d], "{} {} does not broadcast to {}", what,
            network::to_string(from), network::to_string(to));
    strides[missing + d] = from[d] == 1 ? 0 : dense[d];
  }
  return strides;
}

}  // namespace dlasim::golden
