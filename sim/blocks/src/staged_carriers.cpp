// Staged layers whose values have a carrier between the units: doubles through fixed_point::StagedKernels,
// and codes or floats of 32 bits up to the root of the tree where fixed_point::NarrowKernels are proven to
// do.

#include <algorithm>
#include <cstring>
#include <type_traits>
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

/// The wires between lanes and tree that have the carrier's width.
template <class Carrier>
auto* lane_wires(auto& sums) {
  if constexpr (sizeof(Carrier) == sizeof(std::int64_t)) {
    return sums.wide.data();
  } else {
    return sums.narrow.data();
  }
}

template <class Kernels>
class CarrierLanes final : public StagedLanes {
 public:
  using Base = StagedLanes;
  using Carrier = typename Kernels::Carrier;
  CarrierLanes(std::shared_ptr<const StagedUnits> units, const Kernels& kernels, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(kernels),
        sizes_(sizes),
        weights_(2 * sizes.max_taps * sizes.ic_lanes * sizes.oc_lanes),
        x_(sizes.ic_lanes),
        sums_(sizes.ic_lanes * sizes.oc_lanes) {}

  void set_weights(const WeightRow& row) override {
    Carrier* to = weights_of(row.bank, row.tap) + row.ic_lane * sizes_.oc_lanes;
    kernels_.decode_weights(row.w.data(), to, sizes_.oc_lanes);
  }

  bool accumulate(const ActivationBeat& beat, const std::int32_t* /*codes*/, LaneSums& sums) override {
    const TapRequest& r = beat.request;
    const std::size_t n = r.lanes_active * sizes_.oc_lanes;
    if (r.first_tap) std::fill_n(sums_.begin(), n, Carrier{0});
    if (r.padded) {
      Kernels::accumulate_padding(sums_.data(), n);
    } else {
      kernels_.decode_inputs(beat.x.data(), x_.data(), r.lanes_active);
      kernels_.multiply_accumulate(x_.data(), weights_of(r.bank, r.tap), sums_.data(),
                                   {r.lanes_active, r.position.oc_active, sizes_.oc_lanes}, events_);
    }
    if (r.last_tap) std::memcpy(lane_wires<Carrier>(sums), sums_.data(), n * sizeof(Carrier));
    return r.last_tap;
  }

 private:
  Carrier* weights_of(std::uint32_t bank, std::uint32_t tap) {
    return weights_.data() + (bank * sizes_.max_taps + tap) * sizes_.ic_lanes * sizes_.oc_lanes;
  }

  std::shared_ptr<const StagedUnits> units_;
  const Kernels& kernels_;
  StagedSizes sizes_;
  std::vector<Carrier> weights_;  // [bank][tap][ic][oc]
  std::vector<Carrier> x_, sums_;
};

template <class Kernels>
class CarrierTree final : public StagedTree {
 public:
  using Base = StagedTree;
  using Carrier = typename Kernels::Carrier;
  CarrierTree(std::shared_ptr<const StagedUnits> units, const Kernels& kernels, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(kernels),
        oc_lanes_(sizes.oc_lanes),
        root_(oc_lanes_),
        nodes_((std::size_t{1} << units_->tree_levels()) * oc_lanes_) {}

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    const std::size_t active = lanes.position.oc_active;
    std::size_t count = lanes.lanes_active;
    std::memcpy(nodes_.data(), lane_wires<Carrier>(lanes), count * oc_lanes_ * sizeof(Carrier));
    // A node without a lane below it is +0, and its unit has nothing to count: it is left out.
    for (int level = 0; level < units_->tree_levels(); ++level) {
      if (count % 2 == 1) std::fill_n(nodes_.data() + count * oc_lanes_, oc_lanes_, Carrier{0});
      count = (count + 1) / 2;
      kernels_.add_level(level, nodes_.data(), {count, active, oc_lanes_}, events_);
    }
    if constexpr (std::is_same_v<Carrier, double>) {
      to_wires(nodes_.data(), sum, active);
    } else {
      kernels_.widen(nodes_.data(), root_.data(), active);
      to_wires(root_.data(), sum, active);
    }
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const Kernels& kernels_;
  std::size_t oc_lanes_;
  std::vector<double> root_;
  std::vector<Carrier> nodes_;
};

/// The narrowest kernels of the layer make the block.
template <template <class> class Block>
auto make_narrowest(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
    -> std::unique_ptr<typename Block<fixed_point::StagedKernels>::Base> {
  const StagedUnits& u = *units;
  if (const auto* kernels = u.fixed_kernels())
    return std::make_unique<Block<fixed_point::FixedKernels>>(std::move(units), *kernels, sizes);
  if (const auto* kernels = u.float_kernels())
    return std::make_unique<Block<fixed_point::FloatKernels>>(std::move(units), *kernels, sizes);
  return std::make_unique<Block<fixed_point::StagedKernels>>(std::move(units), *u.kernels(), sizes);
}

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
  return make_narrowest<CarrierLanes>(std::move(units), sizes);
}

std::unique_ptr<StagedTree> make_carrier_tree(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes) {
  return make_narrowest<CarrierTree>(std::move(units), sizes);
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
