#pragma once
/// One output element through the staged datapath, unit by unit: number_formats.md section 5, and the block
/// mode of section 6. This is the reference that the vector kernels and the simulator's blocks are compared
/// with; LaneUnits and AdderTree are what a PE and a tree of the simulator consist of.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fixed_point/mx.h"
#include "fixed_point/truncation_unit.h"

namespace dlasim::fixed_point {

/// The formats of one layer's units. `tree` has one entry for all levels or one a level, leaves first.
/// `accumulator` is unused in block mode, `block` outside of it.
struct StagedFormats {
  Format product, accumulator;
  std::vector<Format> tree;
  Format partial_sum, bias, activation, output, block;
};

/// `f` of section 5.
struct Activation {
  enum class Type : std::uint8_t { kNone, kRelu, kLeakyRelu, kClamp };
  Type type = Type::kNone;
  Exact slope;     ///< leaky_relu
  Exact min, max;  ///< clamp
  Exact operator()(const Exact& v) const noexcept;
};

/// Where a traced value came from. `instance` is as for the LFSR seeds: lane, node counted level by level
/// from the leaves, or 0. `tile` is the input-channel tile or MX block; `tap` the kernel tap, for product and
/// accumulator, and in block mode for every point.
struct TracePosition {
  Point point;
  int tile = 0, tap = 0, instance = 0;
};

/// Sees every value a unit gives, in the order of the datapath.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void value(const TracePosition& position, const Converted& converted) = 0;
};

/// Events of every point.
using PointEvents = std::array<EventCounts, kPoints>;
/// Those of one point.
inline EventCounts& of(PointEvents& events, Point point) noexcept {
  return events[static_cast<std::size_t>(point)];
}

/// Number of levels of the balanced tree over `lanes` (1 or more) leaves.
constexpr int tree_levels(int lanes) noexcept {
  int levels = 0;
  while ((1 << levels) < lanes) ++levels;
  return levels;
}

/// Product and accumulator of one lane.
class LaneUnits {
 public:
  LaneUnits(const StagedFormats& formats, std::uint32_t lane) noexcept
      : product_(formats.product, Point::kProduct, lane),
        accumulator_(formats.accumulator, Point::kAccumulator, lane) {}
  void begin_element(std::uint32_t element) noexcept {
    product_.begin_element(element);
    accumulator_.begin_element(element);
  }
  void clear() noexcept { sum_ = Exact::zero(); }
  Converted product(const Exact& x, const Exact& w) noexcept { return product_.multiply(x, w); }
  /// The product of a padded tap: +0 whatever the weight is, and it passes the unit.
  Converted padded_product() noexcept { return product_.convert(Exact::zero()); }
  Converted accumulate(const Exact& p) noexcept {
    const Converted c = accumulator_.add(sum_, p);
    sum_ = c.value;
    return c;
  }
  const Exact& sum() const noexcept { return sum_; }
  const EventCounts& product_events() const noexcept { return product_.events(); }
  const EventCounts& accumulator_events() const noexcept { return accumulator_.events(); }

 private:
  TruncationUnit product_, accumulator_;
  Exact sum_;
};

/// The balanced tree of neighbours over `lanes` leaves, filled up with +0 to a power of two.
class AdderTree {
 public:
  AdderTree(const std::vector<Format>& formats, int lanes);
  void begin_element(std::uint32_t element) noexcept;
  /// The root. `leaves` may be fewer than lanes: the rest is +0. `trace` (may be null) sees every node.
  Exact sum(std::span<const Exact> leaves, TracePosition position, TraceSink* trace);
  EventCounts events() const noexcept;

 private:
  std::vector<TruncationUnit> nodes_;  // level by level from the leaves
  std::vector<Exact> values_;
};

/// Operands of one output element of a standard layer. `x` and `w` are indexed [channel * taps + tap]; a
/// padded tap has no x. For MX operands in storage mode, give `x_scale` and `w_scale` with the same indexing.
struct ElementOperands {
  int channels = 0, taps = 0;
  std::span<const std::optional<std::uint64_t>> x;
  std::span<const std::uint64_t> w;
  std::span<const std::uint8_t> x_scale, w_scale;  ///< empty: not MX
  std::optional<std::uint64_t> bias;
  std::uint32_t element = 0;  ///< e: flat index in the output, NHWC
};

/// One block of one tap: scale code and up to 32 element codes.
struct MxBlock {
  std::uint8_t scale = 0;
  std::span<const std::uint64_t> elements;
};

/// Operands of one output element in block mode, indexed [block * taps + tap]; a padded tap has no x.
struct BlockOperands {
  int blocks = 0, taps = 0;
  std::span<const std::optional<MxBlock>> x;
  std::span<const MxBlock> w;
  std::optional<std::uint64_t> bias;
  std::uint32_t element = 0;
};

/// Formats of the operands' codes (for MX: of the elements).
struct OperandFormats {
  Format input, weight, bias;
  /// Values are those of the format times 2^e with |e| at most this: the scales of MX in storage mode. Only
  /// the vector kernels ask.
  int input_exponents = 0, weight_exponents = 0;
};

/// All units behind one output element. Configured once a layer, then used for any number of elements.
class ElementReducer {
 public:
  /// `lanes`: L, 1 or more; 32 in block mode.
  ElementReducer(const StagedFormats& formats, const OperandFormats& operands, const Activation& activation,
                 int lanes);
  Converted reduce(const ElementOperands& operands, TraceSink* trace = nullptr);
  Converted reduce_blocks(const BlockOperands& operands, TraceSink* trace = nullptr);
  /// Since construction.
  PointEvents events() const noexcept;

 private:
  void begin_element(std::uint32_t element) noexcept;
  void run_lane(const ElementOperands& operands, int channel, TracePosition position, TraceSink* trace);
  Exact block_sum(const std::optional<MxBlock>& x, const MxBlock& w, TracePosition position,
                  TraceSink* trace);
  void add_to_total(const Exact& v, TracePosition position, TraceSink* trace);
  Converted finish(std::optional<std::uint64_t> bias, TraceSink* trace);

  OperandFormats operands_;
  Activation activation_;
  std::vector<LaneUnits> lanes_;
  AdderTree tree_;
  TruncationUnit partial_sum_, bias_, activation_unit_, output_, block_;
  Exact total_;
  std::vector<Exact> leaves_;
};

}  // namespace dlasim::fixed_point
