#pragma once
/// Which activation gets which scale: fixed by its operator, shared with others, or its own.

#include <optional>
#include <vector>

#include "network/graph.h"
#include "quantize/calibration.h"
#include "quantize/post_training.h"

namespace dlasim::quantize {

class ScalePlan {
 public:
  /// Throws as assign_ranges does.
  ScalePlan(const network::Graph& graph, const Ranges& ranges, const Scheme& scheme,
            const ActivationClips& clips);

  /// The affine of an activation, or of a constant that is used as one. None for weights, biases, states.
  const std::optional<network::Affine>& affine(network::TensorId id) const {
    return affines_[static_cast<std::size_t>(id)];
  }

 private:
  void find_activations();
  void fix_recorded();
  void fix_outputs();
  void fix_operands();
  void join();
  void find_clips();
  void assign();
  void scale_silent(std::vector<bool>& silent);
  void bound_sums();
  void refuse_finer_sum(const network::Node& node, float finest) const;
  std::optional<network::Affine>& scale_slot(std::size_t tensor);
  std::size_t root(std::size_t tensor);
  double clip_of(const network::Node& reader) const;

  const network::Graph& graph_;
  const Ranges& ranges_;
  const Scheme& scheme_;
  const ActivationClips& clips_;
  std::vector<bool> activation_;
  std::vector<std::optional<network::Affine>> fixed_, affines_;
  std::vector<std::size_t> parent_;  ///< union-find over tensors that share a scale
  std::vector<double> clip_;         ///< by root: largest clip that every reader allows
};

/// Positions in `node.inputs` that hold activations; the others are weights, biases or states.
std::vector<std::size_t> activation_operands(const network::Node& node);

}  // namespace dlasim::quantize
