#pragma once
/// "did you mean": the nearest of some known names.

#include <span>
#include <string>
#include <string_view>

namespace dlasim::base {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string
/// alignment).
int edit_distance(std::string_view a, std::string_view b);

/// The known name nearest to `word` if it is near enough to be a slip of the hand (a third of the letters, at
/// least one edit), else "". The first of several equally near names wins.
std::string nearest_name(std::string_view word, std::span<const std::string> known);

}  // namespace dlasim::base
