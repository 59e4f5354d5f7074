#pragma once
/// Greedy search of the cheapest formats.

#include <optional>
#include <string>

#include "report/search_report.h"
#include "session.h"

namespace dlasim::cli {

/// A figure of the task that is small when the network is good.
enum class SearchFigure {
  kCrossEntropy,  ///< nats a sample, against the clip's labels
  kEsr,           ///< error-to-signal ratio against the float network
  kEsrTarget,     ///< error-to-signal ratio against the clip's target
};

/// How far the figure may be above the float network's.
struct SearchLimit {
  std::optional<SearchFigure> figure;  ///< absent: the first one that the task has
  double above_float = 0.05;
};

/// "cross_entropy +0.05", "esr +0.01", "esr_target +0.01", or the number alone. Throws base::InputError.
SearchLimit parse_limit(const std::string& text);

/// Takes bits from weights, tensors and inner points (format_narrowing.h), the same number in every layer.
/// Each round tries one step more at each of them and takes the one that saves most bits a MAC among those
/// within the limit; what fails once is left alone. The cost of a multiply-accumulate is the bits of its
/// operands and of all conversions of all truncation points: (sum over layers of MACs * (input + weight bits)
/// + conversions * bits of the point) / MACs. Throws base::InputError where the task has no such figure.
report::SearchReport search_formats(const Session& session, const SearchLimit& limit);

}  // namespace dlasim::cli
