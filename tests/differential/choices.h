#pragma once
/// Random choices that can be replayed and made simpler: how a failing random case is shrunk.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/random.h"

namespace dlasim::testing {

/// A case is what its generator makes of a sequence of choices. Each choice is recorded as its distance from
/// the simplest alternative, so that a sequence of smaller numbers is a simpler case of the same generator.
class Choices {
 public:
  /// Draws all choices.
  explicit Choices(std::uint64_t seed) : seed_(seed), random_(seed) {}
  /// Repeats `recorded`; choices beyond its end are the simplest.
  Choices(std::uint64_t seed, std::vector<std::uint64_t> recorded)
      : seed_(seed), random_(seed), given_(std::move(recorded)), replays_(true) {}

  /// lo..hi, lo being the simplest.
  std::int64_t pick(std::int64_t lo, std::int64_t hi) {
    const auto most = static_cast<std::uint64_t>(hi - lo);
    std::uint64_t distance = 0;
    if (!replays_) {
      distance = random_.below(most + 1);
    } else if (taken_.size() < given_.size()) {
      distance = std::min(given_[taken_.size()], most);
    }
    taken_.push_back(distance);
    return lo + static_cast<std::int64_t>(distance);
  }
  /// One of a list, the first being the simplest.
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + pick(0, static_cast<std::int64_t>(list.size()) - 1));
  }
  /// True with a chance of per_cent; false is simpler.
  bool chance(int per_cent) { return pick(0, 99) >= 100 - per_cent; }
  /// Numbers for tensor elements: of the seed alone, and no part of what is shrunk.
  base::Random elements() { return base::Random(seed_).split(++streams_); }

  const std::vector<std::uint64_t>& taken() const { return taken_; }

 private:
  std::uint64_t seed_;
  base::Random random_;
  std::vector<std::uint64_t> given_;
  bool replays_ = false;
  std::vector<std::uint64_t> taken_;
  std::uint64_t streams_ = 0;
};

/// A sequence that still fails, none of whose single choices can be made simpler: to 0, to half, by one.
/// `fails` is called at most `attempts` times.
inline std::vector<std::uint64_t> shrink(
    std::vector<std::uint64_t> choices,
    const std::function<bool(const std::vector<std::uint64_t>&)>& still_fails, int attempts) {
  bool improved = true;
  while (improved && attempts > 0) {
    improved = false;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      for (const std::uint64_t simpler : {std::uint64_t{0}, choices[i] / 2, choices[i] - 1}) {
        if (choices[i] == 0 || simpler >= choices[i] || attempts-- <= 0) continue;
        auto trial = choices;
        trial[i] = simpler;
        if (!still_fails(trial)) continue;
        choices = std::move(trial);
        improved = true;
        break;
      }
    }
  }
  return choices;
}

}  // namespace dlasim::testing
