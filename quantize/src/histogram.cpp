#include "quantize/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

Range cut(const Range& extremes, double magnitude) {
  return {std::max(extremes.min, -magnitude), std::min(extremes.max, magnitude)};
}

/// Mean squared error of the histogram's values after rounding to `codes` levels over `range`.
double quantisation_error(const Histogram& histogram, const Range& range, double codes) {
  const double low = std::min(range.min, 0.0);
  const double high = std::max(range.max, 0.0);
  const double scale = (high - low) / codes;
  if (scale <= 0.0) return std::numeric_limits<double>::infinity();
  double error = 0.0;
  const auto& bins = histogram.bins();
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] == 0) continue;
    const double x = histogram.centre(static_cast<std::int64_t>(i));
    // Inside the range the error of a bin's values is that of uniform rounding; taken at the bin's centre
    // only, a bin that sits on a code would hide it.
    const double beyond = x - std::clamp(x, low, high);
    error += static_cast<double>(bins[i]) * (beyond != 0.0 ? beyond * beyond : scale * scale / 12.0);
  }
  return error / static_cast<double>(histogram.count());
}

/// KL(P, Q) where P is the first `threshold` magnitude bins with the rest clipped into the last one, and Q is
/// the same bins merged into `levels` groups and spread over the bins that are not empty.
double divergence(const std::vector<std::int64_t>& magnitudes, std::int64_t threshold, std::int64_t levels) {
  const auto n = static_cast<std::size_t>(threshold);
  std::vector<double> p(n);
  double total = 0.0;
  for (std::size_t i = 0; i < magnitudes.size(); ++i) {
    p[std::min(i, n - 1)] += static_cast<double>(magnitudes[i]);
    total += static_cast<double>(magnitudes[i]);
  }
  double kl = 0.0;
  double inside = 0.0;
  for (std::size_t i = 0; i < n; ++i) inside += static_cast<double>(magnitudes[i]);
  if (inside == 0.0) return std::numeric_limits<double>::infinity();
  for (std::int64_t level = 0; level < levels; ++level) {
    const auto first = static_cast<std::size_t>(level * threshold / levels);
    const auto last = static_cast<std::size_t>((level + 1) * threshold / levels);
    double sum = 0.0;
    double filled = 0.0;
    for (std::size_t i = first; i < last; ++i) {
      sum += static_cast<double>(magnitudes[i]);
      filled += p[i] > 0.0 ? 1.0 : 0.0;
    }
    for (std::size_t i = first; i < last; ++i) {
      if (p[i] == 0.0) continue;
      // A bin that holds only clipped values has no mass in Q: a small one keeps the divergence finite.
      const double q = std::max(sum / filled / inside, 1e-12);
      kl += p[i] / total * std::log(p[i] / total / q);
    }
  }
  return kl;
}

}  // namespace

void Histogram::grow() {
  limit_ *= 2.0;
  std::vector<std::int64_t> merged(bins_.size(), 0);
  for (std::int64_t i = 0; i < 2 * kHalf; ++i) {
    merged[static_cast<std::size_t>(kHalf / 2 + i / 2)] += bins_[static_cast<std::size_t>(i)];
  }
  bins_ = std::move(merged);
}

void Histogram::add(std::span<const float> values) {
  double most = 0.0;
  for (const float v : values) {
    if (!std::isfinite(v)) throw base::InputError("a tensor that is to be quantised holds inf or nan");
    most = std::max(most, std::abs(static_cast<double>(v)));
  }
  if (bins_.empty()) {
    bins_.assign(2 * kHalf, 0);
    limit_ = most > 0.0 ? std::exp2(std::ceil(std::log2(most))) : 0.0;
  }
  if (limit_ == 0.0 && most > 0.0) {  // only zeros so far: they stay in the bin that starts at 0
    limit_ = std::exp2(std::ceil(std::log2(most)));
  }
  while (limit_ < most) grow();
  const double per_bin = limit_ > 0.0 ? static_cast<double>(kHalf) / limit_ : 0.0;
  for (const float v : values) {
    const auto bin = static_cast<std::int64_t>(std::floor(static_cast<double>(v) * per_bin)) + kHalf;
    ++bins_[static_cast<std::size_t>(std::clamp<std::int64_t>(bin, 0, 2 * kHalf - 1))];
  }
  count_ += static_cast<std::int64_t>(values.size());
}

std::vector<std::int64_t> Histogram::magnitudes() const {
  std::vector<std::int64_t> result(kHalf, 0);
  for (std::int64_t i = 0; i < kHalf && !bins_.empty(); ++i) {
    result[static_cast<std::size_t>(i)] =
        bins_[static_cast<std::size_t>(kHalf + i)] + bins_[static_cast<std::size_t>(kHalf - 1 - i)];
  }
  return result;
}

Range percentile_range(const Histogram& histogram, const Range& extremes, double percentile) {
  const double cut_off = static_cast<double>(histogram.count()) * (100.0 - percentile) / 200.0;
  const auto& bins = histogram.bins();
  Range range = extremes;
  double below = 0.0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    below += static_cast<double>(bins[i]);
    if (below > cut_off) {
      range.min = std::max(extremes.min, histogram.edge(static_cast<std::int64_t>(i)));
      break;
    }
  }
  double above = 0.0;
  for (std::size_t i = bins.size(); i-- > 0;) {
    above += static_cast<double>(bins[i]);
    if (above > cut_off) {
      range.max = std::min(extremes.max, histogram.edge(static_cast<std::int64_t>(i) + 1));
      break;
    }
  }
  return range;
}

Range mse_range(const Histogram& histogram, const Range& extremes, int bits) {
  constexpr int kSteps = 200;
  const double codes = std::exp2(bits) - 1.0;
  Range best = extremes;
  double least = std::numeric_limits<double>::infinity();
  for (int step = kSteps; step > 0; --step) {
    const Range candidate = cut(extremes, extremes.magnitude() * step / kSteps);
    const double error = quantisation_error(histogram, candidate, codes);
    if (error < least) {
      least = error;
      best = candidate;
    }
  }
  return best;
}

Range entropy_range(const Histogram& histogram, const Range& extremes, int bits) {
  const auto magnitudes = histogram.magnitudes();
  const std::int64_t levels = std::int64_t{1} << (bits - 1);
  const auto used =
      std::find_if(magnitudes.rbegin(), magnitudes.rend(), [](std::int64_t n) { return n > 0; });
  const std::int64_t last = std::distance(used, magnitudes.rend());
  double least = std::numeric_limits<double>::infinity();
  double best = extremes.magnitude();
  // Steps of eight bins: the curve is smooth, and a step is 0.4 % of the widest threshold.
  for (std::int64_t threshold = levels; threshold <= last; threshold += 8) {
    const double kl = divergence(magnitudes, threshold, levels);
    if (kl < least) {
      least = kl;
      best = static_cast<double>(threshold) * histogram.bin_width();
    }
  }
  return cut(extremes, best);
}

}  // namespace dlasim::quantize
