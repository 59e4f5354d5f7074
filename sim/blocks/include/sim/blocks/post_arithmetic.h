#pragma once
/// The arithmetic of the post-processor without its pipeline: what becomes of one position's sums.
///
///   v = clamp(requantise(sum + bias) + zero point)
///   v = table(v)                                        lower and upper half of the lanes apart
///   v = combine(v, operand or the gate's other lane)

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fixed_point/requantize.h"
#include "sim/arch/command.h"

namespace dlasim::sim::blocks {

/// The units' rule for a command's. Throws base::SimulationError for kNone and kAverage, which have no
/// multiplier.
fixed_point::RequantizeRule rule_of(arch::Requant requant);

/// Rows of lanes one behind the other.
struct PostRows {
  std::int32_t* values = nullptr;
  std::size_t stride = 0;  ///< values from one row to the next
  std::size_t lanes = 0, count = 0;
  const std::int32_t* operands = nullptr;  ///< looked at if has_operand()
  std::size_t operand_stride = 0;
};

class PostArithmetic {
 public:
  /// `table_entries`: of each of the two tables.
  explicit PostArithmetic(int table_entries);

  void configure(const arch::PostSettings& settings);
  const arch::PostSettings& settings() const { return settings_; }
  /// Writes table entries from `entry` on. Throws base::SimulationError beyond the table's end.
  void write_table(std::uint32_t bank, std::uint32_t entry, std::span<const std::int32_t> values);

  /// Whether the third stage reads the operand buffer.
  bool has_operand() const {
    return settings_.combine != arch::Combine::kNone && settings_.combine != arch::Combine::kGate;
  }
  /// First stage, of one lane; `biased` is sum + bias.
  std::int64_t requantise(std::int64_t biased, const arch::ChannelParameters& p,
                          std::uint32_t taps_inside) const;
  /// First stage of `lanes` lanes, those of `channels` first and multipliers of 0 behind them, as one unit
  /// that gives what requantise() gives; absent where the settings ask for more than a multiplier.
  std::optional<fixed_point::RequantizeRow> row_unit(std::span<const arch::ChannelParameters> channels,
                                                     std::size_t lanes) const;
  /// Second and third stage, in place, all lanes of a row at a time where the settings allow it.
  void finish_rows(const PostRows& rows) const;
  /// Whether finish_rows() leaves its lanes alone.
  bool finishes_nothing() const;

 private:
  /// combine() on rows of lanes: the units of the two operands, where they are scaled, and of the result.
  struct CombineUnits {
    std::optional<fixed_point::RequantizeRow> first, second;
    fixed_point::RequantizeRow combined;
  };
  std::optional<CombineUnits> combine_units() const;
  void combine_row(std::int32_t* first, std::int32_t* second, std::size_t n) const;
  void look_up_row(std::span<std::int32_t> lanes, const arch::TableStage& stage) const;
  /// finish_rows() of one row, lane by lane.
  void finish(std::span<std::int32_t> lanes, const std::int32_t* operand) const;
  std::int64_t scale(std::int64_t v, arch::Requant rule, const arch::Scale& s) const;
  std::int32_t look_up(std::int32_t x, const arch::TableStage& stage) const;
  std::int64_t combine(std::int64_t first, std::int64_t second) const;

  arch::PostSettings settings_;
  std::optional<CombineUnits> units_;  ///< absent: lane by lane
  std::array<std::vector<std::int32_t>, 2> tables_;
};

}  // namespace dlasim::sim::blocks
