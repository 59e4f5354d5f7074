#pragma once
/// How the rows of limits() are told apart from what runs.

#include "sim/compiler/support.h"

namespace dlasim::sim::compiler {

/// The axes of a reduction as the array sees them: at most two form the window, at most one is walked.
struct ReducedAxes {
  struct Axis {
    std::int64_t size = 1, stride = 0;  ///< elements; bytes from one to the next
  };
  std::vector<Axis> window, kept;
  bool over_channels = false;
};
/// Neighbours that are one run in memory are merged; axes of one element vanish.
ReducedAxes reduced_axes(const network::Shape& shape, const std::vector<int>& axes,
                         std::int64_t element_bytes);

}  // namespace dlasim::sim::compiler
