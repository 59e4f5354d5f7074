#pragma once
/// How close a quantised run is to the float network.

#include <optional>
#include <vector>

#include "report/run_report.h"
#include "session.h"

namespace dlasim::cli {

/// Whether the tensor's integers read as reals: by an affine, or by a number format (MX is left out, whose
/// scales are another tensor).
bool reads_as_real(const network::QuantizedTensor& info);
/// Those reals, float32; without scale and format the numbers themselves.
network::Tensor real_values(const network::QuantizedTensor& info, const network::Tensor& codes);
/// The first output as reals.
network::Tensor real_output(const network::QuantizedGraph& graph,
                            const std::vector<network::Tensor>& tensors);

/// What the float network says of the quantised one: figures that need no tensor afterwards.
struct FloatFigures {
  std::vector<std::optional<double>> sqnr_db;  ///< by tensor
  std::optional<double> cross_entropy;         ///< of the float network; none without labels
  network::Tensor output;                      ///< the first one
};

/// `got` by tensor id; tensors without elements are not compared.
FloatFigures compare_with_float(const Session& session, const QuantizedNetwork& network,
                                const std::vector<network::Tensor>& got);

/// The figures of the session's task for an output in reals.
std::vector<report::TaskFigure> task_figures(const Session& session, const FloatFigures& real,
                                             const network::Tensor& output);

/// The share of rows (of the last axis) whose largest value occurs more than once: there the class that
/// argmax picks is a matter of the order of the classes.
double argmax_ties(const network::Tensor& output);

}  // namespace dlasim::cli
