#include "sim/engine/fault.h"

#include <bit>
#include <limits>
#include <type_traits>

namespace dlasim::sim::engine {

FaultInjector::FaultInjector(const FaultPlan& plan, const arch::Hardware& hardware)
    : plan_(plan),
      ic_lanes_(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      weight_bits_(static_cast<unsigned>(hardware.pe_array.weight_bits)),
      address_bits_(
          static_cast<unsigned>(std::bit_width(static_cast<unsigned>(hardware.activation_words() - 1)))) {}

void FaultInjector::hit_registers(std::uint64_t cycle, blocks::PeArray& pe_array,
                                  blocks::PostProcessor& post_processor) {
  if (strikes(FaultKind::kWeightRegister, cycle)) {
    auto& registers = pe_array.weight_registers();
    std::int32_t& weight = registers[plan_.index % registers.size()];
    // The register is narrower than its variable: flipping its sign bit changes all bits above.
    const unsigned bit = plan_.bit % weight_bits_;
    const auto flipped = static_cast<std::uint32_t>(weight) ^ (1U << bit);
    const unsigned unused = 32 - weight_bits_;
    weight = static_cast<std::int32_t>(flipped << unused) >> unused;
    injected_ = true;
  } else if (strikes(FaultKind::kRequantMultiplier, cycle)) {
    auto& registers = post_processor.parameter_registers();
    std::int32_t& mantissa = registers[plan_.index % registers.size()].mantissa;
    mantissa = static_cast<std::int32_t>(static_cast<std::uint32_t>(mantissa) ^ (1U << plan_.bit % 32));
    injected_ = true;
  }
}

const blocks::TapRequest* FaultInjector::seen(std::uint64_t cycle, const blocks::TapRequest* request) {
  if (request == nullptr || request->padded || !strikes(FaultKind::kAddress, cycle)) return request;
  request_ = *request;
  request_.word ^= 1U << plan_.bit % address_bits_;
  injected_ = true;
  return &request_;
}

const blocks::LaneSums* FaultInjector::seen(std::uint64_t cycle, const blocks::LaneSums* sums) {
  if (sums == nullptr || !strikes(FaultKind::kTreeNode, cycle)) return sums;
  sums_ = *sums;
  flip_node(sums_.narrow, sums->lanes_active);
  flip_node(sums_.wide, sums->lanes_active);
  injected_ = true;
  return &sums_;
}

/// The tree only adds: a flipped bit of a node reaches the root as plus or minus 2^bit, and so does the same
/// amount added to any lane. The lane that every sum contains, the first, takes it.
template <class Value>
void FaultInjector::flip_node(std::vector<Value>& lanes, std::uint32_t active) const {
  using Bits = std::make_unsigned_t<Value>;
  const std::size_t oc = plan_.index % oc_lanes_;
  const std::size_t leaves = std::bit_ceil(ic_lanes_);
  std::size_t node = leaves > 1 ? plan_.index / oc_lanes_ % (leaves - 1) : 0;
  std::size_t width = leaves > 1 ? 2 : 1;  // lanes below a node of this level
  while (node >= leaves / width) {
    node -= leaves / width;
    width *= 2;
  }
  Bits value = 0;
  for (std::size_t ic = node * width; ic < (node + 1) * width && ic < active; ++ic)
    value += static_cast<Bits>(lanes[ic * oc_lanes_ + oc]);
  const Bits flipped = value ^ (Bits{1} << plan_.bit % std::numeric_limits<Bits>::digits);
  lanes[oc] = static_cast<Value>(static_cast<Bits>(lanes[oc]) + flipped - value);
}

}  // namespace dlasim::sim::engine
