#pragma once
/// Division by a number that is set once and mostly a power of two.

#include <bit>
#include <cstdint>

namespace dlasim::sim::memory {

/// Shifts where it can: a 64-bit division takes longer than the rest of what a burst costs.
class Divisor {
 public:
  /// `n` is at least 1.
  explicit Divisor(std::uint64_t n = 1)
      : n_(n), shift_(std::countr_zero(n)), is_power_of_two_(std::has_single_bit(n)) {}

  std::uint64_t divisor() const { return n_; }
  std::uint64_t quotient(std::uint64_t x) const { return is_power_of_two_ ? x >> shift_ : x / n_; }
  std::uint64_t remainder(std::uint64_t x) const { return is_power_of_two_ ? x & (n_ - 1) : x % n_; }

 private:
  std::uint64_t n_;
  int shift_;
  bool is_power_of_two_;
};

}  // namespace dlasim::sim::memory
