#pragma once
/// The truncation unit, one value at a time: number_formats.md sections 1 to 4.

#include <cstdint>

#include "fixed_point/exact.h"
#include "fixed_point/format.h"
#include "fixed_point/row_counts.h"

namespace dlasim::fixed_point {

/// Events of one conversion: bits of Converted::flags.
enum Event : std::uint8_t { kInexact = 1, kOverflow = 2, kUnderflow = 4, kInvalid = 8 };

/// How often each event was raised at a unit.
struct EventCounts : RowCounts {
  constexpr void count(std::uint8_t flags) noexcept {
    inexact += flags & kInexact ? 1 : 0;
    overflow += flags & kOverflow ? 1 : 0;
    underflow += flags & kUnderflow ? 1 : 0;
    invalid += flags & kInvalid ? 1 : 0;
  }
  constexpr EventCounts& operator+=(const EventCounts& other) noexcept {
    inexact += other.inexact;
    overflow += other.overflow;
    underflow += other.underflow;
    invalid += other.invalid;
    return *this;
  }
  friend constexpr bool operator==(const EventCounts& a, const EventCounts& b) noexcept {
    return a.inexact == b.inexact && a.overflow == b.overflow && a.underflow == b.underflow &&
           a.invalid == b.invalid;
  }
};

/// What a unit gives. `code` is the low code_bits() bits of the format (0 for exact), `value` what it stands
/// for.
struct Converted {
  std::uint64_t code = 0;
  Exact value;
  std::uint8_t flags = 0;
};

/// Q[format](v). `draw` is used only if the rounding is stochastic: the next of the unit's LFSR.
Converted convert(const Exact& v, const Format& format, std::uint32_t draw = 0) noexcept;

/// The value of a code; bits above code_bits() are not looked at. Not for kind exact.
Exact decode(std::uint64_t code, const Format& format) noexcept;

/// Q[format](a * b)
Converted multiply(const Exact& a, const Exact& b, const Format& format, std::uint32_t draw = 0) noexcept;
/// Q[format](a + b), for terms of any distance and every format, also a wrapping one.
Converted add(const Exact& a, const Exact& b, const Format& format, std::uint32_t draw = 0) noexcept;

/// Which unit a value passes: the numbers of section 2's table.
enum class Point : std::uint8_t {
  kProduct,
  kAccumulator,
  kTree,
  kPartialSum,
  kBias,
  kActivation,
  kOutput,
  kBlock,
};
inline constexpr int kPoints = 8;

/// The Galois LFSR of section 2.
class Lfsr {
 public:
  /// `bits` is 16 or 32; a state of 0 becomes 1.
  constexpr Lfsr(int bits, std::uint32_t state) noexcept : bits_(bits), state_(state) {
    if (bits == 16) state_ &= 0xFFFFU;
    if (state_ == 0) state_ = 1;
  }
  /// The state with which a unit starts an output element: `element` is e, the index in NHWC order.
  static constexpr std::uint32_t seeded_state(const LfsrSpec& spec, Point point, std::uint32_t instance,
                                              std::uint32_t element) noexcept {
    const std::uint32_t unit = static_cast<std::uint32_t>(point) * 65536U + instance;
    std::uint32_t h = spec.seed + 0x9E3779B1U * unit + 0x85EBCA77U * element;
    h ^= h >> 16;
    h *= 0x85EBCA6BU;
    h ^= h >> 13;
    h *= 0xC2B2AE35U;
    h ^= h >> 16;
    return Lfsr(spec.bits, h).state();
  }
  constexpr std::uint32_t state() const noexcept { return state_; }
  constexpr void step() noexcept {
    const bool feedback = (state_ & 1) != 0;
    state_ >>= 1;
    if (feedback) state_ ^= bits_ == 16 ? 0xB400U : 0x80200003U;
  }
  /// As many steps as the register has bits, so that draws do not overlap.
  std::uint32_t draw() noexcept;

 private:
  int bits_;
  std::uint32_t state_;
};

/// One physical unit: a format, its random source and its event counters.
class TruncationUnit {
 public:
  /// `instance` as in section 2: lane, tree node, or 0.
  TruncationUnit(const Format& format, Point point, std::uint32_t instance) noexcept
      : format_(format), point_(point), instance_(instance), lfsr_(16, 1) {
    begin_element(0);
  }
  const Format& format() const noexcept { return format_; }
  const EventCounts& events() const noexcept { return events_; }
  void clear_events() noexcept { events_ = {}; }

  /// Seeds the LFSR for output element e.
  void begin_element(std::uint32_t element) noexcept {
    if (is_stochastic())
      lfsr_ = Lfsr(format_.lfsr.bits, Lfsr::seeded_state(format_.lfsr, point_, instance_, element));
  }
  Converted convert(const Exact& v) noexcept {
    return counted(fixed_point::convert(v, format_, next_draw()));
  }
  Converted multiply(const Exact& a, const Exact& b) noexcept {
    return counted(fixed_point::multiply(a, b, format_, next_draw()));
  }
  Converted add(const Exact& a, const Exact& b) noexcept {
    return counted(fixed_point::add(a, b, format_, next_draw()));
  }

 private:
  bool is_stochastic() const noexcept { return format_.rounding == Rounding::kStochastic; }
  /// One draw for every value converted, whatever it is.
  std::uint32_t next_draw() noexcept { return is_stochastic() ? lfsr_.draw() : 0; }
  Converted counted(const Converted& c) noexcept {
    events_.count(c.flags);
    return c;
  }

  Format format_;
  Point point_;
  std::uint32_t instance_;
  Lfsr lfsr_;
  EventCounts events_;
};

}  // namespace dlasim::fixed_point
