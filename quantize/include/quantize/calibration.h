#pragma once
/// Calibration: the range that each tensor of a float graph takes over sample inputs.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "network/float_reference.h"
#include "network/graph.h"
#include "quantize/affine.h"
#include "quantize/histogram.h"

namespace dlasim::quantize {

/// How a range is chosen from what was seen.
struct CalibrationMethod {
  enum class Kind {
    kMinMax,         ///< the extremes over all samples
    kMovingAverage,  ///< extremes of each sample, averaged: r += momentum * (sample - r), from the first on
    kPercentile,     ///< symmetric in probability: (100 - percentile) / 2 % are cut at each end
    kMse,            ///< the cut with the smallest mean squared error after quantisation to `bits`
    kEntropy         ///< the cut with the smallest KL divergence (spec/number_formats.md section 7)
  };
  Kind kind = Kind::kMinMax;
  double momentum = 0.1;      ///< kMovingAverage; 0 < momentum <= 1
  double percentile = 99.99;  ///< kPercentile; 50 < percentile <= 100
  int bits = 8;               ///< kMse, kEntropy; 2..16
};

/// "min_max", "moving_average", "percentile", "mse", "entropy".
std::string_view name(CalibrationMethod::Kind kind);
/// The inverse of `name`. Throws base::InputError for an unknown name.
CalibrationMethod::Kind calibration_method_from_name(std::string_view name);

/// A range for each tensor id of a graph; none for constants and for tensors that were never written.
using Ranges = std::vector<std::optional<Range>>;

/// Collects statistics of one tensor, sample by sample.
class TensorObserver {
 public:
  explicit TensorObserver(const CalibrationMethod& method) : method_(method) {}
  void add(std::span<const float> values);
  /// Throws base::InputError if nothing was added.
  Range range() const;
  /// All magnitudes with their signs, for choices that need more than a range.
  const Histogram& histogram() const { return histogram_; }

 private:
  CalibrationMethod method_;
  std::int64_t samples_ = 0;
  Range extremes_, average_;
  Histogram histogram_;
};

/// Runs a float graph over calibration samples and keeps an observer a tensor.
class Calibrator {
 public:
  /// `graph` must outlive the calibrator. Throws base::InputError for a method whose parameters are out of
  /// range.
  explicit Calibrator(const network::Graph& graph, CalibrationMethod method = {});

  /// One sample: the inputs of the graph, in order.
  void add(const std::vector<network::Tensor>& inputs);
  /// Throws base::InputError if no sample was added.
  Ranges ranges() const;
  /// Observers by tensor id; absent for constants.
  const std::vector<std::optional<TensorObserver>>& observers() const { return observers_; }

 private:
  network::FloatReference reference_;
  CalibrationMethod method_;
  std::vector<std::optional<TensorObserver>> observers_;
};

/// The ranges of all samples in one call.
Ranges calibrate(const network::Graph& graph, const std::vector<std::vector<network::Tensor>>& samples,
                 const CalibrationMethod& method = {});

}  // namespace dlasim::quantize
