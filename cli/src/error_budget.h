#pragma once
/// What each truncation point of a layer costs on its own.

#include <functional>
#include <vector>

#include "golden/staged.h"
#include "session.h"

namespace dlasim::cli {

/// SQNR of a layer's output with one point truncated.
struct PointCost {
  golden::Point point;
  network::NumberFormat format;   ///< of the tree: the leaves'
  std::optional<double> sqnr_db;  ///< infinite where nothing was lost; none for an output of zeros
};

struct LayerBudget {
  std::vector<PointCost> points;
  std::optional<double> all_db;  ///< every point truncated
};

/// Runs one staged layer on the operands that `lookup` gives, once exactly and once for each point that has a
/// format. "Exactly" is 64-bit fixed point over the largest sum that the operands allow: errors are below
/// 2^-50 of that, far under any format studied. Not for operators that make MX codes.
LayerBudget error_budget(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                         const golden::StagedTensorLookup& lookup);

/// Points of a node that have a format of their own.
std::vector<golden::Point> points_of(const network::QuantizedNode& node);

/// The format at a point; of the tree the leaves'.
const network::NumberFormat& format_at(const network::StagedNumerics& numerics, golden::Point point);
network::NumberFormat& format_at(network::StagedNumerics& numerics, golden::Point point);

/// "dfp(16, 10)", "e5m10", "exact".
std::string format_name(const network::NumberFormat& format);

}  // namespace dlasim::cli
