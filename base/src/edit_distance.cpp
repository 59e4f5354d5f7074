#include "base/edit_distance.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace dlasim::base {

int edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the dynamic programme: the one before last serves the swaps.
  std::vector<int> before(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t kLongestWord = 100;  // the search is quadratic, and nobody mistypes so long a name
  if (word.size() > kLongestWord) return {};
  const int near_enough = std::max(1, static_cast<int>(word.size()) / 3);
  int best = std::numeric_limits<int>::max();
  std::string nearest;
  for (const std::string& name : known) {
    if (name.size() > kLongestWord) continue;
    const int distance = edit_distance(word, name);
    if (distance <= near_enough && distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace dlasim::base
