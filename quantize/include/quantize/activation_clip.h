#pragma once
/// Clipping before saturating functions: codes spent where tanh is flat are lost where it is steep.

#include <map>

#include "network/graph.h"
#include "quantize/calibration.h"

namespace dlasim::quantize {

/// For the input of a tanh or sigmoid: the magnitude to clip it to.
using ActivationClips = std::map<network::TensorId, double>;

/// The clip whose quantisation to 2^bits codes leaves the smallest mean squared error *after* the function,
/// over the values seen: clipped values are wrong by f(x) - f(clip), the others by f'(x) times a rounding
/// error of step^2 / 12. `range` bounds the candidates; with few values outside it nothing is clipped.
double best_clip(const Histogram& histogram, const Range& range, const network::op::Unary& function,
                 int bits);

/// best_clip for every tanh, fasttanh and sigmoid of a graph that `calibrator` has run.
ActivationClips choose_activation_clips(const network::Graph& graph, const Calibrator& calibrator, int bits);

}  // namespace dlasim::quantize
