#pragma once
/// Greedy search of the cheapest formats inside the layers.

#include "report/search_report.h"
#include "session.h"

namespace dlasim::cli {

/// Takes bits from the points between operands and output (product, accumulator, tree, block, partial_sum,
/// bias), the same number in every layer: DFP loses its lowest bits and keeps its range, minifloat loses
/// mantissa. Each round tries one step more at each point and takes the one that saves most bits a MAC among
/// those within the limit; a point that fails once is left alone. The figure is the cross entropy; `limit` is
/// how far it may be above the float network's. Throws base::InputError without labels.
report::SearchReport search_formats(const Session& session, const QuantizedNetwork& network, double limit);

}  // namespace dlasim::cli
