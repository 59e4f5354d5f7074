#include "fixed_point/reduce.h"

#include <algorithm>

namespace dlasim::fixed_point {
namespace {

void report(TraceSink* trace, TracePosition position, Point point, const Converted& converted) {
  if (trace == nullptr) return;
  position.point = point;
  trace->value(position, converted);
}

}  // namespace

Exact Activation::operator()(const Exact& v) const noexcept {
  if (v.is_nan()) return v;
  switch (type) {
    case Type::kNone:
      return v;
    case Type::kRelu:
      return compare(v, Exact::zero()) > 0 ? v : Exact::zero();
    case Type::kLeakyRelu:
      return v.negative ? multiply(v, slope) : v;
    case Type::kClamp:
      return compare(v, min) < 0 ? min : compare(v, max) > 0 ? max : v;
  }
  return v;
}

AdderTree::AdderTree(const std::vector<Format>& formats, int lanes) {
  const int levels = tree_levels(lanes);
  std::uint32_t node = 0;
  for (int level = 0; level < levels; ++level) {
    const Format& format = formats.size() == 1 ? formats[0] : formats.at(static_cast<std::size_t>(level));
    for (int i = 0; i < (1 << (levels - level - 1)); ++i) nodes_.emplace_back(format, Point::kTree, node++);
  }
  values_.resize(std::size_t{1} << levels);
}

void AdderTree::begin_element(std::uint32_t element) noexcept {
  for (TruncationUnit& node : nodes_) node.begin_element(element);
}

Exact AdderTree::sum(std::span<const Exact> leaves, TracePosition position, TraceSink* trace) {
  std::fill(values_.begin(), values_.end(), Exact::zero());
  std::copy(leaves.begin(), leaves.end(), values_.begin());
  std::size_t node = 0;
  for (std::size_t width = values_.size() / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i, ++node) {
      const Converted c = nodes_[node].add(values_[2 * i], values_[2 * i + 1]);
      values_[i] = c.value;
      position.instance = static_cast<int>(node);
      report(trace, position, Point::kTree, c);
    }
  }
  return values_[0];
}

EventCounts AdderTree::events() const noexcept {
  EventCounts counts;
  for (const TruncationUnit& node : nodes_) counts += node.events();
  return counts;
}

ElementReducer::ElementReducer(const StagedFormats& formats, const OperandFormats& operands,
                               const Activation& activation, int lanes)
    : operands_(operands),
      activation_(activation),
      tree_(formats.tree, lanes),
      partial_sum_(formats.partial_sum, Point::kPartialSum, 0),
      bias_(formats.bias, Point::kBias, 0),
      activation_unit_(formats.activation, Point::kActivation, 0),
      output_(formats.output, Point::kOutput, 0),
      block_(formats.block, Point::kBlock, 0) {
  for (int lane = 0; lane < lanes; ++lane) lanes_.emplace_back(formats, static_cast<std::uint32_t>(lane));
}

void ElementReducer::begin_element(std::uint32_t element) noexcept {
  for (LaneUnits& lane : lanes_) lane.begin_element(element);
  tree_.begin_element(element);
  for (TruncationUnit* unit : {&partial_sum_, &bias_, &activation_unit_, &output_, &block_})
    unit->begin_element(element);
  total_ = Exact::zero();
}

void ElementReducer::run_lane(const ElementOperands& operands, int channel, TracePosition position,
                              TraceSink* trace) {
  LaneUnits& lane = lanes_[static_cast<std::size_t>(position.instance)];
  for (position.tap = 0; position.tap < operands.taps; ++position.tap) {
    const auto index = static_cast<std::size_t>(channel * operands.taps + position.tap);
    Converted p;
    if (const auto& x = operands.x[index]; !x) {
      p = lane.padded_product();
    } else {
      Exact xv = decode(*x, operands_.input);
      Exact wv = decode(operands.w[index], operands_.weight);
      if (!operands.x_scale.empty()) xv = mx_scaled(xv, operands.x_scale[index]);
      if (!operands.w_scale.empty()) wv = mx_scaled(wv, operands.w_scale[index]);
      p = lane.product(xv, wv);
    }
    report(trace, position, Point::kProduct, p);
    report(trace, position, Point::kAccumulator, lane.accumulate(p.value));
  }
}

void ElementReducer::add_to_total(const Exact& v, TracePosition position, TraceSink* trace) {
  const Converted c = partial_sum_.add(total_, v);
  total_ = c.value;
  position.instance = 0;
  report(trace, position, Point::kPartialSum, c);
}

Converted ElementReducer::finish(std::optional<std::uint64_t> bias, TraceSink* trace) {
  if (bias) {
    const Converted c = bias_.add(total_, decode(*bias, operands_.bias));
    total_ = c.value;
    report(trace, {}, Point::kBias, c);
  }
  const Converted activated = activation_unit_.convert(activation_(total_));
  report(trace, {}, Point::kActivation, activated);
  const Converted out = output_.convert(activated.value);
  report(trace, {}, Point::kOutput, out);
  return out;
}

Converted ElementReducer::reduce(const ElementOperands& operands, TraceSink* trace) {
  begin_element(operands.element);
  const int lanes = static_cast<int>(lanes_.size());
  for (int first = 0; first < operands.channels; first += lanes) {
    TracePosition position{Point::kProduct, first / lanes, 0, 0};
    leaves_.clear();
    for (int l = 0; l < lanes && first + l < operands.channels; ++l) {
      position.instance = l;
      lanes_[static_cast<std::size_t>(l)].clear();
      run_lane(operands, first + l, position, trace);
      leaves_.push_back(lanes_[static_cast<std::size_t>(l)].sum());
    }
    add_to_total(tree_.sum(leaves_, position, trace), position, trace);
  }
  return finish(operands.bias, trace);
}

Exact ElementReducer::block_sum(const std::optional<MxBlock>& x, const MxBlock& w, TracePosition position,
                                TraceSink* trace) {
  leaves_.clear();
  for (std::size_t i = 0; i < w.elements.size(); ++i) {
    const Converted p = x ? lanes_[i].product(decode(x->elements[i], operands_.input),
                                              decode(w.elements[i], operands_.weight))
                          : lanes_[i].padded_product();
    position.instance = static_cast<int>(i);
    report(trace, position, Point::kProduct, p);
    leaves_.push_back(p.value);
  }
  const Exact d = tree_.sum(leaves_, position, trace);
  return x ? mx_scaled(mx_scaled(d, x->scale), w.scale) : d;
}

Converted ElementReducer::reduce_blocks(const BlockOperands& operands, TraceSink* trace) {
  begin_element(operands.element);
  for (int block = 0; block < operands.blocks; ++block) {
    for (int tap = 0; tap < operands.taps; ++tap) {
      const auto index = static_cast<std::size_t>(block * operands.taps + tap);
      const TracePosition position{Point::kBlock, block, tap, 0};
      const Exact d = block_sum(operands.x[index], operands.w[index], position, trace);
      const Converted scaled = block_.convert(d);
      report(trace, position, Point::kBlock, scaled);
      add_to_total(scaled.value, position, trace);
    }
  }
  return finish(operands.bias, trace);
}

PointEvents ElementReducer::events() const noexcept {
  PointEvents events;
  const auto at = [&](Point p) -> EventCounts& { return of(events, p); };
  for (const LaneUnits& lane : lanes_) {
    at(Point::kProduct) += lane.product_events();
    at(Point::kAccumulator) += lane.accumulator_events();
  }
  at(Point::kTree) = tree_.events();
  at(Point::kPartialSum) = partial_sum_.events();
  at(Point::kBias) = bias_.events();
  at(Point::kActivation) = activation_unit_.events();
  at(Point::kOutput) = output_.events();
  at(Point::kBlock) = block_.events();
  return events;
}

}  // namespace dlasim::fixed_point
