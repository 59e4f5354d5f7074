#pragma once
/// A histogram whose width grows with the data, so that one pass over the samples is enough.

#include <cstdint>
#include <span>
#include <vector>

#include "quantize/affine.h"

namespace dlasim::quantize {

/// 2 * kHalf equal bins over [-limit, limit]; bin i is [(i - kHalf) * width, (i - kHalf + 1) * width).
/// `limit` is a power of two; a larger value doubles it and merges pairs of bins, so counts stay exact.
class Histogram {
 public:
  static constexpr std::int64_t kHalf = 2048;

  /// Throws base::InputError on inf and nan.
  void add(std::span<const float> values);

  std::int64_t count() const { return count_; }
  double bin_width() const { return limit_ / static_cast<double>(kHalf); }
  /// Real value at the lower edge of bin `i`; `i` may be 2 * kHalf for the upper end.
  double edge(std::int64_t i) const { return static_cast<double>(i - kHalf) * bin_width(); }
  double centre(std::int64_t i) const { return edge(i) + bin_width() / 2.0; }
  /// 2 * kHalf counts; empty before the first value.
  const std::vector<std::int64_t>& bins() const { return bins_; }
  /// Counts of |x|: kHalf bins of the same width.
  std::vector<std::int64_t> magnitudes() const;

 private:
  void grow();

  double limit_ = 0.0;
  std::int64_t count_ = 0;
  std::vector<std::int64_t> bins_;
};

/// The range left after cutting (100 - percentile) / 2 % of the values at each end.
Range percentile_range(const Histogram& histogram, const Range& extremes, double percentile);

/// The range, a fraction of `extremes`, whose quantisation to 2^bits codes has the smallest mean squared
/// error over the histogram.
Range mse_range(const Histogram& histogram, const Range& extremes, int bits);

/// The cut of the magnitudes with the smallest KL divergence between the clipped distribution and its
/// quantised form; `extremes` cut at plus and minus that.
Range entropy_range(const Histogram& histogram, const Range& extremes, int bits);

}  // namespace dlasim::quantize
