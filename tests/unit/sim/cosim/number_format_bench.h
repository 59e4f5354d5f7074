#pragma once
/// The RTL's number format units, one of many formats at a time (number_formats.cmake).

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fixed_point/truncation_unit.h"

namespace dlasim::sim::cosim {

class NumberFormatBench {
 public:
  struct Result {
    std::uint64_t code = 0;
    std::uint8_t flags = 0;
  };
  NumberFormatBench();
  ~NumberFormatBench();

  /// The formats that are there, with any rounding and overflow.
  static const std::vector<fixed_point::Format>& formats();
  static bool has(const fixed_point::Format& format);

  /// Nothing if the value's significand or exponent is too large for the bench's port.
  std::optional<Result> convert(const fixed_point::Exact& v, const fixed_point::Format& f,
                                std::uint32_t draw);
  Result multiply(std::uint64_t a, const fixed_point::Format& fa, std::uint64_t b,
                  const fixed_point::Format& fb, const fixed_point::Format& f);
  Result add(std::uint64_t a, const fixed_point::Format& fa, std::uint64_t b, const fixed_point::Format& fb,
             const fixed_point::Format& f);
  void seed(std::uint32_t state);
  std::uint32_t draw(int bits);

 private:
  struct Top;
  Result result(const fixed_point::Format& f, int operation, std::uint32_t draw);
  void set_operands(std::uint64_t a, const fixed_point::Format& fa, std::uint64_t b,
                    const fixed_point::Format& fb);
  std::unique_ptr<Top> top_;
};

}  // namespace dlasim::sim::cosim
