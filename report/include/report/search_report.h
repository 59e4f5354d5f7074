#pragma once
/// The search for the cheapest formats: what was tried, and which of it nothing else beats.

#include <string>
#include <vector>

namespace dlasim::report {

/// One set of formats that was run.
struct SearchRow {
  std::vector<int> removed;  ///< bits taken, by SearchReport::what
  double cost = 0.0;         ///< bits a multiply-accumulate: of its operands and of all conversions
  double figure = 0.0;       ///< of the task, smaller is better
  bool within = false;       ///< the limit
  bool taken = false;        ///< on the greedy way
  bool pareto = false;       ///< nothing else is cheaper and as good
};

struct SearchReport {
  std::string network, numerics, figure;
  double limit = 0.0;             ///< largest figure accepted
  std::vector<std::string> what;  ///< what can lose bits: "weight", "tree", ...
  std::vector<SearchRow> rows;
};

/// Marks the rows that no other row beats in cost and figure.
void mark_pareto(std::vector<SearchRow>& rows);

/// The Pareto rows, cheapest first, with the bits that each takes from where, and which of them is the
/// cheapest within the limit; at most 100 columns.
std::string to_text(const SearchReport& report);
std::string to_csv(const SearchReport& report);
/// All rows as points over cost and figure, the Pareto rows joined, the limit as a line.
std::string to_svg(const SearchReport& report);

}  // namespace dlasim::report
