#pragma once
/// number_format vectors of single units on hardware or its model: codes and flags against the vectors'.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "conformance/engine.h"
#include "conformance/number_format_vector.h"
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

struct MxResult {
  std::uint8_t scale = 0;
  std::vector<std::uint64_t> elements;
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
  /// Whether the code stands for that value: what a decoder in front of a unit sees.
  virtual bool decodes_to(const UnitOperand& code, const golden::WideValue& value) = 0;
  /// One block of values to MX elements.
  virtual MxResult convert_to_mx(const std::vector<golden::WideValue>& values,
                                 const network::NumberFormat& element) = 0;
  /// The same of an element under its block's scale.
  virtual bool mx_decodes_to(std::uint8_t scale, const UnitOperand& element,
                             const golden::WideValue& value) = 0;
  /// The random source of 16 or 32 bits.
  virtual void seed(std::uint32_t state) = 0;
  virtual std::uint32_t draw(int bits) = 0;
};

/// Makes the units for a file with these formats.
using UnitMaker =
    std::function<std::unique_ptr<HardwareUnits>(const std::vector<network::NumberFormat>& formats)>;

/// dot, mx_dot and conv2d as engine_number_format_handler does; choose_fl, which is the quantiser's and no
/// hardware; all other kinds on the units. `engine` must outlive the handler.
VectorHandler hardware_number_format_handler(UnitMaker maker, const Engine& engine, WireRecorder record = {});

}  // namespace dlasim::conformance
