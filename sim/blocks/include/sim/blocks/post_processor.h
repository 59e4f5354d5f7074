#pragma once
/// Turns complete sums into output values: bias, requantise, table, combine, clamp.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fixed_point/requantize.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"
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

/// oc_lanes wide, a position a cycle, `post_processor.latency` cycles from a sum to its output word.
///
///   v = clamp(requantise(sum + bias) + zero point)      parameters of the position's slot
///   v = table(v)                                        lower and upper half of the lanes apart
///   v = combine(v, operand word or the gate's other lane)
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
  std::vector<arch::ChannelParameters>& parameter_registers() { return parameters_; }

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("requant", settings_.requant), v("combine", settings_.combine);
    pipeline_.registers(v);
  }

 private:
  void process(const ChannelSums& sums, OutputWord& out);
  void requantise_row(const ChannelSums& sums, const arch::ChannelParameters* channel,
                      std::int32_t* out) const;
  void process_staged(const ChannelSums& sums, OutputWord& out);
  std::int64_t requantise(std::int64_t biased, const arch::ChannelParameters& p,
                          std::uint32_t taps_inside) const;
  std::int64_t scale(std::int64_t v, arch::Requant rule, const arch::Scale& s) const;
  std::int32_t look_up(std::int64_t v, const arch::TableStage& stage) const;
  std::int64_t combine(std::int64_t first, std::int64_t second) const;
  void gate(std::size_t lanes, std::vector<std::int32_t>& values) const;
  arch::ChannelParameters& parameters(std::uint32_t slot, std::size_t oc_lane);

  const StagedSizes staged_sizes_;
  const std::size_t oc_lanes_;
  arch::PostSettings settings_;
  bool is_plain_ = false;  // requantisation and nothing else
  WordMemory operands_;
  std::uint32_t parameter_slots_;
  std::vector<arch::ChannelParameters> parameters_;
  std::array<std::vector<std::int32_t>, 2> tables_;
  std::unique_ptr<StagedOutput> staged_;
  bool requantises_staged_ = false, staged_has_operand_ = false;
  std::vector<std::int64_t> staged_values_;
  ElasticPipeline<OutputWord> pipeline_;
};

}  // namespace dlasim::sim::blocks
