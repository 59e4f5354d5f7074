#include "sim/cosim/core_outputs.h"

#include <array>

namespace dlasim::sim::cosim {
namespace {

using blocks::Handshake;

constexpr std::array<const char*, blocks::kHandshakes> kValid{"valid_o[tap_request]", "valid_o[activation]",
                                                              "valid_o[lane_sums]",   "valid_o[channel_sums]",
                                                              "valid_o[totals]",      "valid_o[output]"};
constexpr std::array<const char*, blocks::kHandshakes> kReady{"ready_o[tap_request]", "ready_o[activation]",
                                                              "ready_o[lane_sums]",   "ready_o[channel_sums]",
                                                              "ready_o[totals]",      "ready_o[output]"};

CoreOutputs outputs_of(const RtlCore& c) {
  CoreOutputs o;
  for (std::size_t i = 0; i < blocks::kHandshakes; ++i) {
    const auto h = static_cast<Handshake>(i);
    o.valid[i] = c.valid(h), o.ready[i] = c.ready(h);
  }
  o.tile_ready = c.tile_ready(), o.idle = c.idle();
  o.ic_tiles_loaded = c.ic_tiles_loaded(), o.ic_tiles_consumed = c.ic_tiles_consumed();
  o.tiles_done = c.tiles_done();
  if (c.data_valid()) o.data = &c.data();
  o.layer = c.layer();
  return o;
}

void observe(const CoreOutputs& c, Observation& o) {
  for (std::size_t i = 0; i < blocks::kHandshakes; ++i) o(kValid[i], c.valid[i]), o(kReady[i], c.ready[i]);
  o("tile_ready_o", c.tile_ready), o("idle_o", c.idle);
  o("ic_tiles_loaded_o", c.ic_tiles_loaded), o("ic_tiles_consumed_o", c.ic_tiles_consumed);
  o("tiles_done_o", c.tiles_done), o("data_valid_o", c.data != nullptr);
  if (c.data != nullptr) o("data_o", *c.data);
  if (c.valid[static_cast<std::size_t>(Handshake::kOutput)]) o("layer_o", c.layer);
}

}  // namespace

CoreComparison compare_core(const CoreOutputs& expected, const RtlCore& core, std::uint64_t cycle,
                            Comparison& comparison) {
  CoreComparison compared;
  observe(expected, compared.expected);
  observe(outputs_of(core), compared.got);
  const bool offers = expected.valid[static_cast<std::size_t>(Handshake::kOutput)];
  if (offers) compared.place = {true, expected.layer, expected.word};
  comparison.compare("core", cycle, compared.expected, compared.got, compared.place);
  return compared;
}

}  // namespace dlasim::sim::cosim
