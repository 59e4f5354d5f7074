#pragma once
/// Post-training quantisation: from a float graph and calibrated ranges to integers.

#include <limits>
#include <optional>
#include <vector>

#include "network/graph.h"
#include "network/quantized_graph.h"
#include "quantize/activation_clip.h"
#include "quantize/calibration.h"
#include "quantize/choose_fl.h"
#include "quantize/lower.h"

namespace dlasim::quantize {

enum class WeightGranularity {
  kPerTensor,   ///< one scale a weight tensor
  kPerChannel,  ///< one scale an output channel
};

/// How far the input of tanh and sigmoid reaches, where nothing else reads it.
enum class ClipChoice {
  kFixed,     ///< tanh_clip and sigmoid_clip
  kMeasured,  ///< what is best over the calibration samples (activation_clip.h), at most the fixed ones
};

/// Whether the zero point of an int8 activation may be other than 0.
enum class ActivationZeroPoint {
  kFree,  ///< asymmetric: the range's ends get the end codes
  kZero,  ///< symmetric: scale = magnitude / 127; sigmoid and softmax keep the scale of their kernels
};

/// Which codes a calibrated range is spread over.
enum class ActivationCodes {
  kAll,      ///< -128..127
  kReduced,  ///< 7 bits, -64..63: frameworks spare one for 16-bit accumulation
};

/// Which codes a weight uses. Asymmetric weights (WeightZeroPoint::kFree) as uint8 in brackets.
enum class WeightCodes {
  kRestricted,  ///< scale = magnitude / 127: -127..127 (int4: -7..7) [1..255]
  kAll,         ///< scale = magnitude / 127.5: -128..127 (int4: 7.5) [0..255]
  kReduced,     ///< scale = magnitude / 63: -63..63, a bit is spared [0..127]; not for int4
};

/// Whether the zero point of a weight may be other than 0.
enum class WeightZeroPoint {
  kZero,  ///< symmetric
  kFree,  ///< asymmetric over the tensor's range: int8 weights with one scale, int8 activations
};

/// Scales that are powers of two: the fractional length of each by a rule of choose_fl.h that needs only the
/// magnitude. Activations are then symmetric.
struct PowerOfTwoScales {
  FlMethod activation = FlMethod::kMax;
  FlMethod weight = FlMethod::kMax;
};

/// A clip that leaves every range as it is.
inline constexpr double kNoClip = std::numeric_limits<double>::infinity();

/// What becomes of a float network. Weights are symmetric, biases int32 (int8 activations) or int64 (int16).
struct Scheme {
  network::DType activation = network::DType::kInt8;  ///< kInt8, asymmetric; or kInt16, symmetric
  network::DType weight = network::DType::kInt8;      ///< kInt8 or kInt4
  WeightGranularity granularity = WeightGranularity::kPerChannel;
  /// Calibrated ranges are widened by this factor. A 16-bit code has a bit to spare, and clipping costs
  /// more than that bit (spec/nam_wavenet.md section 10).
  double headroom = 1.0;
  /// A tensor that is read by tanh (sigmoid) alone is clipped to +- this before it: the function is flat
  /// there, and the codes go where it is not.
  double tanh_clip = 4.0, sigmoid_clip = 8.0;
  ClipChoice clip = ClipChoice::kFixed;
  ActivationZeroPoint zero_point = ActivationZeroPoint::kFree;
  ActivationCodes activation_codes = ActivationCodes::kAll;
  WeightCodes weight_codes = WeightCodes::kRestricted;
  WeightZeroPoint weight_zero_point = WeightZeroPoint::kZero;
  /// Biases in fixed point of so many bits with a power-of-two step, the finest that holds the layer's
  /// largest, before they go to the accumulator's scale. Absent: at the accumulator's scale right away.
  std::optional<int> bias_bits;
  std::optional<PowerOfTwoScales> power_of_two;
};

/// int8 activations, clipped before tanh and sigmoid.
Scheme int8_scheme();
/// int16 activations with int8 weights, a factor of two of headroom; clipped only where 16 bits show nothing.
Scheme int16x8_scheme();

/// Gives every activation an affine and turns every constant into integers; the result can be lowered.
///
/// Outputs of tanh, sigmoid and softmax get the scale that their kernels fix. Tensors that operators tie
/// together (see rescale.h) share a scale; where a fixed scale is in the way a Quantize node is put between.
/// `clips` replace the scheme's clips of the tensors that they name.
/// Tensor ids stay those of `graph`; tensors may be appended. Throws base::UnsupportedError for a graph that
/// is already quantised or has weights that are not constant, base::InputError where a range is missing.
network::Graph assign_ranges(const network::Graph& graph, const Ranges& ranges, const Scheme& scheme,
                             const ActivationClips& clips = {});

/// A quantised network in both forms; tensor ids agree with the float graph's.
struct PostTrainingResult {
  network::Graph graph;  ///< with affines, before lowering
  network::QuantizedGraph quantized;
};

/// The whole way: rewrite (fold.h), calibrate, assign ranges, lower. `samples` are inputs of `graph`.
PostTrainingResult quantize_post_training(const network::Graph& graph,
                                          const std::vector<std::vector<network::Tensor>>& samples,
                                          const Scheme& scheme, const CalibrationMethod& method = {},
                                          const LowerOptions& options = {});

}  // namespace dlasim::quantize
