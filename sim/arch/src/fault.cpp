#include "sim/arch/fault.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <regex>

#include "base/error.h"

namespace dlasim::sim::arch {
namespace {

constexpr std::array<const char*, 3> kFaultKinds{"flip", "stuck0", "stuck1"};

template <class Number>
bool read(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Fault parse_fault(const std::string& text) {
  static const std::regex form(R"((\w+)\.(\w+)\[(\d+)\]@(\d+)(?::(flip|stuck0|stuck1))?)");
  std::smatch part;
  Fault fault;
  if (!std::regex_match(text, part, form) || !read(part[3], fault.bit) || !read(part[4], fault.cycle))
    throw base::InputError(
        fmt::format("--fault: '{}' is not BLOCK.SIGNAL[BIT]@CYCLE or BLOCK.SIGNAL[BIT]@CYCLE:KIND with flip, "
                    "stuck0 or stuck1",
                    text));
  fault.block = part[1], fault.signal = part[2];
  for (std::size_t kind = 0; kind < kFaultKinds.size(); ++kind) {
    if (part[5] == kFaultKinds[kind]) fault.kind = static_cast<FaultKind>(kind);
  }
  return fault;
}

std::string to_string(const Fault& f) {
  return fmt::format("{}.{}[{}]@{}:{}", f.block, f.signal, f.bit, f.cycle,
                     kFaultKinds[static_cast<std::size_t>(f.kind)]);
}

}  // namespace dlasim::sim::arch
