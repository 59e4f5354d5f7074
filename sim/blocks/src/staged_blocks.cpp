// MX block mode whose values have doubles as carriers: fixed_point::BlockKernels.

#include <algorithm>
#include <cstring>
#include <utility>

#include "carrier_wires.h"
#include "staged_operand.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::BlockKernels;
using fixed_point::LaneBlock;

/// Every tap is a beat of its own: 32 products an oc lane, and the exponent of their scales.
class BlockLanes final : public StagedLanes {
 public:
  BlockLanes(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(*units_->block_kernels()),
        sizes_(sizes),
        weights_(sizes),
        x_(sizes.ic_lanes) {}

  void set_weights(const WeightRow& row) override {
    kernels_.decode_weights(row.w.data(), weights_.row(row), sizes_.oc_lanes);
  }

  bool accumulate(const ActivationBeat& beat, const std::int32_t* weights, LaneSums& sums) override {
    const TapRequest& r = beat.request;
    const LaneBlock block{r.lanes_active, r.position.oc_active, sizes_.oc_lanes};
    double* products = doubles_in(sums.wide.data());
    if (r.padded) {  // products of +0, under scales of 1
      std::memset(products, 0, block.rows * block.stride * sizeof(double));
      std::fill_n(sums.narrow.begin(), block.length, 0);
      return true;
    }
    kernels_.decode_inputs(beat.x.data(), x_.data(), block.rows);
    kernels_.multiply(x_.data(), weights_.tap(r.bank, r.tap), products, block, events_);
    for (std::size_t oc = 0; oc < block.length; ++oc)
      sums.narrow[oc] = scale_exponent(beat.x[0], weights[oc]);
    return true;
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const BlockKernels& kernels_;
  StagedSizes sizes_;
  WeightCarriers<double> weights_;
  std::vector<double> x_;
};

class BlockTree final : public StagedTree {
 public:
  BlockTree(std::shared_ptr<const StagedUnits> units, const StagedSizes& sizes)
      : units_(std::move(units)),
        kernels_(*units_->block_kernels()),
        oc_lanes_(sizes.oc_lanes),
        nodes_((sizes.ic_lanes + 1) / 2 * oc_lanes_) {}

  void reduce(const LaneSums& lanes, std::int64_t* sum) override {
    const LaneBlock block{lanes.lanes_active, lanes.position.oc_active, oc_lanes_};
    const double* root = reduce_levels(kernels_, doubles_in(lanes.wide.data()), nodes_, block, events_);
    kernels_.scale(root, lanes.narrow.data(), doubles_in(sum), block.length, events_);
  }

 private:
  std::shared_ptr<const StagedUnits> units_;
  const BlockKernels& kernels_;
  std::size_t oc_lanes_;
  std::vector<double> nodes_;
};

}  // namespace

std::unique_ptr<StagedLanes> make_block_lanes(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes) {
  return std::make_unique<BlockLanes>(std::move(units), sizes);
}

std::unique_ptr<StagedTree> make_block_tree(std::shared_ptr<const StagedUnits> units,
                                            const StagedSizes& sizes) {
  return std::make_unique<BlockTree>(std::move(units), sizes);
}

}  // namespace dlasim::sim::blocks
