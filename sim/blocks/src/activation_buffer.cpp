#include "sim/blocks/activation_buffer.h"

#include <algorithm>

namespace dlasim::sim::blocks {
namespace {

ActivationBeat empty_beat(int lanes) {
  return {std::vector<std::int32_t>(static_cast<std::size_t>(lanes)), {}};
}

}  // namespace

ActivationBuffer::ActivationBuffer(const arch::Hardware& hardware)
    : memory_("activation buffer", hardware.activation_words(), hardware.pe_array.ic_lanes),
      pipeline_(1, empty_beat(hardware.pe_array.ic_lanes)) {}

void ActivationBuffer::step(const In& in) {
  if (in.request != nullptr) respond(*in.request);
  pipeline_.step(in.request != nullptr, in.out_taken);
  // After the read: a word written in the cycle of its read is seen from the next cycle on.
  if (in.write != nullptr) std::ranges::copy(in.write->values, memory_.word(in.write->word).begin());
}

void ActivationBuffer::respond(const TapRequest& request) {
  ActivationBeat& beat = pipeline_.tail();
  beat.request = request;
  if (request.padded) {
    std::ranges::fill(beat.x, pad_value_);
  } else {
    std::ranges::copy(memory_.read(request.word), beat.x.begin());
  }
}

}  // namespace dlasim::sim::blocks
