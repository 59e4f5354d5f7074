#include "sim/cosim/lockstep.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dlasim::sim::cosim {

std::string to_string(const Difference& d) {
  const std::string lane = d.lane < 0 ? "" : fmt::format("[{}]", d.lane);
  const std::string place =
      d.place.known ? fmt::format(" (layer {}, position {})", d.place.layer, d.place.position) : "";
  return fmt::format("{}, cycle {}: {}{} is {}, expected {}{}", d.block, d.cycle, d.port, lane, d.got,
                     d.expected, place);
}

void Comparison::compare(const char* block, std::uint64_t cycle, const Observation& expected,
                         const Observation& got, const Place& place) {
  // Where the numbers of values differ, a value before them does, too: valid or a count of lanes.
  const std::size_t count = std::min(expected.values().size(), got.values().size());
  values_ += count;
  for (std::size_t i = 0; i < count; ++i) {
    const PortValue& e = expected.values()[i];
    const PortValue& g = got.values()[i];
    if (e.value == g.value) continue;
    ++differing_cycles_;
    if (!difference_) difference_ = Difference{block, cycle, e.port, e.lane, e.value, g.value, place};
    return;
  }
}

void Comparison::require_equal(const char* block) const {
  if (difference_) throw base::SimulationError("lockstep: " + to_string(*difference_));
  if (values_ == 0)
    throw base::SimulationError(fmt::format("lockstep: {}: nothing has been compared", block));
}

}  // namespace dlasim::sim::cosim
