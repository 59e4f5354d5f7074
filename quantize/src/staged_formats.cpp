#include "staged_formats.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quantize/choose_fl.h"

namespace dlasim::quantize {

using network::FlRule;
using network::NumberFormat;
using network::Tensor;

namespace {

FlFormat fl_format(const NumberFormat& format) {
  return {format.bits, format.is_signed, format.rounding};
}

}  // namespace

void choose_open_fl(const std::optional<FlRule>& rule, std::span<const float> values, NumberFormat* format) {
  if (!rule) return;
  format->fl = choose_fl(rule->method, fl_format(*format), values, rule->percentile) - rule->margin;
}

SumBounds sum_bounds(double input_amax, const Tensor& weight, const Tensor* bias, std::size_t channel_axis) {
  const network::Shape& shape = weight.shape();
  const std::int64_t channels = shape.at(channel_axis);
  const std::int64_t inner = network::element_count(
      network::Shape(shape.begin() + static_cast<std::ptrdiff_t>(channel_axis) + 1, shape.end()));
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  double largest = 0.0;
  const auto w = weight.data<float>();
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double magnitude = std::abs(static_cast<double>(w[i]));
    largest = std::max(largest, magnitude);
    sums[static_cast<std::size_t>(static_cast<std::int64_t>(i) / inner % channels)] += magnitude;
  }
  SumBounds bounds{input_amax * largest, 0.0, std::nullopt};
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const double b = bias != nullptr ? std::abs(static_cast<double>(bias->data<float>()[c])) : 0.0;
    bounds.sum = std::max(bounds.sum, input_amax * sums[c] + b);
  }
  return bounds;
}

void choose_inner_fl(const SumBounds& bounds, network::LayerNumerics* layer) {
  const auto choose = [&](const std::optional<FlRule>& rule, double amax, NumberFormat* format) {
    if (!rule) return;
    const int fl = choose_fl(rule->method, fl_format(*format), amax) - rule->margin;
    format->fl = bounds.exact_product ? std::min(fl, *bounds.exact_product) : fl;
  };
  network::StagedNumerics& n = layer->formats;
  const network::OpenFl& open = layer->open;
  const bool open_tree = std::any_of(open.tree.begin(), open.tree.end(), [](const auto& r) { return !!r; });
  if (n.mx_mode == network::MxMode::kBlock && (open.product || open_tree)) {
    throw base::InputError("`fl: auto` at product or tree: in mx_mode block they hold unscaled elements");
  }
  choose(open.product, bounds.product, &n.product);
  choose(open.accumulator, bounds.sum, &n.accumulator);
  for (std::size_t level = 0; level < n.tree.size(); ++level) {
    choose(open.tree.at(level), bounds.sum, &n.tree[level]);
  }
  choose(open.block, bounds.sum, &n.block);
  choose(open.partial_sum, bounds.sum, &n.partial_sum);
  choose(open.bias, bounds.sum, &n.bias);
}

}  // namespace dlasim::quantize
