#include "sim/blocks/partial_sum_buffer.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace dlasim::sim::blocks {

PartialSumBuffer::PartialSumBuffer(const arch::Hardware& hardware)
    : staged_sizes_(hardware),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      depth_(static_cast<std::size_t>(hardware.buffers.partial_sum_depth)),
      memory_(oc_lanes_ * depth_),
      pipeline_(1, {std::vector<std::int64_t>(oc_lanes_), {}}) {}

void PartialSumBuffer::step(const In& in) {
  const bool pushed = in.sums != nullptr && add(*in.sums);
  pipeline_.step(pushed, in.out_taken);
}

bool PartialSumBuffer::add(const ChannelSums& sums) {
  const Position& p = sums.position;
  if (p.index >= depth_) {
    throw base::SimulationError("partial_sum_buffer: position " + std::to_string(p.index) +
                                " is beyond its " + std::to_string(depth_) + " entries");
  }
  std::int64_t* entry = memory_.data() + p.index * oc_lanes_;
  ChannelSums& out = pipeline_.tail();
  std::int64_t* total = p.last_sum ? out.sum.data() : entry;
  if (staged_) {
    staged_->add(p, entry, sums.sum.data(), total);
  } else {
    for (std::size_t oc = 0; oc < oc_lanes_; ++oc) total[oc] = (p.first_sum ? 0 : entry[oc]) + sums.sum[oc];
  }
  out.position = p;
  return p.last_sum || p.last_of_tile;
}

}  // namespace dlasim::sim::blocks
