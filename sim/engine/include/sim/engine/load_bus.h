#pragma once
/// The load channel's word as each block's write port takes it.

#include "sim/blocks/post_processor.h"
#include "sim/blocks/word_memory.h"
#include "sim/memory/dma.h"

namespace dlasim::sim::engine {

/// Every block sees every loaded word; the target says whose it is. Refers to the word and lives no longer
/// than it.
class LoadBus {
 public:
  explicit LoadBus(const memory::LoadedWord& loaded)
      : loaded_(loaded),
        write_{loaded.word, {loaded.values.data(), loaded.count}},
        parameter_{loaded.word, loaded.entry, loaded.parameters},
        table_{loaded.word, loaded.entry, write_.values} {}
  LoadBus(const LoadBus&) = delete;
  LoadBus& operator=(const LoadBus&) = delete;

  /// The write to the buffer that `target` names, or null.
  const blocks::BufferWrite* buffer_write(arch::LoadTarget target) const {
    return is_for(target) ? &write_ : nullptr;
  }
  const blocks::ParameterWrite* parameter_write() const {
    return is_for(arch::LoadTarget::kParameter) ? &parameter_ : nullptr;
  }
  const blocks::TableWrite* table_write() const {
    return is_for(arch::LoadTarget::kTable) ? &table_ : nullptr;
  }

 private:
  bool is_for(arch::LoadTarget target) const { return loaded_.valid && loaded_.target == target; }

  const memory::LoadedWord& loaded_;
  const blocks::BufferWrite write_;
  const blocks::ParameterWrite parameter_;
  const blocks::TableWrite table_;
};

}  // namespace dlasim::sim::engine
