#pragma once
/// The RTL's number format units, one of many formats at a time (rtl_models/bench/number_format_bench.sv).

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fixed_point/truncation_unit.h"
#include "sim/cosim/verilated_module.h"

namespace dlasim::sim::cosim {

class NumberFormatBench {
 public:
  struct Result {
    std::uint64_t code = 0;
    std::uint8_t flags = 0;
  };
  explicit NumberFormatBench(std::vector<fixed_point::Format> formats = usual_formats(),
                             const RtlToolchain& toolchain = RtlToolchain::from_environment());
  ~NumberFormatBench();

  /// Those of the conformance vectors, of every kind and size.
  static const std::vector<fixed_point::Format>& usual_formats();
  /// Whether its codes are those of one of the bench's formats; rounding and overflow do not matter.
  bool has(const fixed_point::Format& format) const;

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
  Result result(const fixed_point::Format& f, int operation, std::uint32_t draw);
  void set_operands(std::uint64_t a, const fixed_point::Format& fa, std::uint64_t b,
                    const fixed_point::Format& fb);
  std::size_t index_of(const fixed_point::Format& format) const;
  void set(const char* port, std::uint64_t value);
  std::uint64_t get(const char* port) const;

  const std::vector<fixed_point::Format> formats_;
  const std::unique_ptr<VerilatedModule> rtl_;
};

}  // namespace dlasim::sim::cosim
