#include "quantize/calibration.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using MethodKind = CalibrationMethod::Kind;

constexpr std::array<std::pair<MethodKind, std::string_view>, 5> kNames{
    {{MethodKind::kMinMax, "min_max"},
     {MethodKind::kMovingAverage, "moving_average"},
     {MethodKind::kPercentile, "percentile"},
     {MethodKind::kMse, "mse"},
     {MethodKind::kEntropy, "entropy"}}};

void check(const CalibrationMethod& method) {
  if (!(method.momentum > 0.0 && method.momentum <= 1.0)) {
    throw base::InputError("calibration momentum " + std::to_string(method.momentum) +
                           " is not above 0 and at most 1");
  }
  if (!(method.percentile > 50.0 && method.percentile <= 100.0)) {
    throw base::InputError("calibration percentile " + std::to_string(method.percentile) +
                           " is not above 50 and at most 100");
  }
  if (method.bits < 2 || method.bits > 16) {
    throw base::InputError("calibration bits " + std::to_string(method.bits) + " is not between 2 and 16");
  }
}

}  // namespace

std::string_view name(MethodKind kind) {
  for (const auto& [k, text] : kNames) {
    if (k == kind) return text;
  }
  return "";
}

MethodKind calibration_method_from_name(std::string_view text) {
  std::string allowed;
  for (const auto& [kind, n] : kNames) {
    if (n == text) return kind;
    allowed += (allowed.empty() ? "" : ", ") + std::string(n);
  }
  throw base::InputError("unknown calibration method '" + std::string(text) + "'; " + allowed +
                         " are allowed");
}

void TensorObserver::add(std::span<const float> values) {
  const Range range = range_of(values);
  extremes_ = samples_ == 0 ? range : extremes_.united(range);
  const double weight = samples_ == 0 ? 1.0 : method_.momentum;
  average_.min += weight * (range.min - average_.min);
  average_.max += weight * (range.max - average_.max);
  histogram_.add(values);
  ++samples_;
}

Range TensorObserver::range() const {
  if (samples_ == 0) throw base::InputError("calibration needs at least one sample");
  switch (method_.kind) {
    case MethodKind::kMinMax:
      return extremes_;
    case MethodKind::kMovingAverage:
      return average_;
    case MethodKind::kPercentile:
      return percentile_range(histogram_, extremes_, method_.percentile);
    case MethodKind::kMse:
      return mse_range(histogram_, extremes_, method_.bits);
    case MethodKind::kEntropy:
      return entropy_range(histogram_, extremes_, method_.bits);
  }
  return extremes_;
}

Calibrator::Calibrator(const network::Graph& graph, CalibrationMethod method)
    : reference_(graph), method_(method), observers_(graph.tensors.size()) {
  check(method_);
}

void Calibrator::add(const std::vector<network::Tensor>& inputs) {
  reference_.run(inputs, [this](network::TensorId id, const network::Tensor& value) {
    auto& observer = observers_[static_cast<std::size_t>(id)];
    if (!observer) observer.emplace(method_);
    observer->add(value.data<float>());
  });
}

Ranges Calibrator::ranges() const {
  Ranges ranges(observers_.size());
  bool any = false;
  for (std::size_t i = 0; i < observers_.size(); ++i) {
    if (!observers_[i]) continue;
    ranges[i] = observers_[i]->range();
    any = true;
  }
  if (!any) throw base::InputError("calibration needs at least one sample");
  return ranges;
}

Ranges calibrate(const network::Graph& graph, const std::vector<std::vector<network::Tensor>>& samples,
                 const CalibrationMethod& method) {
  Calibrator calibrator(graph, method);
  for (const auto& sample : samples) calibrator.add(sample);
  return calibrator.ranges();
}

}  // namespace dlasim::quantize
