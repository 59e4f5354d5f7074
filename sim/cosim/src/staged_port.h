#pragma once
/// The truncation units' registers at a block's port, and codes on its wires.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/arch/rtl_package.h"
#include "sim/blocks/staged_wires.h"
#include "sim/cosim/pin.h"

namespace dlasim::sim::cosim {

/// Sets every field of staged_settings_t. Throws base::UnsupportedError where the hardware has no units.
void write_staged_settings(Pin port, const arch::Hardware& hardware, const arch::StagedSettings& settings);

/// `staged_settings_i` of one block, and what it makes of the block's sums.
class StagedPort {
 public:
  using Place = blocks::StagedWires::Place;

  StagedPort(Pin port, const arch::Hardware& hardware) : port_(port), hardware_(hardware) { clear(); }

  /// Configure ends a staged layer.
  void clear();
  void write(const arch::StagedSettings& settings);
  /// Whether sums are codes now.
  bool carries_codes() const { return wires_ != nullptr; }
  /// The model's wires as what the RTL's carry.
  std::span<const std::int64_t> codes(Place place, std::span<const std::int64_t> wires);
  /// The RTL's lanes, low bits first: `codes` gets the sign-extended codes, `sums` the model's wires.
  void read(Place place, std::vector<std::int64_t>& sums, std::vector<std::int64_t>& codes) const;

 private:
  Pin port_;
  const arch::Hardware hardware_;
  std::unique_ptr<const blocks::StagedWires> wires_;
  std::vector<std::int64_t> scratch_;
};

}  // namespace dlasim::sim::cosim
