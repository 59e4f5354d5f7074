#pragma once
/// What a run of the golden model alone found: accuracy and events, no cycles.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/run_report.h"

namespace dlasim::report {

/// One node of the quantised graph.
struct GoldenRow {
  std::string name;
  std::string kind;          ///< "conv2d", "table", ...
  std::string output_shape;  ///< "1x1x8000x32"
  std::uint64_t macs = 0;
  std::optional<double> sqnr_db;  ///< output against float; none where there is no float tensor
  /// Over all truncation units of the node; none where it has none.
  std::optional<std::int64_t> conversions, overflow, underflow, invalid;
};

struct GoldenReport {
  std::string config;
  std::string network;
  std::string numerics;
  int reduction_lanes = 0;
  std::int64_t samples = 0;  ///< positions of the output sequence; 0 where that has no meaning
  std::vector<GoldenRow> rows;
  std::vector<TaskFigure> figures;
  double golden_seconds = 0.0;  ///< wall time of the golden model
};

/// A table no wider than 100 columns, and the figures.
std::string to_text(const GoldenReport& report);
std::string to_csv(const GoldenReport& report);
std::string to_json(const GoldenReport& report);

}  // namespace dlasim::report
