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
      narrow_nodes_(oc_lanes_ * static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      wide_nodes_(narrow_nodes_.size()),
      pipeline_(std::max(1, hardware.tree_levels()), empty_sums(hardware.pe_array.oc_lanes)) {}

void AdderTree::step(const In& in) {
  if (in.sums != nullptr) {
    // The registers between the levels only delay: the sum is formed on entry and offered levels later.
    ChannelSums& out = pipeline_.tail();
    out.position = in.sums->position;
    if (staged_) {
      staged_->reduce(*in.sums, out.sum.data());
    } else if (wide_) {
      reduce(wide_kernels_, in.sums->wide.data(), in.sums->lanes_active, wide_nodes_, out.sum);
    } else {
      reduce(narrow_kernels_, in.sums->narrow.data(), in.sums->lanes_active, narrow_nodes_, out.sum);
    }
  }
  pipeline_.step(in.sums != nullptr, in.out_taken);
}

template <class Value>
void AdderTree::reduce(const LaneKernels<Value>& kernels, const Value* lanes, std::size_t active,
                       std::vector<Value>& nodes, std::vector<std::int64_t>& sum) const {
  const Value* from = lanes;
  // Lanes without a channel are +0, and so is every node that has only such lanes below it.
  for (std::size_t count = active; count > 1; count = (count + 1) / 2) {
    kernels.add_level(nodes.data(), from, count, oc_lanes_);
    from = nodes.data();
  }
  std::copy_n(from, oc_lanes_, sum.begin());
}

}  // namespace dlasim::sim::blocks
