// Staged layers whose values are doubles between the units: rows through fixed_point::StagedKernels.

#include <algorithm>
#include <cstring>
#include <utility>

#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

void to_wires(const double* values, std::int64_t* wires, std::size_t n) {
  std::memcpy(wires, values, n * sizeof(double));
}
void from_wires(const std::int64_t* wires, double* values, std::size_t n) {
  std::memcpy(values, wires, n * sizeof(double));
}

class CarrierLanes final : public StagedLanes {
 public:
  CarrierLanes(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(*units_->kernels()),
        sizes_(sizes),
        weights_(2 * sizes.max_taps * sizes.ic_lanes * sizes.oc_lanes),
        x_(sizes.ic_lanes * sizes.oc_lanes),
        sums_(x_.size()) {}

  void set_weights(const WeightRow& row) override {
    double* to = weights_of(row.bank, row.tap) + row.ic_lane * sizes_.oc_lanes;
    kernels_.weight_codec().decode_row(row.w.data(), to, sizes_.oc_lanes);
  }

  bool accumulate(const ActivationBeat& beat, const std::int32_t* /*codes*/, LaneSums& sums) override {
    const TapRequest& r = beat.request;
    const std::size_t n = r.lanes_active * sizes_.oc_lanes;
    if (r.first_tap) std::fill_n(sums_.begin(), n, 0.0);
    if (r.padded) {
      fixed_point::StagedKernels::accumulate_padding(sums_.data(), n);
    } else {
      multiply(beat, weights_of(r.bank, r.tap));
    }
    if (r.last_tap) to_wires(sums_.data(), sums.wide.data(), n);
    return r.last_tap;
  }

 private:
  double* weights_of(std::uint32_t bank, std::uint32_t tap) {
    return weights_.data() + (bank * sizes_.max_taps + tap) * sizes_.ic_lanes * sizes_.oc_lanes;
  }

  void multiply(const ActivationBeat& beat, const double* weights) {
    const std::size_t active = beat.request.position.oc_active;
    const std::size_t lanes = beat.request.lanes_active;
    for (std::size_t ic = 0; ic < lanes; ++ic) {
      const auto code = static_cast<std::uint64_t>(std::int64_t{beat.x[ic]});
      std::fill_n(x_.begin() + static_cast<std::ptrdiff_t>(ic * sizes_.oc_lanes), active,
                  kernels_.input_codec().decode(code));
    }
    if (active == sizes_.oc_lanes) {
      kernels_.multiply_accumulate(x_.data(), weights, sums_.data(), lanes * active, events_);
      return;
    }
    for (std::size_t row = 0; row < lanes * sizes_.oc_lanes; row += sizes_.oc_lanes) {
      kernels_.multiply_accumulate(x_.data() + row, weights + row, sums_.data() + row, active, events_);
    }
  }

  std::shared_ptr<const StagedUnits> units_;
  const fixed_point::StagedKernels& kernels_;
  StagedSizes sizes_;
  std::vector<double> weights_;  // [bank][tap][ic][oc]
  std::vector<double> x_, sums_;
};

class CarrierTree final : public StagedTree {
 public:
  CarrierTree(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(*units_->kernels()),
        oc_lanes_(sizes.oc_lanes),
        place_(std::size_t{1} << units_->tree_levels()),
        nodes_(place_.size() * oc_lanes_) {
    // In bit-reversed order the left and the right terms of every level are two runs.
    for (std::size_t i = 0; i < place_.size(); ++i) {
      for (std::size_t bit = 1, mirrored = place_.size() / 2; mirrored > 0; bit *= 2, mirrored /= 2) {
        if ((i & bit) != 0) place_[i] += mirrored;
      }
    }
  }

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    const std::size_t active = lanes.position.oc_active;
    for (std::size_t i = 0; i < place_.size(); ++i) {
      double* leaf = nodes_.data() + place_[i] * active;
      if (i < lanes.lanes_active) {
        from_wires(lanes.wide.data() + i * oc_lanes_, leaf, active);
      } else {
        std::fill_n(leaf, active, 0.0);
      }
    }
    std::size_t n = place_.size() * active;
    for (int level = 0; level < units_->tree_levels(); ++level) {
      n /= 2;
      kernels_.add_level(level, nodes_.data(), nodes_.data() + n, nodes_.data(), n, events_);
    }
    to_wires(nodes_.data(), sum, active);
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const fixed_point::StagedKernels& kernels_;
  std::size_t oc_lanes_;
  std::vector<std::size_t> place_;
  std::vector<double> nodes_;
};

class CarrierTotals final : public StagedTotals {
 public:
  CarrierTotals(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)), total_(sizes.oc_lanes), sum_(sizes.oc_lanes) {}

  void add(const Position& position, const std::int64_t* entry, const std::int64_t* sum,
           std::int64_t* total) override {
    const std::size_t n = position.oc_active;
    if (position.first_sum) {
      std::fill_n(total_.begin(), n, 0.0);
    } else {
      from_wires(entry, total_.data(), n);
    }
    from_wires(sum, sum_.data(), n);
    units_->kernels()->add_partial_sum(total_.data(), sum_.data(), n, events_);
    to_wires(total_.data(), total, n);
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  std::vector<double> total_, sum_;
};

class CarrierOutput final : public StagedOutput {
 public:
  CarrierOutput(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)), value_(sizes.oc_lanes), bias_(sizes.oc_lanes), bias_code_(sizes.oc_lanes) {}

  void finish(const ChannelSums& sums, const arch::ChannelParameters* channel,
              const std::int32_t* /*operand*/, std::int64_t* out) override {
    const fixed_point::StagedKernels& kernels = *units_->kernels();
    const std::size_t n = sums.position.oc_active;
    from_wires(sums.sum.data(), value_.data(), n);
    if (units_->settings().has_bias != 0) {
      decode_bias(channel, n);
      kernels.add_bias(value_.data(), bias_.data(), n, events_);
    }
    kernels.finish(value_.data(), n, events_);
    kernels.output_codec().encode_row(value_.data(), out, n);
  }

 private:
  /// A tile has the same biases at each of its positions.
  void decode_bias(const arch::ChannelParameters* channel, std::size_t n) {
    for (std::size_t oc = 0; oc < n; ++oc) {
      if (channel[oc].bias == bias_code_[oc]) continue;  // code 0 is +0 in every format
      bias_code_[oc] = channel[oc].bias;
      bias_[oc] = units_->kernels()->decode_bias(static_cast<std::uint64_t>(channel[oc].bias));
    }
  }

  std::shared_ptr<const StagedUnits> units_;
  std::vector<double> value_, bias_;
  std::vector<std::int64_t> bias_code_;
};

}  // namespace

std::unique_ptr<StagedLanes> make_carrier_lanes(std::shared_ptr<const StagedUnits> units,
                                                const StagedSizes& sizes) {
  return std::make_unique<CarrierLanes>(std::move(units), sizes);
}

std::unique_ptr<StagedTree> make_carrier_tree(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes) {
  return std::make_unique<CarrierTree>(std::move(units), sizes);
}

std::unique_ptr<StagedTotals> make_carrier_totals(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& sizes) {
  return std::make_unique<CarrierTotals>(std::move(units), sizes);
}

std::unique_ptr<StagedOutput> make_carrier_output(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& sizes) {
  return std::make_unique<CarrierOutput>(std::move(units), sizes);
}

}  // namespace dlasim::sim::blocks
