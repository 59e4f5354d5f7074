#pragma once
/// Packed structs at ports: the C++ struct field by field, by the layout that the package has as well.

#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/arch/rtl_package.h"
#include "sim/cosim/pin.h"

namespace dlasim::sim::cosim {

/// Walks a packed struct from its first, highest field on. A visitor whose fields are not those of the
/// layout, in name and number, is a fault of this program: the layout and the C++ struct have grown apart.
class StructCursor {
 public:
  StructCursor(Pin pin, const arch::RtlStruct& layout) : pin_(pin), layout_(layout), at_(layout.bits()) {}

 protected:
  const arch::RtlField& next(const std::string& name) {
    if (field_ == layout_.fields.size() || !matches(name, layout_.fields[field_].name))
      throw std::logic_error("struct " + layout_.name + " has no field '" + name + "' at this place");
    const arch::RtlField& f = layout_.fields[field_++];
    at_ -= f.bits;
    return f;
  }
  /// The output element's number seeds truncation units: RTL without them does not have it.
  bool is_left_out(std::string_view name) const {
    if (name != "element" && name != "output_element") return false;
    return field_ == layout_.fields.size() || layout_.fields[field_].name != name;
  }
  static bool matches(const std::string& name, const std::string& field) {
    // Nested settings are told apart by what they belong to: lower_bank is a `bank`.
    return field == name || name == "position_" + field || name.starts_with("table") ||
           field.ends_with("_" + name);
  }
  Pin pin_;
  const arch::RtlStruct& layout_;
  int at_;
  std::size_t field_ = 0;
};

class StructWriter : StructCursor {
 public:
  using StructCursor::StructCursor;
  template <class T>
  void operator()(const char* name, const T& value) {
    if (std::string_view(name).starts_with("wait_")) return;  // tokens are not the datapath's concern
    if (is_left_out(name)) return;
    const arch::RtlField& f = next(name);
    pin_.set(at_, f.bits, static_cast<std::uint64_t>(value));
  }
};

class StructReader : StructCursor {
 public:
  using StructCursor::StructCursor;
  template <class T>
  void operator()(const char* name, const T& value) {
    if (is_left_out(name)) return;
    const arch::RtlField& f = next(name);
    const std::uint64_t bits = pin_.get(at_, f.bits);
    // The beats' `fields` are const, as waves want them; the beat that is filled here is our own.
    const_cast<T&>(value) =
        static_cast<T>(f.is_signed ? static_cast<std::uint64_t>(sign_extended(bits, f.bits)) : bits);
  }
};

template <class Struct>
void write_struct(Pin port, const arch::RtlStruct& layout, const Struct& value) {
  StructWriter writer(port, layout);
  if constexpr (requires { value.fields(writer); }) {
    value.fields(writer);
  } else {
    Struct copy = value;  // the command's visitors want to be able to change it
    copy.fields(writer);
  }
}

template <class Struct>
void read_struct(Pin port, const arch::RtlStruct& layout, Struct& value) {
  StructReader reader(port, layout);
  value.fields(reader);
}

}  // namespace dlasim::sim::cosim
