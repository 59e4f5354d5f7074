#pragma once
/// Seeded damage to a file: what a reader of untrusted input has to survive.

#include <cstddef>
#include <random>
#include <span>
#include <vector>

namespace dlasim::tests {

/// Mutation `seed` of `file`: cut short, bits flipped, or a 32-bit word replaced by an extreme value.
inline std::vector<std::byte> mutated(std::span<const std::byte> file, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(file.begin(), file.end());
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  switch (seed % 3) {
    case 0:
      bytes.resize(below(bytes.size()));
      break;
    case 1:
      for (std::size_t flips = 1 + below(8); flips-- > 0;)
        bytes[below(bytes.size())] ^= std::byte{1} << below(8);
      break;
    default: {
      constexpr unsigned kExtremes[] = {0U,          1U,          0x7FU,       0xFFFFU,
                                        0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU, 0x10000U};
      const unsigned word = kExtremes[below(std::size(kExtremes))];
      const std::size_t at = below(bytes.size() - 4) & ~std::size_t{3};
      for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(word >> (8 * i));
    }
  }
  return bytes;
}

}  // namespace dlasim::tests
