#pragma once
/// Counts a run's cycles, layer by layer, from what moves in each cycle.

#include <cstdint>
#include <vector>

#include "fixed_point/reduce.h"
#include "sim/blocks/handshake.h"

namespace dlasim::sim::engine {

/// Where the cycles of one layer went.
struct LayerCounters {
  std::uint64_t first_cycle = 0, last_cycle = 0;  ///< from the first tap request to the last output word
  std::uint64_t beats = 0;                        ///< cycles in which the PE array took an activation
  std::uint64_t output_words = 0;
  fixed_point::PointEvents events{};  ///< of the truncation units, by fixed_point::Point
};

/// What moved in one cycle.
struct CycleActivity {
  blocks::HandshakeFlags moves{};
  bool control_moves = false;          ///< a command is issued, or the DMA moves a word
  std::uint32_t activation_layer = 0;  ///< of the beat that the PE array takes
  std::uint32_t output_layer = 0;      ///< of the word that the output buffer takes

  bool moved(blocks::Handshake h) const { return moves[static_cast<std::size_t>(h)]; }
};

class RunCounters {
 public:
  explicit RunCounters(std::size_t layers) : layers_(layers) {}

  /// The cycle ends.
  void count(const CycleActivity& activity) {
    bool progress = activity.control_moves;
    for (const bool moves : activity.moves) progress |= moves;
    if (progress) last_progress_ = cycle_;
    if (activity.moved(blocks::Handshake::kActivation)) {
      LayerCounters& layer = layers_.at(activity.activation_layer);
      if (layer.beats++ == 0) layer.first_cycle = cycle_;
    }
    if (activity.moved(blocks::Handshake::kOutput)) {
      LayerCounters& layer = layers_.at(activity.output_layer);
      layer.last_cycle = cycle_;
      ++layer.output_words;
    }
    ++cycle_;
  }
  void add_events(std::uint32_t layer, const fixed_point::PointEvents& events) {
    fixed_point::PointEvents& sum = layers_.at(layer).events;
    for (std::size_t point = 0; point < events.size(); ++point) sum[point] += events[point];
  }
  /// A new stream begins: waiting for it was no lack of progress.
  void restart() { last_progress_ = cycle_; }

  /// Cycles that have ended.
  std::uint64_t cycle() const { return cycle_; }
  /// Cycles since anything moved.
  std::uint64_t idle_cycles() const { return cycle_ - last_progress_; }
  const std::vector<LayerCounters>& layers() const { return layers_; }

 private:
  std::uint64_t cycle_ = 0, last_progress_ = 0;
  std::vector<LayerCounters> layers_;
};

}  // namespace dlasim::sim::engine
