#pragma once
/// What the blocks whose values have carriers share. Wires hold bit patterns of the carriers; the kernels of
/// fixed_point read and write them as bytes.

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "fixed_point/kernels.h"
#include "sim/blocks/staged_datapath.h"
#include "staged_units.h"

namespace dlasim::sim::blocks {

inline double* doubles_in(std::int64_t* wires) {
  return reinterpret_cast<double*>(wires);
}
inline const double* doubles_in(const std::int64_t* wires) {
  return reinterpret_cast<const double*>(wires);
}

/// The weight registers as carriers, [bank][tap][ic][oc].
template <class Carrier>
class WeightCarriers {
 public:
  explicit WeightCarriers(const StagedSizes& sizes)
      : sizes_(sizes), values_(2 * sizes.max_taps * sizes.ic_lanes * sizes.oc_lanes) {}
  Carrier* tap(std::uint32_t bank, std::uint32_t tap) {
    return values_.data() + (bank * sizes_.max_taps + tap) * sizes_.ic_lanes * sizes_.oc_lanes;
  }
  Carrier* row(const WeightRow& at) { return tap(at.bank, at.tap) + at.ic_lane * sizes_.oc_lanes; }

 private:
  StagedSizes sizes_;
  std::vector<Carrier> values_;
};

/// Runs all levels of a tree on the leaves, of shape `block`, and returns its root, one row in `nodes` (or
/// the leaves themselves if there is no level). A node without a lane below it is +0, and its unit has
/// nothing to count: it is left out.
template <class Kernels, class Carrier>
const Carrier* reduce_levels(const Kernels& kernels, const Carrier* leaves, std::vector<Carrier>& nodes,
                             fixed_point::LaneBlock block, fixed_point::PointEvents& events) {
  const Carrier* in = leaves;
  const int levels = kernels.tree_levels();
  for (int level = 0; level < levels; ++level) {
    kernels.add_level(level, in, nodes.data(), block, events);
    in = nodes.data();
    block.rows = (block.rows + 1) / 2;
  }
  return in;
}

/// What leaves the tree: doubles, or codes where the units behind it take them.
class RootWires {
 public:
  RootWires(const StagedUnits& units, std::size_t oc_lanes) : values_(oc_lanes) {
    if (units.kernels() == nullptr) codes_.emplace(units.tree_format());
  }
  /// `n` lanes of a root.
  template <class Kernels, class Carrier>
  void write(const Kernels& kernels, const Carrier* root, std::int64_t* sum, std::size_t n) {
    kernels.widen(root, sum, n);
    if (!codes_) return;
    std::memcpy(values_.data(), sum, n * sizeof(double));
    codes_->encode_row(values_.data(), sum, n);
  }

 private:
  std::optional<fixed_point::CarrierCodec> codes_;
  std::vector<double> values_;
};

}  // namespace dlasim::sim::blocks
