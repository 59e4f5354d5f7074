#include "error_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "figures.h"
#include "golden/operators.h"
#include "quantize/choose_fl.h"
#include "quantize/codes.h"
#include "quantize/sqnr.h"

namespace dlasim::cli {
namespace {

namespace qop = network::qop;
using golden::Point;
using network::NumberFormat;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::StagedNumerics;
using network::Tensor;
using network::TensorId;

constexpr int kWideBits = 64;

bool is_binary(const QuantizedNode& node) {
  return std::holds_alternative<qop::StagedBinary>(node.operation);
}

double largest(const Tensor& values) {
  double most = 0.0;
  for (const float v : values.data<float>()) {
    if (std::isfinite(v)) most = std::max(most, std::abs(static_cast<double>(v)));
  }
  return most;
}

/// The largest |value| of a tensor of codes.
double largest_value(const QuantizedGraph& graph, TensorId id, const golden::StagedTensorLookup& lookup) {
  const network::QuantizedTensor& info = graph.tensor(id);
  const Tensor* scales = info.mx_scales == network::kNoTensor ? nullptr : lookup(info.mx_scales);
  return largest(quantize::decode(*lookup(id), *info.format, scales));
}

/// The largest |element| of an MX tensor, before its scale.
double largest_element(const QuantizedGraph& graph, TensorId id, const golden::StagedTensorLookup& lookup) {
  return largest(quantize::decode(*lookup(id), {graph.tensor(id).format->element, 0}));
}

NumberFormat wide_format(double bound) {
  NumberFormat format;
  format.kind = NumberFormat::Kind::kDfp;
  format.bits = kWideBits;
  format.fl = quantize::choose_fl(quantize::FlMethod::kMax, {kWideBits, true, format.rounding}, bound);
  return format;
}

/// Taps times channels of one output element.
double terms(const QuantizedGraph& graph, const QuantizedNode& node) {
  const auto weights = static_cast<double>(network::element_count(graph.tensor(node.inputs.at(1)).shape));
  const auto channels = static_cast<double>(graph.tensor(node.outputs.at(0)).shape.back());
  return std::max(1.0, weights / std::max(1.0, channels));
}

StagedNumerics exact_mac(const QuantizedGraph& graph, const QuantizedNode& node,
                         const golden::StagedTensorLookup& lookup) {
  StagedNumerics n = *node.staged;
  const double count = terms(graph, node);
  double sum =
      largest_value(graph, node.inputs[0], lookup) * largest_value(graph, node.inputs[1], lookup) * count;
  if (node.inputs.size() > 2) sum += largest_value(graph, node.inputs[2], lookup);
  const NumberFormat wide = wide_format(sum);
  const bool block = n.mx_mode == network::MxMode::kBlock;
  n.product = {};  // exact
  n.tree = {wide};
  if (block) {
    n.tree = {wide_format(32.0 * largest_element(graph, node.inputs[0], lookup) *
                          largest_element(graph, node.inputs[1], lookup))};
    n.block = wide;
  } else {
    n.accumulator = wide;
  }
  n.partial_sum = wide;
  n.bias = wide;
  n.activation = {};
  n.output = wide;
  return n;
}

StagedNumerics exact_binary(const QuantizedGraph& graph, const QuantizedNode& node,
                            const golden::StagedTensorLookup& lookup) {
  StagedNumerics n = *node.staged;
  const double a = largest_value(graph, node.inputs[0], lookup);
  const double b = largest_value(graph, node.inputs[1], lookup);
  n.activation = {};
  n.output = wide_format(std::max(a * b, a + b));
  return n;
}

/// `Numerics` is StagedNumerics, const or not.
template <class Numerics>
auto& format_in(Numerics& n, Point point) {
  switch (point) {
    case Point::kProduct:
      return n.product;
    case Point::kAccumulator:
      return n.accumulator;
    case Point::kTree:
      return n.tree.front();
    case Point::kPartialSum:
      return n.partial_sum;
    case Point::kBias:
      return n.bias;
    case Point::kActivation:
      return n.activation;
    case Point::kOutput:
      return n.output;
    case Point::kBlock:
      break;
  }
  return n.block;
}

void set_point(const StagedNumerics& from, Point point, StagedNumerics* to) {
  switch (point) {
    case Point::kProduct:
      to->product = from.product;
      return;
    case Point::kAccumulator:
      to->accumulator = from.accumulator;
      return;
    case Point::kTree:
      to->tree = from.tree;
      return;
    case Point::kPartialSum:
      to->partial_sum = from.partial_sum;
      return;
    case Point::kBias:
      to->bias = from.bias;
      return;
    case Point::kActivation:
      to->activation = from.activation;
      return;
    case Point::kOutput:
      to->output = from.output;
      return;
    case Point::kBlock:
      to->block = from.block;
      return;
  }
}

/// The node's output as reals under other formats.
Tensor run_with(QuantizedGraph& graph, QuantizedNode node, const StagedNumerics& numerics,
                const golden::StagedTensorLookup& lookup) {
  network::QuantizedTensor& output = graph.tensors[static_cast<std::size_t>(node.outputs.at(0))];
  output.format = network::OperandFormat{numerics.output, 0};
  output.dtype = quantize::code_dtype(numerics.output);
  node.staged = numerics;
  const std::vector<Tensor> results = golden::run_node(graph, node, lookup);
  return quantize::decode(results.front(), *output.format);
}

std::optional<double> sqnr(const Tensor& exact, const Tensor& truncated) {
  if (largest(exact) == 0.0) return std::nullopt;
  return quantize::sqnr_db(exact.data<float>(), truncated.data<float>());
}

}  // namespace

std::vector<Point> points_of(const QuantizedNode& node) {
  if (!node.staged) return {};
  const StagedNumerics& n = *node.staged;
  std::vector<Point> points;
  const auto add = [&](Point point, bool there) {
    if (there) points.push_back(point);
  };
  const bool mac = !is_binary(node);
  const bool block = n.mx_mode == network::MxMode::kBlock;
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
  add(Point::kProduct, mac);
  add(Point::kAccumulator, mac && !block);
  add(Point::kTree, mac && !n.tree.empty());
  add(Point::kBlock, mac && block);
  add(Point::kPartialSum, mac);
  add(Point::kBias, mac && biased);
  add(Point::kActivation, n.activation.kind != NumberFormat::Kind::kExact);
  add(Point::kOutput, true);
  return points;
}

const NumberFormat& format_at(const StagedNumerics& numerics, Point point) {
  return format_in(numerics, point);
}

NumberFormat& format_at(StagedNumerics& numerics, Point point) {
  return format_in(numerics, point);
}

std::string format_name(const NumberFormat& format) {
  switch (format.kind) {
    case NumberFormat::Kind::kExact:
      return "exact";
    case NumberFormat::Kind::kDfp:
      return fmt::format("{}dfp({}, {})", format.is_signed ? "" : "u", format.bits, format.fl);
    case NumberFormat::Kind::kMinifloat:
      break;
  }
  return fmt::format("e{}m{}", format.exp, format.man);
}

LayerBudget error_budget(const QuantizedGraph& graph, const QuantizedNode& node,
                         const golden::StagedTensorLookup& lookup) {
  QuantizedGraph scratch = graph;
  const StagedNumerics exact =
      is_binary(node) ? exact_binary(graph, node, lookup) : exact_mac(graph, node, lookup);
  const Tensor reference = run_with(scratch, node, exact, lookup);
  LayerBudget budget;
  for (const Point point : points_of(node)) {
    StagedNumerics one = exact;
    set_point(*node.staged, point, &one);
    const NumberFormat& format = format_at(*node.staged, point);
    budget.points.push_back({point, format, sqnr(reference, run_with(scratch, node, one, lookup))});
  }
  budget.all_db = sqnr(reference, run_with(scratch, node, *node.staged, lookup));
  return budget;
}

}  // namespace dlasim::cli
