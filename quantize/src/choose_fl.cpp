#include "quantize/choose_fl.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace dlasim::quantize {

using network::Rounding;

namespace {

__extension__ using UInt128 = unsigned __int128;

void check(const FlFormat& format, double amax) {
  if (format.bits < 1 || format.bits > 64) {
    throw base::InputError(fmt::format("{} bits are not 1 to 64", format.bits));
  }
  if (!std::isfinite(amax) || amax < 0.0) {
    throw base::InputError(fmt::format("the largest magnitude {} is not finite and positive", amax));
  }
}

int magnitude_bits(const FlFormat& format) {
  return format.is_signed ? format.bits - 1 : format.bits;
}

UInt128 largest_code(const FlFormat& format) {
  return (UInt128{1} << magnitude_bits(format)) - 1;
}

int ceil_log2(double x) {
  int exponent = 0;
  return std::frexp(x, &exponent) == 0.5 ? exponent - 1 : exponent;
}

/// R(x, rounding) <= qmax for x = mantissa * 2^exponent: a comparison of 2x with 2 qmax + 1, in integers.
bool fits(UInt128 mantissa, int exponent, UInt128 qmax, Rounding rounding) {
  // 2 qmax + 2 has at most 66 bits and the mantissa 53: beyond these shifts the answer is plain.
  const int shift = exponent + 1;
  if (shift > 70) return false;
  if (shift < -60) return true;
  const UInt128 doubled = shift >= 0 ? mantissa << shift : mantissa;
  const auto scaled = [&](UInt128 limit) { return shift >= 0 ? limit : limit << -shift; };
  switch (rounding) {
    case Rounding::kFloor:
    case Rounding::kTrunc:
      return doubled < scaled(2 * qmax + 2);
    case Rounding::kNearestUp:
    case Rounding::kNearestAway:
      return doubled < scaled(2 * qmax + 1);
    case Rounding::kNearestEven:
      return doubled < scaled(2 * qmax + 1) || (doubled == scaled(2 * qmax + 1) && (qmax & 1) == 0);
    case Rounding::kStochastic:
      return doubled <= scaled(2 * qmax);
  }
  return false;
}

int fl_of_max(const FlFormat& format, double amax) {
  constexpr int mantissa_bits = std::numeric_limits<double>::digits;
  int exponent = 0;
  const double fraction = std::frexp(amax, &exponent);
  const auto mantissa = static_cast<UInt128>(std::ldexp(fraction, mantissa_bits));
  // amax * 2^fl >= 2^(magnitude bits) does not fit, so the search starts just above that.
  int fl = magnitude_bits(format) - exponent + 2;
  while (!fits(mantissa, exponent - mantissa_bits + fl, largest_code(format), format.rounding)) --fl;
  return fl;
}

double round_to_integer(double x, Rounding rounding) {
  switch (rounding) {
    case Rounding::kFloor:
      return std::floor(x);
    case Rounding::kTrunc:
      return std::trunc(x);
    case Rounding::kNearestUp:
      // x + 0.5 could itself round; the distance to the floor is exact.
      return x - std::floor(x) >= 0.5 ? std::floor(x) + 1.0 : std::floor(x);
    case Rounding::kNearestAway:
      return std::round(x);
    case Rounding::kNearestEven:
    case Rounding::kStochastic:
      return std::nearbyint(x);
  }
  return x;
}

double squared_error(const FlFormat& format, std::span<const float> values, int fl) {
  const double top = std::ldexp(1.0, magnitude_bits(format));
  const double low = format.is_signed ? -top : 0.0;
  double sum = 0.0;
  for (const float x : values) {
    const double scaled = std::ldexp(static_cast<double>(x), fl);
    const double code = std::clamp(round_to_integer(scaled, format.rounding), low, top - 1.0);
    const double error = std::ldexp(scaled - code, -fl);
    sum += error * error;
  }
  return sum;
}

int fl_of_mse(const FlFormat& format, std::span<const float> values, double amax) {
  const int first = fl_of_max(format, amax);
  // Another `bits` halvings of the range leave nothing of amax inside it.
  int best = first;
  double least = squared_error(format, values, first);
  for (int fl = first + 1; fl <= first + format.bits; ++fl) {
    const double error = squared_error(format, values, fl);
    if (error < least) {
      least = error;
      best = fl;
    }
  }
  return best;
}

double percentile_of(std::span<const float> values, double percentile) {
  if (!(percentile > 0.0 && percentile <= 100.0)) {
    throw base::InputError(fmt::format("percentile {} is not in (0, 100]", percentile));
  }
  std::vector<float> magnitudes;
  magnitudes.reserve(values.size());
  for (const float x : values) magnitudes.push_back(std::fabs(x));
  const auto count = static_cast<double>(magnitudes.size());
  const auto rank = static_cast<std::size_t>(std::clamp(std::ceil(count * percentile / 100.0), 1.0, count));
  const auto nth = magnitudes.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(magnitudes.begin(), nth, magnitudes.end());
  return *nth;
}

constexpr std::size_t kBins = 2048;

std::vector<double> magnitude_histogram(std::span<const float> values, double amax) {
  std::vector<double> bins(kBins, 0.0);
  for (const float x : values) {
    const double position = std::fabs(static_cast<double>(x)) / amax * static_cast<double>(kBins);
    bins[std::min(static_cast<std::size_t>(position), kBins - 1)] += 1.0;
  }
  return bins;
}

/// What an occupied bin counts for where the merged histogram has nothing: outliers that fall on an empty
/// last bin cost much, but not infinitely much.
constexpr double kFewestCounts = 1e-4;

/// KL divergence between the first `kept` bins, the outliers in the last of them, and the bins without
/// outliers, merged to `levels` and spread back evenly over those that are not empty. (Were the outliers
/// merged too, `kept` = `levels` would always be best: every bin its own level, divergence 0.)
double divergence(const std::vector<double>& bins, std::size_t kept, std::size_t levels) {
  std::vector<double> clipped(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(kept));
  for (std::size_t i = kept; i < bins.size(); ++i) clipped.back() += bins[i];
  std::vector<double> spread(kept, 0.0);
  double total = 0.0;
  for (std::size_t level = 0; level < levels; ++level) {
    const std::size_t begin = level * kept / levels;
    const std::size_t end = (level + 1) * kept / levels;
    double sum = 0.0;
    double occupied = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += bins[i];
      occupied += clipped[i] > 0.0 ? 1.0 : 0.0;
    }
    for (std::size_t i = begin; i < end; ++i) {
      if (clipped[i] > 0.0) spread[i] = sum / occupied;
    }
    total += sum;
  }
  double result = 0.0;
  double clipped_total = 0.0;
  for (const double count : clipped) clipped_total += count;
  for (std::size_t i = 0; i < kept; ++i) {
    if (clipped[i] == 0.0) continue;
    const double p = clipped[i] / clipped_total;
    result += p * std::log(p / (std::max(spread[i], kFewestCounts) / total));
  }
  return result;
}

double threshold_of_divergence(const FlFormat& format, std::span<const float> values, double amax) {
  const int bits = magnitude_bits(format);
  if (bits >= 11) return amax;  // as many levels as bins: nothing is merged
  const std::size_t levels = std::size_t{1} << bits;
  const std::vector<double> bins = magnitude_histogram(values, amax);
  std::size_t best = kBins;
  double least = divergence(bins, kBins, levels);
  for (std::size_t kept = kBins - 1; kept >= levels; --kept) {
    const double d = divergence(bins, kept, levels);
    if (d < least) {
      least = d;
      best = kept;
    }
  }
  return amax * static_cast<double>(best) / static_cast<double>(kBins);
}

double largest_magnitude(std::span<const float> values) {
  float amax = 0.0F;
  for (const float x : values) {
    if (!std::isfinite(x)) throw base::InputError("inf or nan among the values of a group");
    amax = std::max(amax, std::fabs(x));
  }
  return amax;
}

}  // namespace

bool needs_only_amax(FlMethod method) {
  return method == FlMethod::kMax || method == FlMethod::kRistrettoActivation ||
         method == FlMethod::kRistrettoParameter;
}

int choose_fl(FlMethod method, const FlFormat& format, double amax) {
  check(format, amax);
  if (!needs_only_amax(method)) {
    throw base::InputError(fmt::format("the method {} needs the values, not only the largest", name(method)));
  }
  if (amax == 0.0) return magnitude_bits(format);
  if (method == FlMethod::kMax) return fl_of_max(format, amax);
  const int integer_length = ceil_log2(amax) + (method == FlMethod::kRistrettoParameter ? 1 : 0);
  return format.bits - integer_length;
}

int choose_fl(FlMethod method, const FlFormat& format, std::span<const float> values, double percentile) {
  const double amax = largest_magnitude(values);
  check(format, amax);
  if (amax == 0.0 || needs_only_amax(method)) {
    return choose_fl(needs_only_amax(method) ? method : FlMethod::kMax, format, amax);
  }
  if (method == FlMethod::kMse) return fl_of_mse(format, values, amax);
  const double reduced = method == FlMethod::kPercentile ? percentile_of(values, percentile)
                                                         : threshold_of_divergence(format, values, amax);
  return choose_fl(FlMethod::kMax, format, reduced);
}

}  // namespace dlasim::quantize
