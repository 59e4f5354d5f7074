#pragma once
/// The Verilated datapath as a whole: rtl_models/core.sv.

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/handshake.h"
#include "sim/cosim/rtl_block.h"
#include "sim/memory/dma.h"

namespace dlasim::sim::cosim {

class RtlCore : public RtlInstance {
 public:
  /// What reaches the datapath in one cycle.
  struct In {
    const arch::Configure* configure = nullptr;  ///< takes effect from the next cycle on
    const arch::ConfigureStaged* configure_staged = nullptr;
    const arch::RunTile* tile = nullptr;       ///< only while `tile_ready`
    const memory::LoadedWord* load = nullptr;  ///< valid words only
    bool read = false;
    std::uint32_t read_word = 0;
    blocks::HandshakeFlags hold{};  ///< hand-shakes that do not take place
  };

  virtual void step(const In& in) = 0;
  virtual bool tile_ready() const = 0;
  virtual bool idle() const = 0;  ///< no tile waits or is walked
  virtual bool valid(blocks::Handshake h) const = 0;
  virtual bool ready(blocks::Handshake h) const = 0;
  virtual std::uint32_t layer() const = 0;  ///< of the word that the post-processor offers
  virtual bool data_valid() const = 0;
  /// Modulo 2^32.
  virtual std::uint32_t tiles_done() const = 0;
  virtual std::uint32_t ic_tiles_loaded() const = 0;
  virtual std::uint32_t ic_tiles_consumed() const = 0;
  /// The output buffer's answer; only while `data_valid`.
  const std::vector<std::int32_t>& data() const { return data_; }

 protected:
  std::vector<std::int32_t> data_;
};

/// As make_rtl.
std::unique_ptr<RtlCore> make_rtl_core(const arch::Hardware& hardware,
                                       const RtlToolchain& toolchain = RtlToolchain::from_environment());

}  // namespace dlasim::sim::cosim
