#pragma once
/// Reads a window of cycles from a value change dump (IEEE 1364-2005, section 18) that `dlasim run --vcd`
/// wrote.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dlasim::report {

/// A name of the dump. Several names may share one `id`: the two ends of a wire.
struct VcdSignal {
  std::string block;  ///< the scopes below the root, joined by dots; empty: in the root itself
  std::string name;   ///< without its range: "valid_o"
  int width = 1;      ///< bits, 1..64
  std::size_t id = 0;

  /// "block.name", or the name alone in the root.
  std::string path() const { return block.empty() ? name : block + "." + name; }
};

/// A signal in one cycle; not known where the dump has x or z, or no sample at all.
struct WaveValue {
  std::uint64_t bits = 0;
  bool known = false;
  friend bool operator==(const WaveValue&, const WaveValue&) = default;
};

/// Cycles from..to, both included. What is absent is filled in: from the first recorded cycle on, or
/// `kDefaultCycles` of them.
struct CycleRange {
  std::optional<std::uint64_t> from, to;
};

/// The signals that were asked for, cycle by cycle.
struct WaveWindow {
  std::uint64_t from = 0;
  std::size_t cycles = 0;
  std::vector<std::vector<WaveValue>> values;  ///< [as asked for][cycle - from]
};

/// A picture of more cycles is not read by anybody; with it the memory for a window is bounded.
inline constexpr std::size_t kDefaultCycles = 48, kMostCycles = 1000;

/// One dump. Errors are base::InputError with file and line. Memory is bounded by the window and by the
/// limits on the header (100,000 names, 4096 characters a word), however long the file is.
class VcdReader {
 public:
  /// Reads the header.
  explicit VcdReader(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  /// In the order of the file.
  const std::vector<VcdSignal>& signals() const { return signals_; }
  /// Samples `wanted` (indices into signals()) as each clock edge finds them: the dump's signal `cycle` says
  /// which cycle it is. A change in the middle of a cycle is the falling clock and shows nothing.
  WaveWindow read(const CycleRange& range, std::span<const std::size_t> wanted) const;

 private:
  std::filesystem::path path_;
  std::vector<VcdSignal> signals_;
  std::vector<std::string> codes_;  // identifier by id
  std::vector<int> widths_;         // by id
};

}  // namespace dlasim::report
