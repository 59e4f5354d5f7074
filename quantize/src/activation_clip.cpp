#include "quantize/activation_clip.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <variant>
#include <vector>

#include "quantize/tables.h"

namespace dlasim::quantize {
namespace {

/// Mean squared error after `f` where its argument is quantised over `range`.
double error_after(const std::function<double(double)>& f, const Histogram& histogram, const Range& range,
                   double codes) {
  const double step = (std::max(range.max, 0.0) - std::min(range.min, 0.0)) / codes;
  const double delta = histogram.bin_width() / 2.0;
  double error = 0.0;
  for (std::size_t i = 0; i < histogram.bins().size(); ++i) {
    const std::int64_t count = histogram.bins()[i];
    if (count == 0) continue;
    const double x = histogram.centre(static_cast<std::int64_t>(i));
    const double clipped = std::clamp(x, range.min, range.max);
    const double beyond = f(x) - f(clipped);
    const double slope = (f(clipped + delta) - f(clipped - delta)) / (2.0 * delta);
    error += static_cast<double>(count) * (beyond * beyond + slope * slope * step * step / 12.0);
  }
  return error;
}

}  // namespace

double best_clip(const Histogram& histogram, const Range& range, const network::op::Unary& function,
                 int bits) {
  constexpr int kSteps = 64;
  const auto f = real_function(function);
  const double codes = std::exp2(bits) - 1.0;
  double best = range.magnitude();
  double least = std::numeric_limits<double>::infinity();
  for (int step = kSteps; step > 0; --step) {
    const double clip = range.magnitude() * step / kSteps;
    const double error =
        error_after(f, histogram, {std::max(range.min, -clip), std::min(range.max, clip)}, codes);
    if (error < least) {
      least = error;
      best = clip;
    }
  }
  return best;
}

ActivationClips choose_activation_clips(const network::Graph& graph, const Calibrator& calibrator, int bits) {
  using Kind = network::op::Unary::Kind;
  ActivationClips clips;
  for (const network::Node& node : graph.nodes) {
    const auto* unary = std::get_if<network::op::Unary>(&node.operation);
    if (unary == nullptr ||
        (unary->kind != Kind::kTanh && unary->kind != Kind::kFasttanh && unary->kind != Kind::kSigmoid))
      continue;
    const auto& observer = calibrator.observers().at(static_cast<std::size_t>(node.inputs.at(0)));
    if (!observer) continue;
    const Range range = observer->range();
    if (range.magnitude() == 0.0) continue;
    double& clip = clips[node.inputs[0]];
    clip = std::max(clip, best_clip(observer->histogram(), range, *unary, bits));
  }
  return clips;
}

}  // namespace dlasim::quantize
