#pragma once
/// What sc_signal asks of a type that it carries, for the beats and the commands: printing and sc_trace.
/// Comparison is with the types.

#include <concepts>
#include <cstdint>
#include <ostream>
#include <string>
#include <systemc>
#include <type_traits>
#include <vector>

#include "sim/arch/command.h"
#include "sim/blocks/beats.h"
#include "sim/memory/dma.h"

namespace dlasim::sim::netlist {

/// Beat of the fetch channel.
struct CommandWords {
  std::vector<std::uint32_t> words;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("words", words);
  }
  friend bool operator==(const CommandWords&, const CommandWords&) = default;
};

/// A word that the output buffer answers with.
struct LaneValues {
  std::vector<std::int32_t> values;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("values", values);
  }
  friend bool operator==(const LaneValues&, const LaneValues&) = default;
};

struct FieldPrinter {
  std::ostream& to;
  template <class T>
  void operator()(const char* name, const T& value) const {
    if constexpr (std::is_enum_v<T>) {
      to << ' ' << name << '=' << static_cast<std::underlying_type_t<T>>(value);
    } else {
      to << ' ' << name << '=' << value;
    }
  }
  template <class T>
  void operator()(const char* name, const std::vector<T>& values) const {
    to << ' ' << name << "=[";
    for (const T& v : values) to << ' ' << v;
    to << " ]";
  }
};

/// Scalars only: sc_trace keeps a pointer to what it traces, and a vector's elements may move.
struct FieldTracer {
  sc_core::sc_trace_file* file;
  const std::string& prefix;
  template <class T>
  void operator()(const char* name, const T& value) const {
    if constexpr (std::is_integral_v<T>) sc_core::sc_trace(file, value, prefix + "." + name);
  }
};

template <class T>
concept Beat = requires(const T& beat, const FieldPrinter& printer) {
  beat.fields(printer);
};

}  // namespace dlasim::sim::netlist

// Found by argument-dependent look-up, hence in the namespaces of the types.
namespace dlasim::sim::blocks {
template <netlist::Beat T>
std::ostream& operator<<(std::ostream& to, const T& beat) {
  beat.fields(netlist::FieldPrinter{to});
  return to;
}
template <netlist::Beat T>
void sc_trace(sc_core::sc_trace_file* file, const T& beat, const std::string& name) {
  beat.fields(netlist::FieldTracer{file, name});
}
}  // namespace dlasim::sim::blocks

namespace dlasim::sim::memory {
using blocks::operator<<;
using blocks::sc_trace;
}  // namespace dlasim::sim::memory

namespace dlasim::sim::netlist {
using blocks::operator<<;
using blocks::sc_trace;
}  // namespace dlasim::sim::netlist

namespace dlasim::sim::arch {
template <class T>
concept CommandKind = std::constructible_from<Command, T> && !std::same_as<T, Command>;
template <CommandKind T>
std::ostream& operator<<(std::ostream& to, const T& command) {
  return to << to_string(Command(command));
}
template <CommandKind T>
void sc_trace(sc_core::sc_trace_file* file, const T& command, const std::string& name) {
  sc_core::sc_trace(file, command.layer, name + ".layer");
}
}  // namespace dlasim::sim::arch
