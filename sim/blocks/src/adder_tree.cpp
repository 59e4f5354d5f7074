#include "sim/blocks/adder_tree.h"

#include <algorithm>

namespace dlasim::sim::blocks {
namespace {

/// One level for all oc lanes at once: node pair (left, right) to node.
template <class Value>
inline void add_pair(Value* node, const Value* left, const Value* right, std::size_t oc_lanes) {
  for (std::size_t oc = 0; oc < oc_lanes; ++oc) node[oc] = left[oc] + right[oc];
}

ChannelSums empty_sums(int oc_lanes) {
  return {std::vector<std::int64_t>(static_cast<std::size_t>(oc_lanes)), {}};
}

}  // namespace

AdderTree::AdderTree(const arch::Hardware& hardware)
    : oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      narrow_nodes_(oc_lanes_ * static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      wide_nodes_(narrow_nodes_.size()),
      pipeline_(std::max(1, hardware.tree_levels()), empty_sums(hardware.pe_array.oc_lanes)) {}

void AdderTree::step(const In& in) {
  if (in.sums != nullptr) {
    // The registers between the levels only delay: the sum is formed on entry and offered levels later.
    ChannelSums& out = pipeline_.tail();
    out.position = in.sums->position;
    if (wide_) {
      reduce(in.sums->wide.data(), in.sums->lanes_active, wide_nodes_, out.sum);
    } else {
      reduce(in.sums->narrow.data(), in.sums->lanes_active, narrow_nodes_, out.sum);
    }
  }
  pipeline_.step(in.sums != nullptr, in.out_taken);
}

template <class Value>
void AdderTree::reduce(const Value* lanes, std::size_t active, std::vector<Value>& nodes,
                       std::vector<std::int64_t>& sum) const {
  const Value* from = lanes;
  // Lanes without a channel are +0, and so is every node that has only such lanes below it.
  for (std::size_t count = active; count > 1; count = (count + 1) / 2) {
    for (std::size_t i = 0; i + 1 < count; i += 2) {
      add_pair(nodes.data() + i / 2 * oc_lanes_, from + i * oc_lanes_, from + (i + 1) * oc_lanes_, oc_lanes_);
    }
    if (count % 2 == 1)
      std::copy_n(from + (count - 1) * oc_lanes_, oc_lanes_, nodes.data() + count / 2 * oc_lanes_);
    from = nodes.data();
  }
  std::copy_n(from, oc_lanes_, sum.begin());
}

}  // namespace dlasim::sim::blocks
