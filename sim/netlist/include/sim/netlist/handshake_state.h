#pragma once
/// What all hand-shakes and counters between the blocks show in one cycle: the measure by which the
/// schedulers of the blocks are compared.

#include <cstdint>

#include "sim/blocks/handshake.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::netlist {

struct HandshakeState {
  std::uint64_t cycle = 0;
  blocks::HandshakeFlags valid{}, ready{}, moves{};
  bool words_valid = false, words_ready = false;
  bool load_valid = false, load_ready = false;
  bool store_valid = false, store_ready = false;
  bool tile_valid = false, tile_ready = false;
  bool configure_valid = false;
  bool idle = false;  ///< no tile waits or is walked
  bool loaded_valid = false, row_valid = false, read_valid = false, data_valid = false;
  std::uint32_t loads_done = 0, stores_done = 0;
  std::uint64_t tiles_done = 0, ic_tiles_loaded = 0, ic_tiles_consumed = 0;
  /// Hash of every field of every beat that is valid in this cycle.
  std::uint64_t beats = 0;

  friend bool operator==(const HandshakeState&, const HandshakeState&) = default;
};

/// The blocks' own state, by their step objects.
HandshakeState handshake_state(const trace::AcceleratorView& view);

/// FNV-1a over the fields of beats, in 64-bit steps.
class BeatHash {
 public:
  template <class Beat>
  void add(const Beat& beat) {
    beat.fields(*this);
  }
  void operator()(const char* /*name*/, std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U; }
  template <class T>
  void operator()(const char* name, const T& value) {
    (*this)(name, static_cast<std::uint64_t>(value));
  }
  template <class T>
  void operator()(const char* name, const std::vector<T>& values) {
    for (const T value : values) (*this)(name, static_cast<std::uint64_t>(value));
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace dlasim::sim::netlist
