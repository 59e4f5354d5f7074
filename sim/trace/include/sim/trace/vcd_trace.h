#pragma once
/// Waves of a run: the signals of all blocks as a VCD file, and the GTKWave layout that shows them.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/trace/accelerator_view.h"
#include "sim/trace/signal_table.h"
#include "sim/trace/vcd_writer.h"

namespace dlasim::sim::trace {

/// Which cycles are recorded; both conditions must hold.
struct VcdWindow {
  std::uint64_t from = 0;                                        ///< first cycle
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();  ///< last cycle, included
  /// Only while the settings of this layer (index into Program::layers) are in force.
  std::optional<std::uint32_t> layer;
};

struct VcdOptions {
  VcdWindow window;
  /// Lanes of each bus that are recorded, from lane 0 on. PE weight registers never are.
  std::size_t lanes = 4;
};

/// Records every signal that changes, when it changes. Interval [n, n + 1) clock periods shows the state that
/// the clock edge at the end of cycle n samples; n is the cycle that reports and error messages name.
/// The fields of a beat keep their value while the beat is not valid. Scopes are dla.<block>.<port>, ports
/// named as those of the RTL twins; lane k of a bus x_o is x_o_k.
class VcdTrace final : public TraceSink {
 public:
  /// Throws base::InputError if the window is empty or, at the first sample, if the file cannot be made.
  VcdTrace(std::filesystem::path path, const arch::Hardware& hardware, const VcdOptions& options = {});
  ~VcdTrace() override;

  void sample(const AcceleratorView& view) override {
    if (view.cycle < options_.window.from || view.cycle > options_.window.to) {
      if (recording_) pause(view.cycle);
      return;
    }
    record(view);
  }
  bool watches(std::uint64_t first, std::uint64_t last) const override {
    return first <= options_.window.to && last >= options_.window.from;
  }
  /// Completes the file. Throws base::InputError if it could not be written whole. Without a sample in
  /// the window there is no file.
  void close();

  std::uint64_t cycles_recorded() const { return cycles_recorded_; }
  /// Names of the recorded signals; null before the first recorded cycle.
  const SignalTable* signals() const { return signals_.get(); }
  /// A layout for the file: `path` with .gtkw in place of its extension. Call after the run.
  void write_layout() const;

 private:
  void open(const AcceleratorView& view);
  void record(const AcceleratorView& view);
  void resume(const AcceleratorView& view);
  void pause(std::uint64_t cycle);

  const std::filesystem::path path_;
  const VcdOptions options_;
  const std::uint64_t period_;  // picoseconds
  std::unique_ptr<SignalTable> signals_;
  std::unique_ptr<VcdWriter> writer_;
  std::size_t clock_id_ = 0;
  std::vector<std::uint64_t> last_;          // by id
  std::vector<std::size_t> beat_sizes_;      // signals of each beat, in the order of the visit
  std::vector<std::uint8_t> beat_is_known_;  // it has been valid in this recording
  bool recording_ = false;
  std::uint64_t first_cycle_ = 0, last_cycle_ = 0, cycles_recorded_ = 0;
};

/// The names that `VcdTrace` gives on this hardware.
SignalTable accelerator_signal_table(const arch::Hardware& hardware, std::size_t lanes);

}  // namespace dlasim::sim::trace
