#include "sim/blocks/staged_wires.h"

#include <bit>

#include "staged_units.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::Exact;
using fixed_point::Format;

const Format& format_at(const StagedUnits& units, StagedWires::Place place) {
  switch (place) {
    case StagedWires::Place::kLanes:
      return units.lane_format();
    case StagedWires::Place::kChannels:
      return units.tree_format();
    case StagedWires::Place::kTotals:
      break;
  }
  return units.settings().partial_sum;
}

bool is_carried(const StagedUnits& units, StagedWires::Place place) {
  return place == StagedWires::Place::kLanes ? units.carries_array() : units.kernels() != nullptr;
}

/// The format as an encoder of its own values: every code comes back, also one that its unit never makes
/// (qmin of a symmetric one, inf of a saturating one).
Format encoder_of(Format f) {
  const bool has_infinity =
      f.kind == fixed_point::Kind::kMinifloat && f.specials == fixed_point::Specials::kIeee;
  f.overflow = has_infinity ? fixed_point::Overflow::kInf : fixed_point::Overflow::kSaturate;
  return f;
}

}  // namespace

StagedWires::StagedWires(const arch::StagedSettings& settings, const StagedSizes& sizes)
    : units_(StagedUnits::shared(settings, sizes)) {}

bool StagedWires::carry_formats() const {
  return units_->settings().datapath == arch::StagedDatapath::kReduce;
}

bool StagedWires::carry_values() const {
  return carry_formats() || units_->reduces_blocks();
}

std::optional<std::uint64_t> StagedWires::bits(Place place, std::int64_t wire) const {
  const Format& format = format_at(*units_, place);
  if (format.kind == fixed_point::Kind::kExact) return std::nullopt;
  return static_cast<std::uint64_t>(code(place, wire)) & fixed_point::low_mask(format.code_bits());
}

std::optional<std::uint64_t> StagedWires::lane_bits(const LaneSums& sums, std::size_t i) const {
  if (units_->fixed_kernels() != nullptr)
    return static_cast<std::uint32_t>(sums.narrow[i]) & fixed_point::low_mask(code_bits(Place::kLanes));
  if (units_->float_kernels() == nullptr) return bits(Place::kLanes, sums.wide[i]);
  const double value = static_cast<double>(std::bit_cast<float>(sums.narrow[i]));
  return bits(Place::kLanes, std::bit_cast<std::int64_t>(value));
}

int StagedWires::code_bits(Place place) const {
  return format_at(*units_, place).code_bits();
}

std::int64_t StagedWires::code(Place place, std::int64_t wire) const {
  const Format& format = format_at(*units_, place);
  auto code = static_cast<std::uint64_t>(wire);
  if (is_carried(*units_, place)) {
    // The carrier is one of the format's values: no draw decides.
    code = fixed_point::convert(Exact::from_double(std::bit_cast<double>(wire)), encoder_of(format)).code;
  }
  return sign_extended(code, format.code_bits());
}

std::int64_t StagedWires::wire(Place place, std::int64_t code) const {
  const Format& format = format_at(*units_, place);
  const std::uint64_t bits = static_cast<std::uint64_t>(code) & fixed_point::low_mask(format.code_bits());
  if (!is_carried(*units_, place)) return static_cast<std::int64_t>(bits);
  return std::bit_cast<std::int64_t>(fixed_point::decode(bits, format).to_double());
}

}  // namespace dlasim::sim::blocks
