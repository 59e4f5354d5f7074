#pragma once
/// One staged multiply-accumulate layer: what is fixed for the layer (StagedLayer), and the units with
/// which its elements are computed one after the other (ElementEngine).

#include <optional>
#include <vector>

#include "golden/requantize.h"
#include "golden/staged.h"
#include "staged_geometry.h"
#include "staged_tensor.h"
#include "staged_unit.h"

namespace dlasim::golden {

/// The layer, checked and with its input decoded.
class StagedLayer {
 public:
  StagedLayer(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
              const StagedTensorLookup& lookup);

  const network::StagedNumerics& numerics() const { return *numerics_; }
  const Geometry& geometry() const { return geometry_; }
  bool block_mode() const { return numerics_->mx_mode == network::MxMode::kBlock; }
  std::int64_t lanes() const { return lanes_; }
  const OperandReader& input() const { return input_; }
  const OperandReader& weight() const { return weight_; }
  const std::optional<OperandReader>& bias() const { return bias_; }
  const std::optional<OutputStage>& requantization() const { return requantization_; }

  /// As multiplied: decoded, or in block mode the elements alone.
  const Value& input_value(std::int64_t i) const { return input_values_[static_cast<std::size_t>(i)]; }
  /// Weights of output channel o, [channel][tap], decoded likewise.
  std::vector<Value> channel_weights(std::int64_t o) const;

 private:
  void check_block_mode() const;

  const network::StagedNumerics* numerics_;
  Geometry geometry_;
  std::int64_t lanes_;
  OperandReader input_, weight_;
  std::optional<OperandReader> bias_;
  std::optional<OutputStage> requantization_;  ///< affine layers
  std::vector<Value> input_values_;
};

/// Where an element is, and its operands.
struct ElementContext {
  std::int64_t index = 0;            ///< e
  std::int64_t channel = 0;          ///< o
  std::vector<std::int64_t> pixels;  ///< per tap: flat index of the group's first input channel; -1: padded
  const Value* weights = nullptr;    ///< [channel][tap]
};

/// The units of one element at a time. Not shared between threads.
class ElementEngine {
 public:
  explicit ElementEngine(const StagedLayer& layer);

  /// Runs one element; `recorder` sees every step (NoRecorder, TraceRecorder). Returns the code, or the
  /// integer of an affine layer.
  template <class Recorder>
  std::int64_t run(const ElementContext& context, Recorder& recorder);

  StageEvents events() const;

 private:
  template <class Recorder>
  Value reduce_tiles(const ElementContext& context, Recorder& recorder);
  template <class Recorder>
  Value reduce_lane(const ElementContext& context, std::int64_t lane, std::int64_t channel,
                    Recorder& recorder);
  template <class Recorder>
  Value reduce_blocks(const ElementContext& context, Recorder& recorder);
  template <class Recorder>
  Value reduce_block(const ElementContext& context, std::int64_t first, std::int64_t tap, Recorder& recorder);
  template <class Recorder>
  Value reduce_tree(Recorder& recorder);
  template <class Recorder>
  std::int64_t finish(const ElementContext& context, Value total, Recorder& recorder);
  void start_element(std::int64_t e);

  const StagedLayer& layer_;
  std::int64_t width_;  ///< W
  UnitBank product_, accumulator_, partial_sum_, bias_, activation_, output_, block_;
  std::vector<UnitBank> tree_;  ///< one a level, leaves first
  std::vector<Value> nodes_;    ///< W
};

/// Sees nothing, costs nothing.
struct NoRecorder {
  void tap(const ElementContext&, std::int64_t, std::int64_t, std::int64_t, const Value&, const Value&,
           const Converted&) {}
  void accumulator(const Converted&) {}
  void start_lane() {}
  void start_tile() {}
  void start_block(const ElementContext&, std::int64_t, std::int64_t) {}
  void start_level() {}
  void node(const Converted&) {}
  void block(const Converted&) {}
  void partial_sum(const Converted&) {}
  void bias(const ElementContext&, const Value&, const Converted&) {}
  void function(const Value&) {}
  void activation(const Converted&) {}
  void output(const Converted&) {}
  void affine_output(std::int64_t) {}
};

}  // namespace dlasim::golden
