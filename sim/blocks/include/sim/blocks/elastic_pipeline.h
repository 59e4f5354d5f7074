#pragma once
/// The hand-shake that all blocks share: a pipeline that ends in a two-entry output queue.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dlasim::sim::blocks {

/// `latency` registers between a beat's acceptance and its offer at the output, the last of them a
/// two-entry queue. Because of the second entry, `can_accept` depends on state alone and still a beat moves
/// every cycle: no combinational path runs from the consumer's ready to the producer.
///
/// Beats are written once, into `tail()`, and read where they lie: a ring holds them while the valid bits
/// move. RTL twin: rtl_models/elastic_pipeline.sv.
template <class Beat>
class ElasticPipeline {
 public:
  /// latency 1..63; `prototype` fixes the sizes of the beats' arrays.
  ElasticPipeline(int latency, const Beat& prototype)
      : last_stage_(latency > 1 ? std::uint64_t{1} << (latency - 2) : 0),
        ring_(static_cast<std::size_t>(latency) + kQueueEntries, prototype) {}

  /// ready_o: a beat may be pushed in this cycle.
  bool can_accept() const {
    return queued_ < kQueueEntries || (last_stage_ != 0 && (moving_ & last_stage_) == 0);
  }
  /// valid_o
  bool valid() const { return queued_ != 0; }
  /// No beat anywhere between acceptance and the consumer.
  bool empty() const { return queued_ == 0 && moving_ == 0; }
  const Beat& front() const { return ring_[head_]; }
  /// Where the next beat is put together; becomes part of the pipeline when `step` is told of the push.
  Beat& tail() { return ring_[tail_]; }
  const Beat& tail() const { return ring_[tail_]; }

  /// The valid bits for waves: `v(name, value)` is called for each register.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("queued", queued_), v("moving", moving_);
  }

  /// One clock edge. `pushed` requires `can_accept()`, `popped` requires `valid()`.
  void step(bool pushed, bool popped) {
    if (can_accept()) {
      bool arrives = pushed;
      if (last_stage_ != 0) {
        arrives = (moving_ & last_stage_) != 0;
        moving_ = ((moving_ << 1) | static_cast<std::uint64_t>(pushed)) & ((last_stage_ << 1) - 1);
      }
      queued_ += static_cast<unsigned>(arrives);
    }
    queued_ -= static_cast<unsigned>(popped);
    if (pushed) tail_ = next(tail_);
    if (popped) head_ = next(head_);
  }

 private:
  static constexpr unsigned kQueueEntries = 2;
  std::size_t next(std::size_t i) const { return i + 1 == ring_.size() ? 0 : i + 1; }

  std::uint64_t last_stage_;  // bit of the stage before the queue; 0: the queue is the only register
  std::uint64_t moving_ = 0;  // valid bits of the stages, youngest in bit 0
  unsigned queued_ = 0;
  std::size_t head_ = 0, tail_ = 0;
  std::vector<Beat> ring_;
};

}  // namespace dlasim::sim::blocks
