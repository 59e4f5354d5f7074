#include "base/random.h"

#include <bit>

namespace dlasim::base {

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Random::Random(std::uint64_t seed) : seed_(seed) {
  for (std::uint64_t& word : state_) word = splitmix64(seed);
}

std::uint64_t Random::bits() {
  auto& [a, b, c, d] = state_;
  const std::uint64_t result = std::rotl(b * 5, 7) * 9;
  const std::uint64_t shifted = b << 17;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= shifted;
  d = std::rotl(d, 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t n) {
  const std::uint64_t surplus = (0 - n) % n;  // 2^64 mod n: the lowest values would be favoured
  std::uint64_t drawn = bits();
  while (drawn < surplus) drawn = bits();
  return drawn % n;
}

std::int64_t Random::integer(std::int64_t lo, std::int64_t hi) {
  const std::uint64_t span = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo) + 1;
  const std::uint64_t offset = span == 0 ? bits() : below(span);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + offset);
}

double Random::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

double Random::uniform(double lo, double hi) {
  return lo + (hi - lo) * uniform();
}

bool Random::bernoulli(double probability) {
  return uniform() < probability;
}

double Random::normal() {
  constexpr double kDeviation = 8.005206639015219;  // sqrt(256 / 4 + 1 / 12)
  int ones = 0;
  for (int i = 0; i < 4; ++i) ones += std::popcount(bits());
  return (ones - 128 + (uniform() - 0.5)) / kDeviation;
}

Random Random::split(std::uint64_t stream) const {
  std::uint64_t state = seed_;
  const std::uint64_t mixed = splitmix64(state);
  state = mixed + stream;
  return Random(splitmix64(state));
}

}  // namespace dlasim::base
