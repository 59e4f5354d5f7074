#pragma once
/// Holds input regions and answers tap requests; padded taps get the pad value.

#include <optional>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
#include "sim/blocks/word_memory.h"

namespace dlasim::sim::blocks {

/// One write (DMA) and one read (address generator) a cycle. Read latency 1.
class ActivationBuffer {
 public:
  explicit ActivationBuffer(const arch::Hardware& hardware);

  struct In {
    const TapRequest* request = nullptr;  ///< accepted request, only while `ready`
    const BufferWrite* write = nullptr;
    bool out_taken = false;
  };

  void configure(const arch::Configure& settings) { pad_value_ = settings.pad_value; }

  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const ActivationBeat& out() const { return pipeline_.front(); }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("pad_value", pad_value_);
    pipeline_.registers(v);
  }

 private:
  void respond(const TapRequest& request);

  WordMemory memory_;
  std::int32_t pad_value_ = 0;
  ElasticPipeline<ActivationBeat> pipeline_;
};

}  // namespace dlasim::sim::blocks
