#pragma once
/// What a picture of waves shows: which signals, how their values are read, and what each hand-shake does.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/vcd_reader.h"

namespace dlasim::report {

enum class ValueStyle { kUnsigned, kSigned, kHex, kBinary };

/// What a beat does in a cycle. A signal that belongs to no hand-shake is `kState`.
enum class Flow { kState, kIdle, kWaits, kMoves };

/// A signal over the window.
struct WaveRow {
  std::string block, name;
  int width = 1;
  ValueStyle style = ValueStyle::kUnsigned;
  std::vector<WaveValue> values;
  std::vector<Flow> flow;  ///< as long as `values`
};

struct WaveScene {
  std::uint64_t from = 0;
  std::size_t cycles = 0;
  std::vector<WaveRow> rows;  ///< rows of a block are neighbours
};

/// A picture with more rows is not read by anybody.
inline constexpr std::size_t kMostRows = 200;

/// The signals that a picture shows if none are named: of each block the hand-shake and the main data.
std::span<const std::string> default_wave_globs();

/// Draws `globs` (* and ? over block.name) from a dump. A field of a beat counts only while its
/// valid is high: `<prefix>valid` and `<prefix>ready` of the same block with the longest fitting prefix rule
/// it. Throws base::InputError for a glob that no signal fits, too many rows, or a bad dump.
WaveScene read_wave_scene(const VcdReader& reader, const CycleRange& range,
                          std::span<const std::string> globs);

/// The value as a person reads it; "x" if it is not known.
std::string wave_value_text(const WaveValue& value, int width, ValueStyle style);

}  // namespace dlasim::report
