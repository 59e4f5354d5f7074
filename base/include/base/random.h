#pragma once
/// Random numbers that are the same on every machine, so that a seed in a report can be run again anywhere.
/// The standard library's distributions are not specified to the bit and are therefore not used.

#include <array>
#include <cstdint>

namespace dlasim::base {

/// xoshiro256** 1.0 of Blackman and Vigna (2018), seeded as they advise by four numbers of splitmix64.
///
/// The sequence of every member function is part of its contract: recorded seeds must stay valid.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// 64 random bits: the next output of xoshiro256**.
  std::uint64_t bits();
  /// 0..n-1, all equally likely; n > 0. Draws `bits()` until it is at least 2^64 mod n, then takes it modulo
  /// n.
  std::uint64_t below(std::uint64_t n);
  /// lo..hi, both included; lo <= hi. `lo + below(hi - lo + 1)`; `bits()` for the whole range of 64 bits.
  std::int64_t integer(std::int64_t lo, std::int64_t hi);
  /// [0, 1): the upper 53 of `bits()` times 2^-53.
  double uniform();
  /// [lo, hi): `lo + (hi - lo) * uniform()`.
  double uniform(double lo, double hi);
  /// True with the given probability: `uniform() < probability`.
  bool bernoulli(double probability);
  /// Mean 0, standard deviation 1, as near to normal as weights and noise need (density within 1 % out to
  /// three sigma, nothing beyond 16 sigma): the number of ones in four `bits()`, minus 128, plus `uniform() -
  /// 0.5`, divided by the square root of 64 + 1/12. No logarithm or cosine, whose last bit differs between C
  /// libraries.
  double normal();

  /// A generator whose sequence is independent of how many numbers this one has given or will give: seeded
  /// from this one's seed and `stream`. For parallel work: stream = index of the task.
  Random split(std::uint64_t stream) const;

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
};

/// The splitmix64 step (Steele, Lea, Flood 2014): adds the golden ratio to `state` and returns its mix.
std::uint64_t splitmix64(std::uint64_t& state);

}  // namespace dlasim::base
