#include "sim/blocks/pe_array.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "lane_kernels.h"
#include "tap_pairs.h"

namespace dlasim::sim::blocks {
namespace {

LaneSums empty_sums(std::size_t lanes) {
  LaneSums sums;
  sums.narrow.resize(lanes);
  sums.wide.resize(lanes);
  return sums;
}

}  // namespace

PeArray::PeArray(const arch::Hardware& hardware)
    : staged_sizes_(hardware),
      ic_lanes_(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      max_taps_(static_cast<std::size_t>(hardware.pe_array.max_taps)),
      narrow_kernels_(lane_kernels<std::int32_t>()),
      wide_kernels_(lane_kernels<std::int64_t>()),
      weights_(2 * max_taps_ * ic_lanes_ * oc_lanes_),
      pairs_(TapPairs::fit(hardware) ? std::make_unique<TapPairs>(hardware) : nullptr),
      pipeline_(1, empty_sums(ic_lanes_ * oc_lanes_)) {}

PeArray::~PeArray() = default;

void PeArray::configure(const arch::Configure& settings) {
  mode_ = settings.mode;
  wide_ = settings.wide_accumulator != 0;
  staged_.reset();
  taps_are_sums_ = false;
}

void PeArray::configure(const arch::ConfigureStaged& settings) {
  staged_ = make_staged_lanes(settings.staged, staged_sizes_);
  taps_are_sums_ = settings.staged.datapath == arch::StagedDatapath::kBlocks;
}

std::size_t PeArray::row_offset(std::uint32_t bank, std::uint32_t tap, std::uint32_t ic_lane) const {
  return ((bank * max_taps_ + tap) * ic_lanes_ + ic_lane) * oc_lanes_;
}

const std::int32_t* PeArray::weights_of(std::uint32_t bank, std::uint32_t tap) const {
  return weights_.data() + row_offset(bank, tap, 0);
}

void PeArray::step(const In& in) {
  bool pushed = false;
  if (in.beat != nullptr) {
    pushed = accumulate(*in.beat);
    ic_tiles_consumed_ += static_cast<std::uint64_t>(in.beat->request.last_of_ic_tile);
  }
  pipeline_.step(pushed, in.out_taken);
  if (in.row != nullptr) set_weights(*in.row);
}

void PeArray::set_weights(const WeightRow& row) {
  if (row.tap >= max_taps_) {
    throw base::SimulationError("pe_array: tap " + std::to_string(row.tap) + " is beyond its " +
                                std::to_string(max_taps_) + " weight registers");
  }
  std::ranges::copy(
      row.w, weights_.begin() + static_cast<std::ptrdiff_t>(row_offset(row.bank, row.tap, row.ic_lane)));
  if (staged_) staged_->set_weights(row);
  if (!pairs_) return;
  pairs_->finish(pipeline_.tail().narrow.data());
  pairs_->set_weights(row.bank, row.tap, row.ic_lane, row.w);
}

void PeArray::set_weight_register(std::size_t index, std::int32_t weight) {
  const std::size_t row = index / oc_lanes_, tap_row = row / ic_lanes_;
  const std::size_t first = row * oc_lanes_;
  weights_.at(index) = weight;
  if (!pairs_) return;
  pairs_->finish(pipeline_.tail().narrow.data());
  pairs_->set_weights(static_cast<std::uint32_t>(tap_row / max_taps_),
                      static_cast<std::uint32_t>(tap_row % max_taps_), row % ic_lanes_,
                      std::span(weights_).subspan(first, oc_lanes_));
}

bool PeArray::accumulate(const ActivationBeat& beat) {
  LaneSums& sums = pipeline_.tail();
  bool complete = beat.request.last_tap;
  if (staged_) {
    complete = staged_->accumulate(beat, weights_of(beat.request.bank, beat.request.tap), sums);
  } else if (mode_ == arch::PeMode::kMaximum) {
    wide_ ? keep_maximum(beat, sums.wide.data()) : keep_maximum(beat, sums.narrow.data());
  } else if (wide_) {
    multiply_accumulate(beat, wide_kernels_, sums.wide.data());
  } else if (pairs_) {
    pairs_->accumulate(beat, sums.narrow.data());
  } else {
    multiply_accumulate(beat, narrow_kernels_, sums.narrow.data());
  }
  if (complete) pass_position_on(beat, sums);
  return complete;
}

void PeArray::pass_position_on(const ActivationBeat& beat, LaneSums& sums) const {
  const TapRequest& r = beat.request;
  sums.lanes_active = r.lanes_active;
  sums.position = r.position;
  if (!taps_are_sums_) return;
  // Only the first tap begins a total, only the last completes it.
  sums.position.first_sum = r.position.first_sum && r.first_tap;
  sums.position.last_sum = r.position.last_sum && r.last_tap;
}

template <class Accumulator>
void PeArray::multiply_accumulate(const ActivationBeat& beat, const LaneKernels<Accumulator>& kernels,
                                  Accumulator* sums) const {
  const TapRequest& r = beat.request;
  const auto products = r.first_tap ? kernels.set_products : kernels.add_products;
  products(sums, weights_of(r.bank, r.tap), beat.x.data(), r.lanes_active, oc_lanes_);
}

template <class Accumulator>
void PeArray::keep_maximum(const ActivationBeat& beat, Accumulator* sums) const {
  const std::int32_t* weights = weights_of(beat.request.bank, beat.request.tap);
  const std::uint32_t seen_before = beat.request.position.taps_inside - (beat.request.padded ? 0U : 1U);
  for (std::size_t i = 0; i < beat.request.lanes_active * oc_lanes_; ++i) {
    const Accumulator product =
        static_cast<Accumulator>(beat.x[i / oc_lanes_]) * static_cast<Accumulator>(weights[i]);
    if (beat.request.first_tap) sums[i] = 0;
    if (beat.request.padded) continue;
    sums[i] = seen_before == 0 ? product : std::max(sums[i], product);
  }
}

}  // namespace dlasim::sim::blocks
