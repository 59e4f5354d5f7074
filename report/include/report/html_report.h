#pragma once
/// A run as one HTML file that needs nothing else: no script, no font, no network.

#include <string>

#include "report/run_report.h"

namespace dlasim::report {

/// Verdict, totals, a bar a layer (cycles with and without work for the array, and where they go in time),
/// the SQNR along the network, and the layer table.
std::string to_html(const RunReport& report);

/// `text` with &, <, >, and quotes as entities.
std::string escape_html(const std::string& text);

}  // namespace dlasim::report
