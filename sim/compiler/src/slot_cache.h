#pragma once
/// Which data lies in which part of a buffer, and when the part may be written again.

#include <cstdint>
#include <optional>
#include <vector>

namespace dlasim::sim::compiler {

/// A buffer cut into equal slots. Data has a key; the slot that was used longest ago is given away.
template <class Key>
class SlotCache {
 public:
  /// `busy_until`: the use before which no slot may be written (what ran before).
  SlotCache(std::size_t slots, std::uint32_t busy_until) : slots_(slots, Slot{{}, busy_until}) {}

  struct Grant {
    std::uint32_t slot = 0;
    bool resident = false;         ///< the data is there already
    std::uint32_t free_after = 0;  ///< use that must be over before the slot is written
  };

  /// The slot for `key`, which use number `use` will read.
  Grant acquire(const Key& key, std::uint32_t use) {
    std::size_t oldest = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].key == key) {
        slots_[i].last_use = use;
        return {static_cast<std::uint32_t>(i), true, 0};
      }
      if (slots_[i].last_use < slots_[oldest].last_use) oldest = i;
    }
    const std::uint32_t free_after = slots_[oldest].last_use;
    slots_[oldest] = {key, use};
    return {static_cast<std::uint32_t>(oldest), false, free_after};
  }

 private:
  struct Slot {
    std::optional<Key> key;
    std::uint32_t last_use;
  };
  std::vector<Slot> slots_;
};

}  // namespace dlasim::sim::compiler
