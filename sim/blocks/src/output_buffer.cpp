#include "sim/blocks/output_buffer.h"

#include <algorithm>

namespace dlasim::sim::blocks {

OutputBuffer::OutputBuffer(const arch::Hardware& hardware)
    : memory_("output buffer", hardware.output_words(), hardware.pe_array.oc_lanes),
      data_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)) {}

void OutputBuffer::step(const In& in) {
  data_valid_ = in.read;
  if (in.read) std::ranges::copy(memory_.read(in.read_word), data_.begin());
  if (in.write == nullptr) return;
  if (in.write->write) std::ranges::copy(in.write->value, memory_.word(in.write->word).begin());
  tiles_done_ += static_cast<std::uint64_t>(in.write->last_of_tile);
}

}  // namespace dlasim::sim::blocks
