#pragma once
/// What the blocks of a staged layer have in common: formats, wires, random states.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fixed_point/block_kernels.h"
#include "fixed_point/kernels.h"
#include "fixed_point/narrow_kernels.h"
#include "fixed_point/reduce.h"
#include "sim/arch/staged_settings.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

/// A layer's settings in the terms of fixed_point.
class StagedUnits {
 public:
  StagedUnits(const arch::StagedSettings& settings, const StagedSizes& sizes);

  /// The units of one layer: the blocks, which are configured one after the other, share the last one made.
  static std::shared_ptr<const StagedUnits> shared(const arch::StagedSettings& settings,
                                                   const StagedSizes& sizes);

  const arch::StagedSettings& settings() const { return settings_; }
  const StagedSizes& sizes() const { return sizes_; }
  int tree_levels() const { return fixed_point::tree_levels(static_cast<int>(sizes_.ic_lanes)); }
  const fixed_point::Activation& activation() const { return activation_; }
  /// Whether lanes and tree have carriers.
  bool carries_array() const { return kernels_ != nullptr || blocks_ != nullptr; }
  /// Not null: lanes and tree have carriers of 64 bits or fewer. Not in block mode.
  const fixed_point::StagedKernels* array_kernels() const { return kernels_.get(); }
  /// Not null: the wires behind the tree are doubles; else they are codes. In block mode of the units behind
  /// the unit `block`.
  const fixed_point::StagedKernels* kernels() const {
    return blocks_ ? &blocks_->tail() : carries_totals_ ? kernels_.get() : nullptr;
  }
  /// Not null in block mode, if wires are doubles.
  const fixed_point::BlockKernels* block_kernels() const { return blocks_.get(); }
  /// Not null, one of them at most: lanes and tree have carriers of 32 bits. Only if array_kernels() is not
  /// null.
  const fixed_point::FixedKernels* fixed_kernels() const { return fixed_ ? &*fixed_ : nullptr; }
  const fixed_point::FloatKernels* float_kernels() const { return float_ ? &*float_ : nullptr; }
  bool reduces_blocks() const { return settings_.datapath == arch::StagedDatapath::kBlocks; }
  /// What a lane hands to the tree, and the tree to the partial sums.
  const fixed_point::Format& lane_format() const {
    return reduces_blocks() ? settings_.product : settings_.accumulator;
  }
  const fixed_point::Format& tree_format() const;

 private:
  int ic_lanes() const { return static_cast<int>(sizes_.ic_lanes); }
  void make_carriers(const fixed_point::StagedFormats& formats, fixed_point::OperandFormats operands);
  void make_block_carriers(const fixed_point::StagedFormats& formats,
                           const fixed_point::OperandFormats& operands);

  arch::StagedSettings settings_;
  StagedSizes sizes_;
  fixed_point::Activation activation_;
  std::unique_ptr<const fixed_point::StagedKernels> kernels_;
  bool carries_totals_ = false;
  std::unique_ptr<const fixed_point::BlockKernels> blocks_;
  std::optional<fixed_point::FixedKernels> fixed_;
  std::optional<fixed_point::FloatKernels> float_;
};

/// A value on a wire between two blocks whose format is known. A value of kind exact, the product of two MX
/// elements, goes as a double, which holds it.
std::int64_t to_wire(const fixed_point::Converted& value, const fixed_point::Format& format);
fixed_point::Exact from_wire(std::int64_t wire, const fixed_point::Format& format);

/// The random states of one point's units in a block, by position and unit. Not stochastic: no state.
class UnitStates {
 public:
  UnitStates(const fixed_point::Format& format, fixed_point::Point point, std::size_t units)
      : format_(format), point_(point), units_(units) {}
  const fixed_point::Format& format() const { return format_; }
  bool is_stochastic() const { return format_.rounding == fixed_point::Rounding::kStochastic; }
  void seed(std::uint32_t position, std::size_t unit, std::uint32_t instance, std::uint32_t element) {
    if (!is_stochastic()) return;
    state(position, unit) = fixed_point::Lfsr::seeded_state(format_.lfsr, point_, instance, element);
  }
  /// One for every value converted.
  std::uint32_t draw(std::uint32_t position, std::size_t unit) {
    if (!is_stochastic()) return 0;
    std::uint32_t& s = state(position, unit);
    fixed_point::Lfsr lfsr(format_.lfsr.bits, s);
    const std::uint32_t r = lfsr.draw();
    s = lfsr.state();
    return r;
  }

 private:
  std::uint32_t& state(std::uint32_t position, std::size_t unit) {
    if (position >= states_.size()) states_.resize(position + std::size_t{1});
    if (states_[position].empty()) states_[position].resize(units_, 1);
    return states_[position][unit];
  }

  fixed_point::Format format_;
  fixed_point::Point point_;
  std::size_t units_;
  std::vector<std::vector<std::uint32_t>> states_;
};

/// Sign-extended from the format's bits.
inline std::int64_t sign_extended(std::uint64_t code, int bits) {
  return static_cast<std::int64_t>(code << (64 - bits)) >> (64 - bits);
}

// The two forms of each block: doubles through row units, codes through scalar units.
std::unique_ptr<StagedLanes> make_carrier_lanes(std::shared_ptr<const StagedUnits> units,
                                                const StagedSizes& sizes);
std::unique_ptr<StagedTree> make_carrier_tree(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes);
std::unique_ptr<StagedTotals> make_carrier_totals(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& sizes);
std::unique_ptr<StagedOutput> make_carrier_output(std::shared_ptr<const StagedUnits> units,
                                                  const StagedSizes& sizes);
// Carriers in block mode.
std::unique_ptr<StagedLanes> make_block_lanes(std::shared_ptr<const StagedUnits> units,
                                              const StagedSizes& sizes);
std::unique_ptr<StagedTree> make_block_tree(std::shared_ptr<const StagedUnits> units,
                                            const StagedSizes& sizes);
std::unique_ptr<StagedLanes> make_scalar_lanes(std::shared_ptr<const StagedUnits> units,
                                               const StagedSizes& sizes);
std::unique_ptr<StagedTree> make_scalar_tree(std::shared_ptr<const StagedUnits> units,
                                             const StagedSizes& sizes);
std::unique_ptr<StagedTotals> make_scalar_totals(std::shared_ptr<const StagedUnits> units,
                                                 const StagedSizes& sizes);
std::unique_ptr<StagedOutput> make_scalar_output(std::shared_ptr<const StagedUnits> units);
std::unique_ptr<StagedOutput> make_elementwise_output(std::shared_ptr<const StagedUnits> units);

// MX outputs: kMxScales, and the post-processor of kMxElements.
std::unique_ptr<StagedLanes> make_mx_scale_lanes(const arch::StagedSettings& settings,
                                                 const StagedSizes& sizes);
std::unique_ptr<StagedTree> make_mx_scale_tree(const StagedSizes& sizes);
std::unique_ptr<StagedTotals> make_mx_scale_totals();
std::unique_ptr<StagedOutput> make_mx_scale_output();
std::unique_ptr<StagedOutput> make_mx_element_output(const arch::StagedSettings& settings);

}  // namespace dlasim::sim::blocks
