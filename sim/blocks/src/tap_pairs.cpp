#include "tap_pairs.h"

#include <algorithm>

namespace dlasim::sim::blocks {

TapPairs::TapPairs(const arch::Hardware& hardware)
    : ic_lanes_(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      pairs_((static_cast<std::size_t>(hardware.pe_array.max_taps) + 1) / 2),
      kernels_(tap_pair_kernels()),
      weights_(2 * pairs_ * ic_lanes_ * oc_lanes_ * 2),
      x_(ic_lanes_) {}

bool TapPairs::fit(const arch::Hardware& hardware) {
  return std::max(hardware.pe_array.activation_bits, hardware.pe_array.weight_bits) <= 16;
}

std::size_t TapPairs::row_offset(std::uint32_t bank, std::uint32_t tap, std::size_t ic_lane) const {
  return ((bank * pairs_ + tap / 2) * ic_lanes_ + ic_lane) * oc_lanes_ * 2;
}

void TapPairs::set_weights(std::uint32_t bank, std::uint32_t tap, std::size_t ic_lane,
                           std::span<const std::int32_t> weights) {
  std::int16_t* to = weights_.data() + row_offset(bank, tap, ic_lane) + tap % 2;
  for (std::size_t oc = 0; oc < weights.size(); ++oc) to[2 * oc] = static_cast<std::int16_t>(weights[oc]);
}

void TapPairs::accumulate(const ActivationBeat& beat, std::int32_t* sums) {
  const TapRequest& r = beat.request;
  if (waits_ && !is_partner(r)) finish(sums);
  if (r.tap % 2 == 0) {
    take_first(beat);
    if (r.last_tap) finish(sums);
    return;
  }
  const bool begins = waits_ ? waiting_.first_tap : r.first_tap;
  take_second(beat);
  multiply(r, begins, sums);
}

/// The tap behind the one that waits, of the same lanes: it always is, unless a fault has changed a request.
bool TapPairs::is_partner(const TapRequest& r) const {
  return r.tap == waiting_.tap + 1 && r.bank == waiting_.bank && r.lanes_active == waiting_.lanes_active &&
         !r.first_tap;
}

void TapPairs::take_first(const ActivationBeat& beat) {
  const std::int32_t* from = beat.x.data();
  std::uint32_t* __restrict to = x_.data();
  for (std::size_t ic = 0; ic < ic_lanes_; ++ic) to[ic] = static_cast<std::uint16_t>(from[ic]);
  waiting_ = beat.request;
  waits_ = true;
}

void TapPairs::take_second(const ActivationBeat& beat) {
  if (!waits_) std::ranges::fill(x_, 0);
  const std::int32_t* from = beat.x.data();
  std::uint32_t* __restrict to = x_.data();
  for (std::size_t ic = 0; ic < ic_lanes_; ++ic) to[ic] |= static_cast<std::uint32_t>(from[ic]) << 16;
  waits_ = false;
}

void TapPairs::finish(std::int32_t* sums) {
  if (waits_) multiply(waiting_, waiting_.first_tap, sums);
  waits_ = false;
}

/// `begins`: the pair has the first tap, so that the accumulators hold nothing yet.
void TapPairs::multiply(const TapRequest& last, bool begins, std::int32_t* sums) {
  const auto products = begins ? kernels_.set_products : kernels_.add_products;
  products(sums, weights_.data() + row_offset(last.bank, last.tap, 0), x_.data(), last.lanes_active,
           oc_lanes_);
}

}  // namespace dlasim::sim::blocks
