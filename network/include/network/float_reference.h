#pragma once
/// The float reference: what a Graph computes in real arithmetic (float32). Calibration reads its
/// tensors, and the accuracy of a quantised network is measured against it.

#include <functional>
#include <memory>
#include <vector>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::network {

/// The real values of an integer tensor: scale * (q - zero_point), computed in double, rounded once.
/// Without an affine the integers themselves. Throws base::InputError if the affine does not fit the shape.
Tensor dequantize(const Tensor& tensor, const std::optional<Affine>& affine);

/// Runs a graph in float32.
///
/// Weights of up to some millions are repacked once, so one object serves many runs. Integer constants and
/// integer inputs are read through their affine and Quantize and Dequantize are the identity: an imported
/// integer model runs as the real-valued network that it approximates. Recurrent state (Svdf, Lstm) starts at
/// zero, or at the state's constant, in every run. tanh, exp and the like are those of <cmath>.
class FloatReference {
 public:
  /// Called for every graph input, then for every node's output, in execution order. The tensor is
  /// float32 and lives only during the call.
  using Observer = std::function<void(TensorId, const Tensor&)>;

  /// Keeps a reference: `graph` must outlive the object. Throws base::InputError on a node whose operands
  /// do not fit its operator.
  explicit FloatReference(const Graph& graph);
  explicit FloatReference(Graph&&) = delete;
  ~FloatReference();
  FloatReference(FloatReference&&) noexcept;
  FloatReference& operator=(FloatReference&&) noexcept;

  /// The graph's outputs, float32. `inputs` are in the order of `graph.inputs`, with their shapes; float32,
  /// or the declared integer type. An intermediate tensor is freed after its last use.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs, const Observer& observer = {}) const;

 private:
  struct Prepared;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace dlasim::network
