#pragma once
/// Verilator's ports as bit ranges: CData .. QData are integers, wider ones arrays of 32-bit words.

#include <verilated.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "sim/arch/rtl_package.h"

namespace dlasim::sim::cosim {

inline std::uint64_t mask(int width) {
  return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

inline std::int64_t sign_extended(std::uint64_t bits, int width) {
  if (width >= 64) return static_cast<std::int64_t>(bits);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return static_cast<std::int64_t>((bits ^ sign) - sign);
}

template <std::unsigned_integral Port>
void set_bits(Port& port, int offset, int width, std::uint64_t value) {
  const std::uint64_t ones = mask(width) << offset;
  port = static_cast<Port>((port & ~ones) | ((value << offset) & ones));
}

template <std::unsigned_integral Port>
std::uint64_t get_bits(const Port& port, int offset, int width) {
  return (static_cast<std::uint64_t>(port) >> offset) & mask(width);
}

template <std::size_t Words>
void set_bits(VlWide<Words>& port, int offset, int width, std::uint64_t value) {
  while (width > 0) {
    const int shift = offset % 32, count = std::min(width, 32 - shift);
    set_bits(port.m_storage[offset / 32], shift, count, value);
    value = count == 64 ? 0 : value >> count;
    offset += count, width -= count;
  }
}

template <std::size_t Words>
std::uint64_t get_bits(const VlWide<Words>& port, int offset, int width) {
  std::uint64_t value = 0;
  for (int done = 0; done < width;) {
    const int shift = (offset + done) % 32, count = std::min(width - done, 32 - shift);
    value |= get_bits(port.m_storage[(offset + done) / 32], shift, count) << done;
    done += count;
  }
  return value;
}

template <class Port>
void invert_bits(Port& port, int width) {
  for (int at = 0; at < width; at += 32) {
    const int count = std::min(32, width - at);
    set_bits(port, at, count, ~get_bits(port, at, count));
  }
}

/// Lane i of `values` to bits [i * bits, (i + 1) * bits).
template <class Port, class Value>
void set_lanes(Port& port, std::span<const Value> values, int bits) {
  for (std::size_t i = 0; i < values.size(); ++i)
    set_bits(port, static_cast<int>(i) * bits, bits, static_cast<std::uint64_t>(values[i]));
}

template <class Port, class Value>
void get_lanes(const Port& port, std::vector<Value>& values, int bits) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<Value>(sign_extended(get_bits(port, static_cast<int>(i) * bits, bits), bits));
}

/// Walks a packed struct from its first, highest field on. A visitor whose fields are not those of the
/// layout, in name and number, is a fault of this program: the layout and the C++ struct have grown apart.
template <class Port>
class StructCursor {
 public:
  StructCursor(Port& port, const arch::RtlStruct& layout)
      : port_(port), layout_(layout), at_(layout.bits()) {}

 protected:
  const arch::RtlField& next(const std::string& name) {
    if (field_ == layout_.fields.size() || !matches(name, layout_.fields[field_].name))
      throw std::logic_error("struct " + layout_.name + " has no field '" + name + "' at this place");
    const arch::RtlField& f = layout_.fields[field_++];
    at_ -= f.bits;
    return f;
  }
  /// The output element's number seeds the truncation units, which the RTL datapath does not have; integer
  /// layers leave it at 0.
  static bool only_in_staged_layers(std::string_view name) {
    return name == "element" || name == "output_element";
  }
  static bool matches(const std::string& name, const std::string& field) {
    // Nested settings are told apart by what they belong to: lower_bank is a `bank`.
    return field == name || name == "position_" + field || name.starts_with("table") ||
           field.ends_with("_" + name);
  }
  Port& port_;
  const arch::RtlStruct& layout_;
  int at_;
  std::size_t field_ = 0;
};

template <class Port>
class StructWriter : StructCursor<Port> {
 public:
  using StructCursor<Port>::StructCursor;
  template <class T>
  void operator()(const char* name, const T& value) {
    if (std::string_view(name).starts_with("wait_")) return;  // tokens are not the datapath's concern
    if (this->only_in_staged_layers(name)) return;
    const arch::RtlField& f = this->next(name);
    set_bits(this->port_, this->at_, f.bits, static_cast<std::uint64_t>(value));
  }
};

template <class Port>
class StructReader : StructCursor<const Port> {
 public:
  using StructCursor<const Port>::StructCursor;
  template <class T>
  void operator()(const char* name, const T& value) {
    if (this->only_in_staged_layers(name)) return;
    const arch::RtlField& f = this->next(name);
    const std::uint64_t bits = get_bits(this->port_, this->at_, f.bits);
    // The beats' `fields` are const, as waves want them; the beat that is filled here is our own.
    const_cast<T&>(value) =
        static_cast<T>(f.is_signed ? static_cast<std::uint64_t>(sign_extended(bits, f.bits)) : bits);
  }
};

template <class Port, class Struct>
void write_struct(Port& port, const arch::RtlStruct& layout, const Struct& value) {
  StructWriter<Port> writer(port, layout);
  if constexpr (requires { value.fields(writer); }) {
    value.fields(writer);
  } else {
    Struct copy = value;  // the command's visitors want to be able to change it
    copy.fields(writer);
  }
}

template <class Port, class Struct>
void read_struct(const Port& port, const arch::RtlStruct& layout, Struct& value) {
  StructReader<Port> reader(port, layout);
  value.fields(reader);
}

}  // namespace dlasim::sim::cosim
