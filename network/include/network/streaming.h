#pragma once
/// A sequence network rewritten to run a few samples at a time, each layer's past kept in a ring buffer
/// (spec/wavenet.md section 3). No arithmetic is added: the integers are those of the whole sequence.

#include <cstdint>
#include <span>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::network {

/// The past that one convolution with several taps needs, K taps at dilation d. The ring holds (K-1) d
/// positions of its source.
///
/// Where d is smaller than the hop, the convolution reads the whole ring and then the new positions. Else it
/// reads only the positions that its taps meet: `hop` of each old tap, gathered from the ring, and the new
/// ones; its dilation is then `hop`.
struct DelayLine {
  TensorId source = kNoTensor;  ///< [1, 1, hop, C]: what enters the ring after each hop
  TensorId past = kNoTensor;    ///< a graph input: what the convolution reads before the new positions
  std::int64_t taps = 1;        ///< K
  std::int64_t dilation = 1;    ///< d of the sequence network
  std::int64_t rest = 0;        ///< code of the padding: what the ring holds before the first sample

  /// (K-1) d
  std::int64_t length() const { return (taps - 1) * dilation; }
};

/// The network for one hop. Tensor ids of the sequence network stay, with `hop` positions instead of T;
/// inputs are the sequence network's, then the `past` of each delay line; outputs the sequence network's,
/// then the sources that are no inputs.
struct StreamingGraph {
  QuantizedGraph graph;
  std::vector<DelayLine> delay_lines;
  std::int64_t hop = 1;
  std::size_t network_inputs = 0, network_outputs = 0;  ///< how many of each are the sequence network's
};

/// `sequence`: activations [1, 1, T, C], causal convolutions (all padding on the left, (K-1) d of it), else
/// operators that work position by position. `hop` from 1. Throws base::UnsupportedError that names the node
/// for anything else, base::InputError for a hop below 1.
StreamingGraph make_streaming(const QuantizedGraph& sequence, std::int64_t hop);

/// The ring buffers while a stream runs.
class StreamState {
 public:
  /// Every ring holds its resting code, as the padding of the sequence network does.
  explicit StreamState(const StreamingGraph& streaming);

  /// All inputs of the hop graph, for the network's own ones (each with `hop` positions).
  std::vector<Tensor> inputs(std::span<const Tensor> network_inputs) const;

  /// After a hop: `tensors` by id; those of inputs may be empty, they are taken from `network_inputs`.
  void advance(std::span<const Tensor> tensors, std::span<const Tensor> network_inputs);

  /// Values that all rings hold together: the on-chip memory that a stream needs.
  std::int64_t values() const;

 private:
  struct Ring {
    Tensor data;            ///< [1, 1, length, C]
    std::int64_t next = 0;  ///< where the next position goes: the oldest one
  };
  Tensor past_of(const DelayLine& line, const Ring& ring) const;
  void push(const DelayLine& line, Ring& ring, const Tensor& source) const;

  const StreamingGraph& streaming_;
  std::vector<Ring> rings_;
};

/// Positions begin..begin+count-1 (axis 2) of a tensor [1, 1, T, C]; those from T on hold 0.
Tensor positions(const Tensor& tensor, std::int64_t begin, std::int64_t count);

/// Writes `part` at position `begin` of `whole` (both [1, 1, ., C], one dtype); what does not fit is left
/// out.
void place_positions(const Tensor& part, std::int64_t begin, Tensor& whole);

}  // namespace dlasim::network
