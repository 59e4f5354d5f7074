#pragma once
/// number_format vectors of single units on hardware: its codes and flags against the vectors'.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "conformance/engine.h"
#include "conformance/verify.h"
#include "golden/exact_value.h"
#include "network/number_format.h"

namespace dlasim::conformance {

/// What a unit shows; the value follows from the code.
struct UnitResult {
  std::uint64_t code = 0;
  unsigned flags = 0;
};

struct UnitOperand {
  std::uint64_t code = 0;
  network::NumberFormat format;
};

/// The units of one file: they may throw base::UnsupportedError for operands that they have no wires for.
class HardwareUnits {
 public:
  virtual ~HardwareUnits() = default;
  /// `draw` counts for stochastic rounding only.
  virtual UnitResult convert(const golden::WideValue& value, const network::NumberFormat& format,
                             std::uint32_t draw) = 0;
  virtual UnitResult multiply(const UnitOperand& a, const UnitOperand& b,
                              const network::NumberFormat& result) = 0;
  virtual UnitResult add(const UnitOperand& a, const UnitOperand& b, const network::NumberFormat& result) = 0;
  /// The random source of 16 or 32 bits.
  virtual void seed(std::uint32_t state) = 0;
  virtual std::uint32_t draw(int bits) = 0;
};

/// Makes the units for a file with these formats.
using UnitMaker =
    std::function<std::unique_ptr<HardwareUnits>(const std::vector<network::NumberFormat>& formats)>;

/// convert, multiply, add, lfsr and stochastic on the units; dot, mx_dot and conv2d as graphs on `engine`,
/// which must outlive the handler. The other kinds are unsupported: they are no hardware.
VectorHandler hardware_number_format_handler(UnitMaker maker, const Engine& engine);

}  // namespace dlasim::conformance
