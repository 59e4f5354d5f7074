#pragma once
/// Unsigned 256-bit integers: the width of the exact adder and multiplier of exact.h.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace dlasim::fixed_point {

__extension__ using Uint128 = unsigned __int128;

/// Four 64-bit limbs, least significant first. Sums and left shifts drop what leaves 256 bits; callers see
/// to it that nothing does.
struct Wide {
  static constexpr int kBits = 256;
  std::array<std::uint64_t, 4> limb{};

  constexpr Wide() noexcept = default;
  constexpr explicit Wide(std::uint64_t low) noexcept : limb{low, 0, 0, 0} {}
  constexpr explicit Wide(Uint128 low) noexcept
      : limb{static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(low >> 64), 0, 0} {}

  constexpr bool is_zero() const noexcept { return (limb[0] | limb[1] | limb[2] | limb[3]) == 0; }
  /// Bits up to the highest one that is set; 0 for zero.
  constexpr int bit_length() const noexcept {
    for (int i = 3; i >= 0; --i)
      if (const auto l = limb[static_cast<std::size_t>(i)]; l != 0)
        return 64 * i + static_cast<int>(std::bit_width(l));
    return 0;
  }
  /// Whether one of the bits below position n (0..256) is set.
  constexpr bool any_below(int n) const noexcept {
    std::uint64_t any = 0;
    for (int i = 0; i < 4 && n > 64 * i; ++i) {
      const int here = n - 64 * i;
      any |= here >= 64 ? limb[static_cast<std::size_t>(i)]
                        : limb[static_cast<std::size_t>(i)] & ((std::uint64_t{1} << here) - 1);
    }
    return any != 0;
  }
  /// 64 bits from position n up; n may be negative (zeros come in) or beyond the top.
  constexpr std::uint64_t bits_from(std::int64_t n) const noexcept {
    if (n <= -64 || n >= kBits) return 0;
    if (n < 0) return limb[0] << -n;
    const auto index = static_cast<std::size_t>(n / 64);
    const int offset = static_cast<int>(n % 64);
    const std::uint64_t low = limb[index] >> offset;
    if (offset == 0 || index == 3) return low;
    return low | limb[index + 1] << (64 - offset);
  }
  constexpr Wide shifted_left(int n) const noexcept {
    Wide r;
    for (int i = 0; i < 4; ++i) r.limb[static_cast<std::size_t>(i)] = bits_from(64 * i - n);
    return r;
  }
  constexpr Wide shifted_right(int n) const noexcept {
    Wide r;
    for (int i = 0; i < 4; ++i) r.limb[static_cast<std::size_t>(i)] = bits_from(64 * i + n);
    return r;
  }

  friend constexpr Wide operator+(const Wide& a, const Wide& b) noexcept {
    Wide r;
    Uint128 carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      carry += Uint128{a.limb[i]} + b.limb[i];
      r.limb[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    return r;
  }
  friend constexpr Wide operator-(const Wide& a, const Wide& b) noexcept {
    Wide r;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const Uint128 d = Uint128{a.limb[i]} - b.limb[i] - borrow;
      r.limb[i] = static_cast<std::uint64_t>(d);
      borrow = static_cast<std::uint64_t>(d >> 64) & 1;
    }
    return r;
  }
  friend constexpr bool operator==(const Wide&, const Wide&) noexcept = default;
  friend constexpr bool operator<(const Wide& a, const Wide& b) noexcept {
    for (std::size_t i = 4; i-- > 0;)
      if (a.limb[i] != b.limb[i]) return a.limb[i] < b.limb[i];
    return false;
  }
  /// Product of the low halves: exact.
  static constexpr Wide product_of_halves(const Wide& a, const Wide& b) noexcept {
    Wide r;
    for (std::size_t i = 0; i < 2; ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; j < 2; ++j) {
        const Uint128 t = Uint128{a.limb[i]} * b.limb[j] + r.limb[i + j] + carry;
        r.limb[i + j] = static_cast<std::uint64_t>(t);
        carry = static_cast<std::uint64_t>(t >> 64);
      }
      r.limb[i + 2] = carry;
    }
    return r;
  }
};

}  // namespace dlasim::fixed_point
