// Staged layers value by value: stochastic units, formats wider than a double, MX operands, affine layers.

#include <algorithm>
#include <utility>

#include "fixed_point/mx.h"
#include "staged_operand.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::Converted;
using fixed_point::Exact;
using fixed_point::Format;
using fixed_point::Point;

Exact integer(std::int64_t v) {
  const auto magnitude = static_cast<std::uint64_t>(v);
  return Exact::finite(v < 0, v < 0 ? 0 - magnitude : magnitude, 0);
}

class ScalarLanes final : public StagedLanes {
 public:
  ScalarLanes(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        sizes_(sizes),
        input_(settings().input, settings().scaled_input != 0, !units_->reduces_blocks()),
        weight_(settings().weight, settings().scaled_weight != 0, !units_->reduces_blocks()),
        product_(settings().product, Point::kProduct, sizes.ic_lanes * sizes.oc_lanes),
        accumulator_(settings().accumulator, Point::kAccumulator, sizes.ic_lanes * sizes.oc_lanes),
        sums_(sizes.ic_lanes * sizes.oc_lanes) {}

  bool accumulate(const ActivationBeat& beat, const std::int32_t* weights, LaneSums& sums) override {
    const TapRequest& r = beat.request;
    for (std::size_t ic = 0; ic < r.lanes_active; ++ic) {
      const Exact x = r.padded ? Exact::zero() : operand(beat.x[ic]);
      for (std::size_t oc = 0; oc < r.position.oc_active; ++oc) {
        const std::size_t unit = ic * sizes_.oc_lanes + oc;
        if (r.first_tap && r.position.first_sum) seed(r.position, ic, oc, unit);
        const Converted p = product(r, x, weights[unit], unit);
        sums.wide[unit] = units_->reduces_blocks() ? to_wire(p, settings().product) : add(r, p.value, unit);
      }
    }
    if (!units_->reduces_blocks()) return r.last_tap;
    for (std::size_t oc = 0; oc < r.position.oc_active; ++oc) {
      sums.narrow[oc] = r.padded ? 0 : scale_exponent(beat.x[0], weights[oc]);
    }
    return true;
  }

 private:
  const arch::StagedSettings& settings() const { return units_->settings(); }

  Exact operand(std::int32_t lane) const {
    return settings().affine != 0 ? integer(std::int64_t{lane} - settings().input_zero_point) : input_(lane);
  }

  void seed(const Position& p, std::size_t ic, std::size_t oc, std::size_t unit) {
    const std::uint32_t element = p.element + static_cast<std::uint32_t>(oc);
    product_.seed(p.index, unit, static_cast<std::uint32_t>(ic), element);
    accumulator_.seed(p.index, unit, static_cast<std::uint32_t>(ic), element);
  }

  Converted product(const TapRequest& r, const Exact& x, std::int32_t weight, std::size_t unit) {
    const std::uint32_t draw = product_.draw(r.position.index, unit);
    const Format& format = settings().product;
    const Converted p = r.padded ? fixed_point::convert(Exact::zero(), format, draw)
                                 : fixed_point::multiply(x, weight_(weight), format, draw);
    events_at(Point::kProduct).count(p.flags);
    return p;
  }

  std::int64_t add(const TapRequest& r, const Exact& p, std::size_t unit) {
    Exact& sum = sums_[unit];
    if (r.first_tap) sum = Exact::zero();
    const Converted c =
        fixed_point::add(sum, p, settings().accumulator, accumulator_.draw(r.position.index, unit));
    events_at(Point::kAccumulator).count(c.flags);
    sum = c.value;
    return static_cast<std::int64_t>(c.code);
  }

  std::shared_ptr<const StagedUnits> units_;
  StagedSizes sizes_;
  OperandDecoder input_, weight_;
  UnitStates product_, accumulator_;
  std::vector<Exact> sums_;
};

class ScalarTree final : public StagedTree {
 public:
  ScalarTree(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        oc_lanes_(sizes.oc_lanes),
        block_(units_->settings().block, Point::kBlock, sizes.oc_lanes),
        values_(std::size_t{1} << units_->tree_levels()) {
    for (int level = 0; level < units_->tree_levels(); ++level) {
      levels_.emplace_back(units_->settings().tree[static_cast<std::size_t>(level)], Point::kTree,
                           (values_.size() >> (level + 1)) * oc_lanes_);
    }
  }

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    for (std::size_t oc = 0; oc < lanes.position.oc_active; ++oc) {
      if (lanes.position.first_sum) seed(lanes.position, oc);
      sum[oc] = levels_.empty() && !units_->reduces_blocks() ? lanes.wide[oc] : reduce_channel(lanes, oc);
    }
  }

 private:
  void seed(const Position& p, std::size_t oc) {
    const std::uint32_t element = p.element + static_cast<std::uint32_t>(oc);
    std::uint32_t node = 0;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < values_.size() >> (level + 1); ++i) {
        levels_[level].seed(p.index, i * oc_lanes_ + oc, node++, element);
      }
    }
    block_.seed(p.index, oc, 0, element);
  }

  std::int64_t reduce_channel(const LaneSums& lanes, std::size_t oc) {
    // A node without a lane below it is +0 now and for the rest of the element: its unit is left out.
    std::size_t count = lanes.lanes_active;
    for (std::size_t i = 0; i < count; ++i) {
      values_[i] = from_wire(lanes.wide[i * oc_lanes_ + oc], units_->lane_format());
    }
    std::uint64_t code = 0;
    for (UnitStates& level : levels_) {
      if (count % 2 == 1) values_[count] = Exact::zero();
      count = (count + 1) / 2;
      for (std::size_t i = 0; i < count; ++i) {
        const Converted c = fixed_point::add(values_[2 * i], values_[2 * i + 1], level.format(),
                                             level.draw(lanes.position.index, i * oc_lanes_ + oc));
        events_at(Point::kTree).count(c.flags);
        values_[i] = c.value;
        code = c.code;
      }
    }
    return units_->reduces_blocks() ? scale_block(lanes, oc) : static_cast<std::int64_t>(code);
  }

  std::int64_t scale_block(const LaneSums& lanes, std::size_t oc) {
    const std::int32_t exponent = lanes.narrow[oc];
    const Exact d = exponent == fixed_point::kNanExponent ? Exact::nan() : values_[0].scaled(exponent);
    const Converted c = fixed_point::convert(d, block_.format(), block_.draw(lanes.position.index, oc));
    events_at(Point::kBlock).count(c.flags);
    return static_cast<std::int64_t>(c.code);
  }

  std::shared_ptr<const StagedUnits> units_;
  std::size_t oc_lanes_;
  UnitStates block_;
  std::vector<UnitStates> levels_;
  std::vector<Exact> values_;
};

class ScalarTotals final : public StagedTotals {
 public:
  ScalarTotals(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)), unit_(units_->settings().partial_sum, Point::kPartialSum, sizes.oc_lanes) {}

  void add(const Position& p, const std::int64_t* entry, const std::int64_t* sum,
           std::int64_t* total) override {
    for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
      if (p.first_sum) unit_.seed(p.index, oc, 0, p.element + static_cast<std::uint32_t>(oc));
      const Exact before = p.first_sum ? Exact::zero() : from_wire(entry[oc], unit_.format());
      const Converted c = fixed_point::add(before, from_wire(sum[oc], units_->tree_format()), unit_.format(),
                                           unit_.draw(p.index, oc));
      events_at(Point::kPartialSum).count(c.flags);
      total[oc] = static_cast<std::int64_t>(c.code);
    }
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  UnitStates unit_;
};

/// A unit that an output element passes once.
Converted counted(const Converted& c, fixed_point::EventCounts& events) {
  events.count(c.flags);
  return c;
}

std::uint32_t first_draw(const Format& format, Point point, std::uint32_t element) {
  if (format.rounding != fixed_point::Rounding::kStochastic) return 0;
  return fixed_point::Lfsr(format.lfsr.bits, fixed_point::Lfsr::seeded_state(format.lfsr, point, 0, element))
      .draw();
}

/// y = Q[output](Q[activation](f(v))), and the bias in front.
class ScalarOutput : public StagedOutput {
 public:
  explicit ScalarOutput(std::shared_ptr<const StagedUnits> units) : units_(std::move(units)) {}

  void finish(const ChannelSums& sums, const arch::ChannelParameters* channel,
              const std::int32_t* /*operand*/, std::int64_t* out) override {
    const Position& p = sums.position;
    for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
      const std::uint32_t element = p.element + static_cast<std::uint32_t>(oc);
      const Exact total = from_wire(sums.sum[oc], settings().partial_sum);
      out[oc] =
          activate(settings().has_bias != 0 ? biased(total, channel[oc].bias, element) : total, element);
    }
  }

 protected:
  const arch::StagedSettings& settings() const { return units_->settings(); }

  const fixed_point::Activation& activation() const { return units_->activation(); }

  std::int64_t activate(const Exact& v, std::uint32_t element) {
    const Format& format = settings().activation;
    const std::uint32_t draw = first_draw(format, Point::kActivation, element);
    const Converted activated =
        counted(fixed_point::convert(activation()(v), format, draw), events_at(Point::kActivation));
    if (settings().affine != 0) {
      return static_cast<std::int64_t>(fixed_point::convert(activated.value, fixed_point::dfp(64, 0)).code);
    }
    const std::uint32_t output_draw = first_draw(settings().output, Point::kOutput, element);
    return output(fixed_point::convert(activated.value, settings().output, output_draw));
  }

  std::int64_t output(const Converted& y) {
    events_at(Point::kOutput).count(y.flags);
    return sign_extended(y.code, settings().output.code_bits());
  }

 private:
  Exact biased(const Exact& total, std::int64_t bias, std::uint32_t element) {
    const arch::StagedSettings& s = settings();
    const Exact b =
        s.affine != 0 ? integer(bias) : fixed_point::decode(static_cast<std::uint64_t>(bias), s.bias_operand);
    const std::uint32_t draw = first_draw(s.bias, Point::kBias, element);
    return counted(fixed_point::add(total, b, s.bias, draw), events_at(Point::kBias)).value;
  }

  std::shared_ptr<const StagedUnits> units_;
};

class ElementwiseOutput final : public ScalarOutput {
 public:
  explicit ElementwiseOutput(std::shared_ptr<const StagedUnits> units)
      : ScalarOutput(std::move(units)),
        value_(settings().input, settings().scaled_input != 0, true),
        operand_(settings().weight, settings().scaled_weight != 0, true) {}

  void finish(const ChannelSums& sums, const arch::ChannelParameters* /*channel*/,
              const std::int32_t* operand, std::int64_t* out) override {
    const Position& p = sums.position;
    for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
      const std::uint32_t element = p.element + static_cast<std::uint32_t>(oc);
      const Exact a = value_(static_cast<std::int32_t>(sums.sum[oc]));
      out[oc] = operand == nullptr ? activate(a, element) : finish_pair(a, operand_(operand[oc]), element);
    }
  }

 private:
  std::int64_t finish_pair(const Exact& a, const Exact& b, std::uint32_t element) {
    using arch::StagedElementwise;
    switch (settings().elementwise) {
      case StagedElementwise::kConvert:
        break;
      case StagedElementwise::kAdd:
        return finish_sum(a, b, element);
      case StagedElementwise::kSubtract:
        return finish_sum(a, negated(b), element);
      case StagedElementwise::kSubtractFrom:
        return finish_sum(b, negated(a), element);
      case StagedElementwise::kMultiply:
        return activate(fixed_point::multiply(a, b), element);
      case StagedElementwise::kMinimum:
        return activate(extreme(a, b, -1), element);
      case StagedElementwise::kMaximum:
        return activate(extreme(a, b, 1), element);
    }
    return activate(a, element);
  }

  /// The exact sum of two codes may have more bits than a multiplier takes: the units get it as two terms.
  std::int64_t finish_sum(const Exact& a, const Exact& b, std::uint32_t element) {
    const Exact sum = fixed_point::add(a, b);
    if (sum.is_nan()) return activate(sum, element);
    switch (settings().function) {
      case arch::StagedFunction::kNone:
        return convert_sum(a, b, element);
      case arch::StagedFunction::kLeakyRelu: {
        const Exact& slope = activation().slope;
        if (!sum.negative) return convert_sum(a, b, element);
        if (slope.is_zero()) return activate(sum, element);
        return convert_sum(fixed_point::multiply(a, slope), fixed_point::multiply(b, slope), element);
      }
      case arch::StagedFunction::kRelu:
      case arch::StagedFunction::kClamp:
        break;
    }
    const bool passes = identical(activation()(sum), sum);
    return passes ? convert_sum(a, b, element) : activate(sum, element);
  }

  std::int64_t convert_sum(const Exact& a, const Exact& b, std::uint32_t element) {
    const Format& format = settings().activation;
    const std::uint32_t output_draw = first_draw(settings().output, Point::kOutput, element);
    if (format.kind == fixed_point::Kind::kExact) {
      return output(fixed_point::add(a, b, settings().output, output_draw));
    }
    const std::uint32_t draw = first_draw(format, Point::kActivation, element);
    const Converted activated = counted(fixed_point::add(a, b, format, draw), events_at(Point::kActivation));
    return output(fixed_point::convert(activated.value, settings().output, output_draw));
  }

  static Exact negated(Exact v) {
    if (!v.is_nan()) v.negative = !v.negative;
    return v;
  }

  /// The extreme of two numbers; nan if one of them is.
  static Exact extreme(const Exact& a, const Exact& b, int sign) {
    if (a.is_nan() || b.is_nan()) return Exact::nan();
    return sign * compare(b, a) > 0 ? b : a;
  }

  OperandDecoder value_, operand_;
};

}  // namespace

std::unique_ptr<StagedLanes> make_scalar_lanes(std::shared_ptr<const StagedUnits> units,
                                               const StagedSizes& sizes) {
  return std::make_unique<ScalarLanes>(std::move(units), sizes);
}

std::unique_ptr<StagedTree> make_scalar_tree(std::shared_ptr<const StagedUnits> units,
                                             const StagedSizes& sizes) {
  return std::make_unique<ScalarTree>(std::move(units), sizes);
}

std::unique_ptr<StagedTotals> make_scalar_totals(std::shared_ptr<const StagedUnits> units,
                                                 const StagedSizes& sizes) {
  return std::make_unique<ScalarTotals>(std::move(units), sizes);
}

std::unique_ptr<StagedOutput> make_scalar_output(std::shared_ptr<const StagedUnits> units) {
  return std::make_unique<ScalarOutput>(std::move(units));
}

std::unique_ptr<StagedOutput> make_elementwise_output(std::shared_ptr<const StagedUnits> units) {
  return std::make_unique<ElementwiseOutput>(std::move(units));
}

}  // namespace dlasim::sim::blocks
