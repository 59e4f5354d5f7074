#pragma once
/// The first cycle in which two runs of one program differ, and what both showed around it.
///
/// Two runs are compared cycle by cycle: models against models with a fault, or models against RTL. Whatever
/// is wrong is first wrong in one block; everything after it, in the data or in time, follows from that.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/fault.h"
#include "sim/arch/hardware.h"
#include "sim/cosim/core_lockstep.h"
#include "sim/cosim/observation.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::cosim {

/// What one block shows in one cycle. The block `product` is the PE array's multipliers.
struct BlockView {
  const char* block;
  Observation expected, got;
  Place place;
  std::size_t tile = 0;              ///< number of the RunTile that the block works on
  std::optional<std::uint32_t> tap;  ///< kernel tap, where the block deals with one
};

struct PairedCycle {
  std::uint64_t cycle = 0;
  std::vector<BlockView> blocks;  ///< in the order of the data
};

struct CycleWindow {
  std::uint64_t from = 0, to = 0;  ///< both included
};

/// The first difference and its place in the datapath.
struct Divergence {
  std::string block, port;
  int lane = -1;
  std::uint64_t cycle = 0;
  std::int64_t expected = 0, got = 0;
  std::string stage;  ///< "accumulator of ic lane 2, oc lane 1"
  Place place;
  std::size_t tile = 0;
  int oc_lane = 0;  ///< of the value, where it has one
};
std::optional<Divergence> first_divergence(const std::vector<PairedCycle>& cycles,
                                           const arch::Hardware& hardware);

/// Which tile each hand-shake of the datapath is busy with.
class TileFollower {
 public:
  void sample(const trace::AcceleratorView& view);
  std::size_t tile(blocks::Handshake h) const { return done_[static_cast<std::size_t>(h)]; }

 private:
  std::array<std::size_t, blocks::kHandshakes> done_{};
};

/// Records the models: a digest of every cycle, and everything inside a window.
class ModelRecorder final : public trace::TraceSink {
 public:
  explicit ModelRecorder(const arch::Hardware& hardware, std::optional<CycleWindow> window = {});
  void sample(const trace::AcceleratorView& view) override;

  const std::vector<std::uint64_t>& digests() const { return digests_; }
  /// The window, in `expected`.
  const std::vector<PairedCycle>& cycles() const { return cycles_; }

 private:
  void observe(const trace::AcceleratorView& view, PairedCycle& cycle) const;
  void observe_products(const trace::AcceleratorView& view, BlockView& out) const;

  const arch::Hardware hardware_;
  const std::optional<CycleWindow> window_;
  Context context_;
  TileFollower tiles_;
  std::vector<std::uint64_t> digests_;
  std::vector<PairedCycle> cycles_;
};

/// First cycle whose digests differ; none if one is the beginning of the other and they are equally long.
std::optional<std::uint64_t> first_difference(const std::vector<std::uint64_t>& a,
                                              const std::vector<std::uint64_t>& b);
/// Both recordings of one window, side by side: `got` from the second.
std::vector<PairedCycle> paired(const std::vector<PairedCycle>& expected,
                                const std::vector<PairedCycle>& got);

/// Records RTL in lockstep with the models: each block on its own, or the core.
class RtlRecorder final : public trace::TraceSink {
 public:
  enum class What { kBlocks, kWholeCore };
  /// Throws as make_rtl, and as VerilatedModule::inject for `faults`, which are of ports of these blocks.
  RtlRecorder(What what, const arch::Hardware& hardware, const RtlToolchain& toolchain,
              const std::vector<arch::Fault>& faults, std::optional<CycleWindow> window = {});
  void sample(const trace::AcceleratorView& view) override;

  /// First cycle with a difference.
  std::optional<std::uint64_t> first_cycle() const;
  std::uint64_t values() const;  ///< compared
  const std::vector<PairedCycle>& cycles() const { return cycles_; }

 private:
  const std::optional<CycleWindow> window_;
  std::unique_ptr<BlocksLockstep> blocks_;
  std::unique_ptr<CoreLockstep> core_;
  TileFollower tiles_;
  std::vector<PairedCycle> cycles_;
};

/// Writes both sides of a window as VCD, `dla.model.BLOCK.PORT` beside `dla.SIDE.BLOCK.PORT` in the time base
/// of all waves, and a GTKWave layout next to it that shows the pair of `divergence` first and opens on its
/// cycle.
void write_side_by_side(const std::filesystem::path& vcd, const std::vector<PairedCycle>& cycles,
                        const std::string& side, const Divergence& divergence, double clock_mhz);

}  // namespace dlasim::sim::cosim
