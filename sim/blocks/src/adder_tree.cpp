#include "sim/blocks/adder_tree.h"

#include <algorithm>

#include "lane_kernels.h"

namespace dlasim::sim::blocks {
namespace {

ChannelSums empty_sums(int oc_lanes) {
  return {std::vector<std::int64_t>(static_cast<std::size_t>(oc_lanes)), {}};
}

}  // namespace

AdderTree::AdderTree(const arch::Hardware& hardware)
    : staged_sizes_(hardware),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      narrow_kernels_(lane_kernels<std::int32_t>()),
      wide_kernels_(lane_kernels<std::int64_t>()),
      pipeline_(std::max(1, hardware.tree_levels()), empty_sums(hardware.pe_array.oc_lanes)) {}

void AdderTree::step(const In& in) {
  if (in.sums != nullptr) {
    // The registers between the levels only delay: the sum is formed on entry and offered levels later. Lanes
    // without a channel are +0, and so is every node that has only such lanes below it.
    ChannelSums& out = pipeline_.tail();
    out.position = in.sums->position;
    if (staged_) {
      staged_->reduce(*in.sums, out.sum.data());
    } else if (wide_) {
      wide_kernels_.sum_lanes(in.sums->wide.data(), in.sums->lanes_active, oc_lanes_, out.sum.data());
    } else {
      narrow_kernels_.sum_lanes(in.sums->narrow.data(), in.sums->lanes_active, oc_lanes_, out.sum.data());
    }
  }
  pipeline_.step(in.sums != nullptr, in.out_taken);
}

}  // namespace dlasim::sim::blocks
