#include "sim/trace/signal_table.h"

#include <algorithm>
#include <stdexcept>

namespace dlasim::sim::trace {
namespace {

constexpr std::string_view kOutput = "_o";

/// A lane of a bus has its number behind the suffix: "x_o_3".
std::size_t suffix_position(const std::string& name) {
  const std::size_t end = name.find_last_not_of("0123456789");
  const bool numbered = end != std::string::npos && end + 1 < name.size() && name[end] == '_';
  const std::size_t length = numbered ? end : name.size();
  if (length < kOutput.size() || name.compare(length - kOutput.size(), kOutput.size(), kOutput) != 0)
    return std::string::npos;
  return length - kOutput.size();
}

}  // namespace

std::size_t SignalTable::add(std::string name, int width, Radix radix, Role role) {
  scopes_.back().signals.push_back({std::move(name), width, radix, role, ids_});
  return ids_++;
}

std::size_t SignalTable::add_to_root(std::string name, int width, Radix radix, Role role) {
  scopes_.front().signals.push_back({std::move(name), width, radix, role, ids_});
  return ids_++;
}

void SignalTable::connect(const std::string& producer, const std::string& prefix) {
  const auto from = std::ranges::find(scopes_, producer, &Scope::name);
  if (from == scopes_.end()) throw std::logic_error("no scope '" + producer + "' to connect");
  const std::vector<Signal> outputs = from->signals;
  for (const Signal& s : outputs) {
    const std::size_t at = suffix_position(s.name);
    if (s.role != Role::kPort || at == std::string::npos || !s.name.starts_with(prefix)) continue;
    if (s.name.ends_with("valid_o") || s.name.ends_with("ready_o")) continue;
    Signal input = s;
    input.name[at + 1] = 'i';  // "_o" to "_i"
    scopes_.back().signals.push_back(std::move(input));
  }
}

}  // namespace dlasim::sim::trace
