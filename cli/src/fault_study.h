#pragma once
/// `dlasim study --faults N`: random faults of one bit in the models, one a run, and what each did.

#include <cstdint>

#include "report/fault_report.h"
#include "session.h"

namespace dlasim::cli {

/// Block first, then one of its signals, then lane, bit and cycle, each with equal chance: flips. The same
/// seed gives the same faults. Throws base::SimulationError if the run without a fault fails.
report::FaultReport study_faults(const Session& session, const QuantizedNetwork& network, int faults,
                                 std::uint64_t seed);

}  // namespace dlasim::cli
