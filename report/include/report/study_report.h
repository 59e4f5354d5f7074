#pragma once
/// What every truncation unit of a staged network did and what it cost: the error budget.

#include <cstdint>
#include <string>
#include <vector>

#include "report/run_report.h"

namespace dlasim::report {

/// One point of one layer.
struct StudyRow {
  std::string layer, point;
  std::string format;  ///< "dfp(16, 10)", "e5m10", "exact"
  std::int64_t count = 0;
  double min = 0.0, max = 0.0;  ///< of what came out; min > max if nothing did
  std::int64_t overflow = 0, underflow = 0, inexact = 0, invalid = 0;
  /// The layer's output with this point alone truncated, against exact arithmetic on the same operands; the
  /// row "all" has every point truncated. None where the output is 0 throughout.
  std::optional<double> sqnr_db;
};

struct StudyReport {
  std::string config, network, numerics;
  std::int64_t samples = 0;  ///< positions of the output sequence; 0 where that has no meaning
  std::vector<StudyRow> rows;
  std::vector<TaskFigure> figures;
};

/// A table no wider than 100 columns, then the point that costs each layer most.
std::string to_text(const StudyReport& report);
std::string to_csv(const StudyReport& report);
std::string to_json(const StudyReport& report);

}  // namespace dlasim::report
