// Narrow carriers side by side: the lanes of one position after those of the other, the rows of a position
// filled up to a power of two. Then each level of the tree pairs rows of the same position, and one call a
// unit does for all positions.

#include "sim/blocks/staged_strip.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "carrier_wires.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::LaneBlock;

/// Carriers of a strip, about: what passes from kernel to kernel stays in the first-level cache.
constexpr std::size_t kCarriers = 1024;

template <class Kernels>
class CarrierStrip final : public StagedStrip {
 public:
  using Carrier = typename Kernels::Carrier;
  CarrierStrip(std::shared_ptr<const StagedUnits> units, const Kernels& kernels, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(kernels),
        sizes_(sizes),
        rows_(std::bit_ceil(sizes.ic_lanes)),
        position_(rows_ * sizes.oc_lanes),
        positions_(std::max<std::size_t>(1, kCarriers / position_)),
        weights_(sizes.max_taps * positions_ * position_),
        x_(positions_ * rows_),
        sums_(positions_ * position_),
        nodes_(sums_.size()),
        wires_(*units_, sizes.oc_lanes) {}

  std::size_t positions() const override { return positions_; }

  void set_weights(const WeightRow& row) override {
    Carrier* first = weights_of(row.tap) + row.ic_lane * sizes_.oc_lanes;
    kernels_.decode_weights(row.w.data(), first, sizes_.oc_lanes);
    for (std::size_t p = 1; p < positions_; ++p) std::copy_n(first, sizes_.oc_lanes, first + p * position_);
  }

  void accumulate(std::uint32_t tap, std::span<const std::int32_t* const> inputs, std::uint32_t lanes_active,
                  std::uint32_t oc_active) override {
    for (std::size_t p = 0; p < inputs.size();) {
      if (inputs[p] == nullptr) {
        pad(tap, p++);
        continue;
      }
      const std::size_t first = p;
      for (; p < inputs.size() && inputs[p] != nullptr; ++p) set_inputs(p, inputs[p], lanes_active);
      const LaneBlock block{(p - first) * rows_, oc_active, sizes_.oc_lanes};
      const Carrier* x = x_.data() + first * rows_;
      Carrier* sums = sums_.data() + first * position_;
      if (tap == 0) {
        kernels_.multiply(x, weights_of(tap), sums, block, events_);
      } else {
        kernels_.multiply_accumulate(x, weights_of(tap), sums, block, events_);
      }
    }
  }

  void reduce(std::size_t positions, std::uint32_t oc_active, std::int64_t* sums) override {
    const LaneBlock block{positions * rows_, oc_active, sizes_.oc_lanes};
    const Carrier* roots = reduce_levels(kernels_, sums_.data(), nodes_, block, events_);
    for (std::size_t p = 0; p < positions; ++p)
      wires_.write(kernels_, roots + p * sizes_.oc_lanes, sums + p * sizes_.oc_lanes, oc_active);
  }

  /// Codes behind the tree are for units that are no carriers' units.
  bool has_totals() const override { return units_->kernels() != nullptr && kernels_.has_partial_sums(); }

  void reduce_into_totals(std::size_t positions, std::uint32_t oc_active, bool first_sum,
                          std::int32_t* totals) override {
    const LaneBlock lanes{positions * rows_, oc_active, sizes_.oc_lanes};
    const Carrier* roots = reduce_levels(kernels_, sums_.data(), nodes_, lanes, events_);
    const LaneBlock block{positions, oc_active, sizes_.oc_lanes};
    auto* carriers = reinterpret_cast<Carrier*>(totals);
    first_sum ? kernels_.begin_totals(roots, carriers, block, events_)
              : kernels_.add_to_totals(roots, carriers, block, events_);
  }

  void widen_totals(const std::int32_t* totals, std::size_t n, std::int64_t* sums) const override {
    kernels_.widen_totals(reinterpret_cast<const Carrier*>(totals), sums, n);
  }

 private:
  Carrier* weights_of(std::uint32_t tap) { return weights_.data() + tap * positions_ * position_; }

  /// Lanes without a channel get 0; their weights are 0 too.
  void set_inputs(std::size_t p, const std::int32_t* codes, std::uint32_t lanes_active) {
    Carrier* x = x_.data() + p * rows_;
    kernels_.decode_inputs(codes, x, lanes_active);
    std::fill(x + lanes_active, x + rows_, Carrier{0});
  }

  void pad(std::uint32_t tap, std::size_t p) {
    Carrier* sums = sums_.data() + p * position_;
    if (tap == 0) std::fill_n(sums, position_, Carrier{0});
    Kernels::accumulate_padding(sums, position_);
  }

  std::shared_ptr<const StagedUnits> units_;
  const Kernels& kernels_;
  const StagedSizes sizes_;
  const std::size_t rows_, position_;  ///< ic lanes, and carriers, of one position
  const std::size_t positions_;
  std::vector<Carrier> weights_;  ///< [tap][position][ic][oc]: the same for all positions
  std::vector<Carrier> x_;        ///< [position][ic]
  std::vector<Carrier> sums_;     ///< [position][ic][oc]
  std::vector<Carrier> nodes_;
  RootWires wires_;
};

template <class Kernels>
std::unique_ptr<StagedStrip> make_strip(std::shared_ptr<const StagedUnits> units, const Kernels& kernels,
                                        const StagedSizes& sizes) {
  auto strip = std::make_unique<CarrierStrip<Kernels>>(std::move(units), kernels, sizes);
  if (strip->positions() == 1) return nullptr;
  return strip;
}

}  // namespace

std::unique_ptr<StagedStrip> make_staged_strip(const arch::StagedSettings& settings,
                                               const StagedSizes& sizes) {
  if (settings.datapath != arch::StagedDatapath::kReduce) return nullptr;
  auto units = StagedUnits::shared(settings, sizes);
  if (const auto* kernels = units->fixed_kernels()) return make_strip(std::move(units), *kernels, sizes);
  if (const auto* kernels = units->float_kernels()) return make_strip(std::move(units), *kernels, sizes);
  return nullptr;
}

}  // namespace dlasim::sim::blocks
