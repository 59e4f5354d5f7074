#pragma once
/// The flat list of weights of a WaveNet file, read front to back.

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "network/importers/tensor_moves.h"
#include "network/tensor.h"

namespace dlasim::network::nam {

/// Every number is used exactly once: `finish` says so if it is not.
class WeightList {
 public:
  explicit WeightList(std::span<const float> values) : values_(values) {}

  /// The next elements as a row-major tensor. Checked before anything is allocated.
  Tensor take(Shape shape) {
    const std::int64_t count = element_count(shape);
    if (count > static_cast<std::int64_t>(values_.size() - next_)) {
      throw base::InputError("weights: the list ends after " + std::to_string(values_.size()) +
                             " numbers; the structure needs more");
    }
    const auto part = values_.subspan(next_, static_cast<std::size_t>(count));
    next_ += part.size();
    return importers::float_tensor(std::move(shape), part);
  }

  void finish() const {
    if (next_ != values_.size()) {
      throw base::InputError("weights: " + std::to_string(values_.size()) + " numbers, the structure needs " +
                             std::to_string(next_));
    }
  }

 private:
  std::span<const float> values_;
  std::size_t next_ = 0;
};

}  // namespace dlasim::network::nam
