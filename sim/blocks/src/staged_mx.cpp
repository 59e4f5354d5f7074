// MX outputs: a pass for the scales of all blocks, and one for their elements. No unit of these passes is a
// truncation point, so they count no events.

#include <algorithm>
#include <utility>

#include "fixed_point/mx.h"
#include "staged_operand.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

/// Each lane's value as the scale code that it alone would need. A weight of 1 puts the lane's channel into
/// the block of the oc lane; 0 leaves it out: scale 0 is below all others.
class MxScaleLanes final : public StagedLanes {
 public:
  MxScaleLanes(const arch::StagedSettings& settings, const StagedSizes& sizes)
      : oc_lanes_(sizes.oc_lanes),
        input_(settings.input, settings.scaled_input != 0, true),
        element_(settings.output) {}

  bool accumulate(const ActivationBeat& beat, const std::int32_t* weights, LaneSums& sums) override {
    for (std::size_t ic = 0; ic < beat.request.lanes_active; ++ic) {
      const std::uint8_t scale = fixed_point::mx_scale_of(input_(beat.x[ic]), element_);
      for (std::size_t oc = 0; oc < beat.request.position.oc_active; ++oc) {
        const std::size_t lane = ic * oc_lanes_ + oc;
        sums.wide[lane] = weights[lane] != 0 ? scale : 0;
      }
    }
    return beat.request.last_tap;
  }

 private:
  std::size_t oc_lanes_;
  OperandDecoder input_;
  fixed_point::Format element_;
};

class MxScaleTree final : public StagedTree {
 public:
  explicit MxScaleTree(const StagedSizes& sizes) : oc_lanes_(sizes.oc_lanes) {}

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    for (std::size_t oc = 0; oc < lanes.position.oc_active; ++oc) {
      sum[oc] = 0;
      for (std::size_t ic = 0; ic < lanes.lanes_active; ++ic) {
        sum[oc] = std::max(sum[oc], lanes.wide[ic * oc_lanes_ + oc]);
      }
    }
  }

 private:
  std::size_t oc_lanes_;
};

class MxScaleTotals final : public StagedTotals {
 public:
  void add(const Position& p, const std::int64_t* entry, const std::int64_t* sum,
           std::int64_t* total) override {
    for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
      total[oc] = p.first_sum ? sum[oc] : std::max(entry[oc], sum[oc]);
    }
  }
};

class MxScaleOutput final : public StagedOutput {
 public:
  void finish(const ChannelSums& sums, const arch::ChannelParameters* /*channel*/,
              const std::int32_t* /*operand*/, std::int64_t* out) override {
    std::copy_n(sums.sum.begin(), sums.position.oc_active, out);
  }
};

/// operand * 2^-k in the element's format.
class MxElementOutput final : public StagedOutput {
 public:
  explicit MxElementOutput(const arch::StagedSettings& settings)
      : value_(settings.weight, settings.scaled_weight != 0, true), element_(settings.output) {}

  void finish(const ChannelSums& sums, const arch::ChannelParameters* /*channel*/,
              const std::int32_t* operand, std::int64_t* out) override {
    for (std::size_t oc = 0; oc < sums.position.oc_active; ++oc) {
      const auto scale = static_cast<std::uint8_t>(sums.sum[oc]);
      out[oc] = sign_extended(fixed_point::mx_element_code(value_(operand[oc]), scale, element_),
                              element_.code_bits());
    }
  }

 private:
  OperandDecoder value_;
  fixed_point::Format element_;
};

}  // namespace

std::unique_ptr<StagedLanes> make_mx_scale_lanes(const arch::StagedSettings& settings,
                                                 const StagedSizes& sizes) {
  return std::make_unique<MxScaleLanes>(settings, sizes);
}

std::unique_ptr<StagedTree> make_mx_scale_tree(const StagedSizes& sizes) {
  return std::make_unique<MxScaleTree>(sizes);
}

std::unique_ptr<StagedTotals> make_mx_scale_totals() {
  return std::make_unique<MxScaleTotals>();
}

std::unique_ptr<StagedOutput> make_mx_scale_output() {
  return std::make_unique<MxScaleOutput>();
}

std::unique_ptr<StagedOutput> make_mx_element_output(const arch::StagedSettings& settings) {
  return std::make_unique<MxElementOutput>(settings);
}

}  // namespace dlasim::sim::blocks
