// Staged layers whose values have a carrier between the units: doubles through fixed_point::StagedKernels,
// and codes or floats of 32 bits up to the root of the tree where fixed_point::NarrowKernels are proven to
// do.

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "carrier_wires.h"
#include "staged_operand.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::LaneBlock;

/// Multiplies MX elements by the scales that lie above their codes; all others carry no scales.
void apply_scales(const std::int32_t* lanes, double* values, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) values[i] *= fixed_point::mx_scale_factor(ScaledCode(lanes[i]).scale);
}
template <class Carrier>
void apply_scales(const std::int32_t*, Carrier*, std::size_t) {}

/// The wires between lanes and tree that have the carrier's width.
template <class Carrier>
auto* lane_wires(auto& sums) {
  using Sums = std::remove_reference_t<decltype(sums)>;
  using Value = std::conditional_t<std::is_const_v<Sums>, const Carrier, Carrier>;
  if constexpr (sizeof(Carrier) == sizeof(std::int64_t)) {
    return reinterpret_cast<Value*>(sums.wide.data());
  } else {
    return reinterpret_cast<Value*>(sums.narrow.data());
  }
}

template <class Kernels>
class CarrierLanes final : public StagedLanes {
 public:
  using Base = StagedLanes;
  using Carrier = typename Kernels::Carrier;
  CarrierLanes(std::shared_ptr<const StagedUnits> units, const Kernels& kernels, const StagedSizes& sizes)
      : units_(std::move(units)), kernels_(kernels), sizes_(sizes), weights_(sizes), x_(sizes.ic_lanes) {}

  void set_weights(const WeightRow& row) override {
    Carrier* to = weights_.row(row);
    kernels_.decode_weights(row.w.data(), to, sizes_.oc_lanes);
    if (units_->settings().scaled_weight != 0) apply_scales(row.w.data(), to, sizes_.oc_lanes);
  }

  bool accumulate(const ActivationBeat& beat, const std::int32_t* /*codes*/, LaneSums& sums) override {
    const TapRequest& r = beat.request;
    const LaneBlock block{r.lanes_active, r.position.oc_active, sizes_.oc_lanes};
    Carrier* acc = lane_wires<Carrier>(sums);
    const bool is_full = block.length == block.stride && !r.padded;
    if (r.first_tap && !is_full) std::memset(acc, 0, block.rows * block.stride * sizeof(Carrier));
    if (r.padded) {
      Kernels::accumulate_padding(acc, block.rows * block.stride);
      return r.last_tap;
    }
    kernels_.decode_inputs(beat.x.data(), x_.data(), block.rows);
    if (units_->settings().scaled_input != 0) apply_scales(beat.x.data(), x_.data(), block.rows);
    const Carrier* weights = weights_.tap(r.bank, r.tap);
    if (r.first_tap) {
      kernels_.multiply(x_.data(), weights, acc, block, events_);
    } else {
      kernels_.multiply_accumulate(x_.data(), weights, acc, block, events_);
    }
    return r.last_tap;
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const Kernels& kernels_;
  StagedSizes sizes_;
  WeightCarriers<Carrier> weights_;
  std::vector<Carrier> x_;
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
        nodes_((sizes.ic_lanes + 1) / 2 * oc_lanes_),
        wires_(*units_, oc_lanes_) {}

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    const LaneBlock block{lanes.lanes_active, lanes.position.oc_active, oc_lanes_};
    const Carrier* root = reduce_levels(kernels_, lane_wires<Carrier>(lanes), nodes_, block, events_);
    wires_.write(kernels_, root, sum, block.length);
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const Kernels& kernels_;
  std::size_t oc_lanes_;
  std::vector<Carrier> nodes_;
  RootWires wires_;
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
  return std::make_unique<Block<fixed_point::StagedKernels>>(std::move(units), *u.array_kernels(), sizes);
}

class CarrierTotals final : public StagedTotals {
 public:
  explicit CarrierTotals(std::shared_ptr<const StagedUnits> units) : units_(std::move(units)) {}

  void add(const Position& position, const std::int64_t* entry, const std::int64_t* sum,
           std::int64_t* total) override {
    const double* before = position.first_sum ? nullptr : doubles_in(entry);
    units_->kernels()->add_partial_sum(before, doubles_in(sum), doubles_in(total), position.oc_active,
                                       events_);
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
};

class CarrierOutput final : public StagedOutput {
 public:
  CarrierOutput(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)), value_(sizes.oc_lanes), bias_(sizes.oc_lanes), bias_code_(sizes.oc_lanes) {}

  void finish(const ChannelSums& sums, const arch::ChannelParameters* channel,
              const std::int32_t* /*operand*/, std::int64_t* out) override {
    const fixed_point::StagedKernels& kernels = *units_->kernels();
    const std::size_t n = sums.position.oc_active;
    std::memcpy(value_.data(), sums.sum.data(), n * sizeof(double));
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
  if (units->block_kernels() != nullptr) return make_block_lanes(std::move(units), sizes);
  return make_narrowest<CarrierLanes>(std::move(units), sizes);
}

std::unique_ptr<StagedTree> make_carrier_tree(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes) {
  if (units->block_kernels() != nullptr) return make_block_tree(std::move(units), sizes);
  return make_narrowest<CarrierTree>(std::move(units), sizes);
}

std::unique_ptr<StagedTotals> make_carrier_totals(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& /*sizes*/) {
  return std::make_unique<CarrierTotals>(std::move(units));
}

std::unique_ptr<StagedOutput> make_carrier_output(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& sizes) {
  return std::make_unique<CarrierOutput>(std::move(units), sizes);
}

}  // namespace dlasim::sim::blocks
