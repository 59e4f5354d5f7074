#pragma once
/// Waves as a picture.

#include <cstdint>
#include <string>
#include <vector>

#include "report/wave_scene.h"

namespace dlasim::report {

/// A line at the beginning of a cycle, with a word above.
struct WaveMark {
  std::uint64_t cycle = 0;
  std::string text;
};

struct WaveCaption {
  std::string title;
  std::vector<WaveMark> marks;  ///< those outside the window are left out
};

/// A self-contained SVG: time runs in cycles, single bits are waves, buses are lanes of hexagons with their
/// values, grouped by block. A beat is drawn in its block's colour in the cycle in which it moves, in amber
/// while it waits for ready, and not at all while there is none. Every hexagon has its value as a tooltip.
std::string wave_svg(const WaveScene& scene, const WaveCaption& caption);

}  // namespace dlasim::report
