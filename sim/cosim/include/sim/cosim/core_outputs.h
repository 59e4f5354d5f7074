#pragma once
/// What leaves the datapath in one cycle, of a model or of the Verilated core alike.

#include <cstdint>
#include <vector>

#include "sim/blocks/handshake.h"
#include "sim/cosim/lockstep.h"
#include "sim/cosim/rtl_core.h"

namespace dlasim::sim::cosim {

struct CoreOutputs {
  blocks::HandshakeFlags valid{}, ready{};
  bool tile_ready = false, idle = false;
  std::uint32_t ic_tiles_loaded = 0, ic_tiles_consumed = 0, tiles_done = 0;
  const std::vector<std::int32_t>* data = nullptr;  ///< the output buffer's answer, if it has one
  std::uint32_t layer = 0, word = 0;  ///< of the word that the post-processor offers, if it does
};

/// What was compared.
struct CoreComparison {
  Observation expected, got;
  Place place;
};

/// Every output port of the core against the model's; `cycle` is counted from reset.
CoreComparison compare_core(const CoreOutputs& expected, const RtlCore& core, std::uint64_t cycle,
                            Comparison& comparison);

}  // namespace dlasim::sim::cosim
