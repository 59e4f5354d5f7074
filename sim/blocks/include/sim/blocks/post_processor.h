#pragma once
/// Turns complete sums into output values: bias, requantise, table, combine, clamp.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
#include "sim/blocks/post_arithmetic.h"
#include "sim/blocks/staged_datapath.h"
#include "sim/blocks/word_memory.h"

namespace dlasim::sim::blocks {

/// Words that the DMA writes into the post-processor's memories.
struct ParameterWrite {
  std::uint32_t slot = 0, oc_lane = 0;
  arch::ChannelParameters parameters;
};
struct TableWrite {
  std::uint32_t bank = 0, entry = 0;
  std::span<const std::int32_t> values;
};

/// oc_lanes wide, a position a cycle, `post_processor.latency` cycles from a sum to its output word, which
/// is made of it by PostArithmetic, with the parameters of the position's slot.
class PostProcessor {
 public:
  explicit PostProcessor(const arch::Hardware& hardware);

  struct In {
    const ChannelSums* sums = nullptr;  ///< accepted, only while `ready`
    const BufferWrite* operand = nullptr;
    const ParameterWrite* parameter = nullptr;
    const TableWrite* table = nullptr;
    bool out_taken = false;
  };

  void configure(const arch::Configure& settings);
  void configure(const arch::ConfigureStaged& settings);
  /// The units of the staged layer that runs, or null.
  StagedBlock* staged() { return staged_.get(); }

  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const OutputWord& out() const { return pipeline_.front(); }
  void step(const In& in);

  /// The parameter registers, [slot][oc]: for faults on purpose.
  std::vector<arch::ChannelParameters>& parameter_registers() {
    forget_units();
    return parameters_;
  }

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("requant", arithmetic_.settings().requant), v("combine", arithmetic_.settings().combine);
    pipeline_.registers(v);
  }

 private:
  /// The first `lanes` channels of a slot as one unit, where it reads the sums' low halves. Made when a
  /// position first needs it, and again after any change of what it is made of.
  struct SlotUnit {
    std::size_t lanes = 0;                          ///< 0: to be made
    std::optional<fixed_point::RequantizeRow> row;  ///< absent: lane by lane
    std::vector<std::uint32_t> biases;              ///< low halves
  };

  void process(const ChannelSums& sums, OutputWord& out);
  void requantise(const ChannelSums& sums, std::span<std::int32_t> out);
  void process_staged(const ChannelSums& sums, OutputWord& out);
  arch::ChannelParameters& parameters(std::uint32_t slot, std::size_t oc_lane);
  const SlotUnit& unit_of(std::uint32_t slot, std::size_t lanes);
  void forget_units();

  const StagedSizes staged_sizes_;
  const std::size_t oc_lanes_;
  WordMemory operands_;
  std::uint32_t parameter_slots_;
  std::vector<arch::ChannelParameters> parameters_;
  PostArithmetic arithmetic_;
  std::vector<SlotUnit> units_;  // [slot]
  std::vector<std::int32_t> biased_;
  std::unique_ptr<StagedOutput> staged_;
  bool requantises_staged_ = false, staged_has_operand_ = false;
  std::vector<std::int64_t> staged_values_;
  ElasticPipeline<OutputWord> pipeline_;
};

}  // namespace dlasim::sim::blocks
