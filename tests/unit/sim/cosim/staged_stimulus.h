#pragma once
/// Random settings of the truncation units that a hardware has, and values for them.

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "sim/arch/command.h"
#include "sim/blocks/staged_wires.h"
#include "stimulus.h"

namespace dlasim::sim::cosim {

/// A format as a layer may set it: rounding, overflow, fractional length and seed are registers.
inline fixed_point::Format random_registers(Stimulus& s, const arch::Truncation& units,
                                            fixed_point::Format format, std::int64_t fl) {
  using fixed_point::Kind;
  using fixed_point::Overflow;
  if (format.kind == Kind::kExact) return format;
  const bool stochastic = units.lfsr_bits != 0 && s.chance(40);
  format.rounding = static_cast<fixed_point::Rounding>(stochastic ? 5 : s.below(5));
  format.lfsr =
      stochastic ? fixed_point::LfsrSpec{units.lfsr_bits, s.between(0, 0xFFFFFFFF)} : fixed_point::LfsrSpec{};
  if (format.kind == Kind::kDfp) {
    format.fl = static_cast<int>(fl);
    format.overflow = static_cast<Overflow>(s.below(3));
  } else {
    const bool has_infinity = format.specials != fixed_point::Specials::kNone;
    format.overflow = has_infinity && s.chance(50) ? Overflow::kInf : Overflow::kSaturate;
  }
  return format;
}

/// The points of a reduction. DFP: each sum keeps most of what comes in, so that it rounds and overflows now
/// and then.
inline arch::StagedSettings random_staged(Stimulus& s, const arch::Hardware& h) {
  const arch::Truncation& u = h.truncation;
  arch::StagedSettings r;
  const auto dfp_fl = [&](std::int64_t fl) { return u.kind == arch::TruncationKind::kDfp ? fl : 0; };
  const auto set = [&](fixed_point::Format& f, const fixed_point::Format& silicon, std::int64_t fl) {
    f = random_registers(s, u, silicon, dfp_fl(fl));
  };
  const std::int64_t input = s.uniform(-3, 8), weight = s.uniform(-3, 8);
  set(r.input, u.input, input), set(r.weight, u.weight, weight);
  r.input.rounding = r.weight.rounding = fixed_point::Rounding::kNearestEven;
  r.input.lfsr = r.weight.lfsr = {};
  const std::int64_t lost = std::max(0, u.input.code_bits() + u.weight.code_bits() - u.product.code_bits());
  const std::int64_t product =
      u.product.kind == fixed_point::Kind::kExact ? input + weight : input + weight - lost + s.uniform(0, 2);
  set(r.product, u.product, product);
  std::int64_t fl = product + s.uniform(-3, 1);
  set(r.accumulator, u.accumulator, fl);
  for (int level = 0; level < h.tree_levels(); ++level)
    set(r.tree.at(static_cast<std::size_t>(level)), u.tree, fl += s.uniform(-2, 1));
  set(r.partial_sum, u.partial_sum, fl += s.uniform(-2, 1));
  set(r.bias_operand, u.bias_operand, fl + s.uniform(-8, 8));
  r.bias_operand.rounding = fixed_point::Rounding::kNearestEven, r.bias_operand.lfsr = {};
  set(r.bias, u.bias, fl += s.uniform(-2, 1));
  set(r.output, u.output, fl - s.uniform(0, 8));
  r.has_bias = s.below(2);
  r.function = static_cast<arch::StagedFunction>(s.below(4));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double slopes[] = {0.125, 0.3125, -0.25, 1.5, 0.0}, lows[] = {-1.0, -6.0, 0.0, -kInfinity},
               highs[] = {1.0, 6.0, 0.375, kInfinity};
  r.slope = std::bit_cast<std::uint64_t>(slopes[s.below(5)]);
  r.minimum = std::bit_cast<std::uint64_t>(lows[s.below(4)]);
  r.maximum = std::bit_cast<std::uint64_t>(highs[s.below(4)]);
  r.element_row_stride = s.below(5000), r.element_column_stride = s.below(300);
  return r;
}

/// Two operands of the input's format at the post-processor.
inline arch::StagedSettings random_elementwise(Stimulus& s, const arch::Hardware& h) {
  arch::StagedSettings r = random_staged(s, h);
  r.datapath = arch::StagedDatapath::kElementwise;
  r.elementwise = static_cast<arch::StagedElementwise>(s.below(7));
  r.weight = r.input;
  if (r.weight.kind == fixed_point::Kind::kDfp) r.weight.fl += static_cast<int>(s.uniform(-6, 6));
  if (r.output.kind == fixed_point::Kind::kDfp) r.output.fl = r.input.fl + static_cast<int>(s.uniform(-5, 2));
  r.has_bias = 0;
  return r;
}

/// Makes positions follow the order that partial sums and LFSRs live by: a position begins with its first sum
/// and ends with its last, and lanes without a channel are those of its last ic tile.
class SeededPositions {
 public:
  void forget() { seen_.clear(); }
  void order(blocks::Position& p, std::uint32_t& lanes_active) {
    const auto found = seen_.find(p.index);
    if (found == seen_.end()) p.first_sum = true;
    if (!p.first_sum) {
      p.oc_active = found->second.oc_active, p.element = found->second.element;
      lanes_active = std::min(lanes_active, found->second.lanes_active);
    }
    seen_[p.index] = {p.oc_active, lanes_active, p.element};
    if (p.last_sum) seen_.erase(p.index);  // complete: nothing is added to it any more
  }

 private:
  struct Seen {
    std::uint32_t oc_active, lanes_active, element;
  };
  std::map<std::uint32_t, Seen> seen_;
};

/// The units of one block: present while a staged layer runs.
class StagedMode {
 public:
  using Place = blocks::StagedWires::Place;
  StagedMode(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {}

  /// The next layer is staged, or not: always not where the hardware has no units.
  std::optional<arch::ConfigureStaged> choose(bool may_be_elementwise) {
    wires_.reset(), settings_.reset();
    positions_.forget();
    if (!h_.truncation.has_units() || s_.chance(30)) return {};
    const bool pair = may_be_elementwise && s_.chance(40);
    settings_ = pair ? random_elementwise(s_, h_) : random_staged(s_, h_);
    wires_ = std::make_unique<blocks::StagedWires>(*settings_, blocks::StagedSizes(h_));
    if (!wires_->carry_formats()) wires_.reset();
    return arch::ConfigureStaged{{}, 0, *settings_};
  }
  bool has_units() const { return h_.truncation.has_units(); }
  bool is_on() const { return settings_.has_value(); }
  bool carries_codes() const { return wires_ != nullptr; }
  SeededPositions& positions() { return positions_; }
  /// Random codes as the wires hold them.
  void fill(std::vector<std::int64_t>& sums, Place place) {
    for (std::int64_t& v : sums) v = wires_->wire(place, s_.number(wires_->code_bits(place)));
  }
  std::uint32_t element() { return s_.between(0, 0xFFFFFF); }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  std::optional<arch::StagedSettings> settings_;
  std::unique_ptr<blocks::StagedWires> wires_;
  SeededPositions positions_;
};

}  // namespace dlasim::sim::cosim
