#include "staged_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

#include "base/error.h"

namespace dlasim::sim::cosim {
namespace {

using arch::StagedDatapath;
using arch::StagedSettings;
using fixed_point::Format;

/// The fields of a packed struct by name.
class Fields {
 public:
  Fields(Pin pin, arch::RtlStruct layout) : pin_(pin), layout_(std::move(layout)) {}

  /// `offset`: of `width` bits of the field; by default it is the whole field.
  template <class T>
  void set(const std::string& name, T value) {
    const int bits = field(name).bits;
    pin_.set(at(name), bits, static_cast<std::uint64_t>(value));
  }
  void set_part(const std::string& name, int offset, int width, std::uint64_t value) {
    if (offset + width > field(name).bits) throw std::logic_error("struct field '" + name + "' is too short");
    pin_.set(at(name) + offset, width, value);
  }

 private:
  const arch::RtlField& field(const std::string& name) const {
    const auto found = std::ranges::find(layout_.fields, name, &arch::RtlField::name);
    if (found == layout_.fields.end()) throw std::logic_error("struct has no field '" + name + "'");
    return *found;
  }
  int at(const std::string& name) const {
    int offset = layout_.bits();
    for (const arch::RtlField& f : layout_.fields) {
      offset -= f.bits;
      if (f.name == name) break;
    }
    return offset;
  }

  Pin pin_;
  arch::RtlStruct layout_;
};

/// point_settings_t.
std::uint64_t packed(const Format& f) {
  std::uint64_t word = 0;
  const auto append = [&word](int bits, std::uint64_t value) { word = word << bits | (value & mask(bits)); };
  for (const arch::RtlField& field : arch::point_settings_struct().fields) {
    if (field.name == "rounding") append(field.bits, static_cast<std::uint64_t>(f.rounding));
    if (field.name == "overflow") append(field.bits, static_cast<std::uint64_t>(f.overflow));
    if (field.name == "fraction_length") append(field.bits, static_cast<std::uint64_t>(f.fl));
    if (field.name == "seed") append(field.bits, f.lfsr.seed);
  }
  return word;
}

/// A slope or a limit as significand * 2^exponent, the significand's top bit set.
void set_limit(Fields& fields, const std::string& name, std::uint64_t bits, int significand_bits) {
  const double value = std::bit_cast<double>(bits);
  fields.set(name + "_infinity", std::isinf(value));
  fields.set(name + "_negative", std::signbit(value));
  int exponent = 0;
  const double fraction = std::isfinite(value) ? std::frexp(std::fabs(value), &exponent) : 0.0;
  fields.set(name + "_significand", static_cast<std::uint64_t>(std::ldexp(fraction, significand_bits)));
  fields.set(name + "_exponent", exponent - significand_bits);
}

}  // namespace

void write_staged_settings(Pin port, const arch::Hardware& h, const StagedSettings& s) {
  if (!h.truncation.has_units()) {
    throw base::UnsupportedError(
        fmt::format("the RTL of hardware '{}' has no truncation units (hardware.truncation): staged layers "
                    "need the models",
                    h.name));
  }
  if (s.datapath == StagedDatapath::kBlocks)
    throw base::UnsupportedError("the truncation units in RTL have no MX block mode");
  Fields fields(port, arch::staged_settings_struct(h));
  fields.set("reduces", s.datapath == StagedDatapath::kReduce);
  fields.set("elementwise", s.datapath == StagedDatapath::kElementwise);
  fields.set("operation", s.elementwise);
  fields.set("has_bias", s.has_bias != 0);
  fields.set("function_code", s.function);
  fields.set("input_fraction_length", s.input.fl);
  fields.set("weight_fraction_length", s.weight.fl);
  fields.set("bias_fraction_length", s.bias_operand.fl);
  fields.set("product", packed(s.product));
  fields.set("accumulator", packed(s.accumulator));
  const int point_bits = arch::point_settings_struct().bits();
  for (int level = 0; level < h.tree_levels(); ++level) {
    fields.set_part("tree", level * point_bits, point_bits,
                    packed(s.tree.at(static_cast<std::size_t>(level))));
  }
  fields.set("partial_sum", packed(s.partial_sum));
  fields.set("bias", packed(s.bias));
  fields.set("result", packed(s.output));
  set_limit(fields, "slope", s.slope, h.truncation.slope_bits);
  set_limit(fields, "minimum", s.minimum, h.truncation.slope_bits);
  set_limit(fields, "maximum", s.maximum, h.truncation.slope_bits);
  fields.set("element_row_stride", s.element_row_stride);
  fields.set("element_column_stride", s.element_column_stride);
}

void StagedPort::clear() {
  wires_.reset();
  for (int at = 0; at < port_.bits(); at += 64) port_.set(at, std::min(64, port_.bits() - at), 0);
}

void StagedPort::write(const StagedSettings& settings) {
  write_staged_settings(port_, hardware_, settings);
  wires_ = std::make_unique<const blocks::StagedWires>(settings, blocks::StagedSizes(hardware_));
  if (!wires_->carry_formats()) wires_.reset();
}

std::span<const std::int64_t> StagedPort::codes(Place place, std::span<const std::int64_t> wires) {
  if (!carries_codes()) return wires;
  const std::uint64_t ones = mask(wires_->code_bits(place));
  scratch_.resize(wires.size());
  std::ranges::transform(wires, scratch_.begin(), [&](std::int64_t wire) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(wires_->code(place, wire)) & ones);
  });
  return scratch_;
}

void StagedPort::read(Place place, std::vector<std::int64_t>& sums, std::vector<std::int64_t>& codes) const {
  codes.clear();
  if (!carries_codes()) return;
  const int bits = wires_->code_bits(place);
  codes.resize(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    codes[i] = sign_extended(static_cast<std::uint64_t>(sums[i]) & mask(bits), bits);
    sums[i] = wires_->wire(place, codes[i]);
  }
}

}  // namespace dlasim::sim::cosim
