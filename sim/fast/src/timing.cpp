#include "sim/fast/timing.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/error.h"
#include "channel_timing.h"
#include "datapath_timing.h"
#include "sim/blocks/command_processor.h"
#include "sim/engine/run_program.h"

namespace dlasim::sim::fast {
namespace {

class Machine {
 public:
  Machine(const arch::Hardware& hardware, std::size_t layers)
      : hardware_(hardware),
        control_(hardware),
        fetch_(hardware),
        load_(hardware),
        store_(hardware),
        datapath_(hardware),
        dram_(hardware.dram) {
    result_.layers.resize(layers);
  }

  /// Runs one stream to its Finish.
  void run(std::uint64_t address, std::span<const std::uint32_t> words) {
    fetch_.start(address, words);
    control_.start();
    control_moved_ = true;
    while (!control_.finished()) {
      if (step()) {
        ++now_;
        continue;
      }
      const std::uint64_t next = request_until_next_event();
      if (next == kNever) refuse_to_wait();
      now_ = next;
    }
  }

  Timing finish() {
    result_.cycles = now_;
    result_.dram = dram_.counters();
    result_.load_busy_cycles = load_.busy_cycles();
    result_.store_busy_cycles = store_.busy_cycles();
    return std::move(result_);
  }

 private:
  /// One clock edge, in the order of engine::Accelerator: everything is sampled before anything moves. True
  /// if something changed.
  bool step() {
    if (control_moved_) sample_control();
    const arch::Load* load = load_.can_accept() ? next_load_ : nullptr;
    const arch::Store* store = store_.can_accept() ? next_store_ : nullptr;
    const arch::Command* compute = next_compute_;
    const auto* tile = compute == nullptr ? nullptr : std::get_if<arch::RunTile>(compute);
    if (tile != nullptr && now_ < datapath_.accepts_from()) {
      compute = nullptr;
      tile = nullptr;
    }
    const bool words_taken = fetch_.valid() && control_ready_;
    blocks::CommandProcessor::In in{words_taken ? &fetch_.out() : nullptr,
                                    load_.done(),
                                    store_.done(),
                                    tiles_done_before(now_),
                                    load != nullptr,
                                    compute != nullptr,
                                    store != nullptr};

    // The DRAM serves the channels in this order.
    store_.request_until(now_ + 1, dram_);
    load_.request_until(now_ + 1, dram_);
    bool changed = compute != nullptr || load != nullptr || store != nullptr;
    changed |= store_.step(now_);
    changed |= load_.step(now_);
    if (store != nullptr) store_.begin(now_, *store);
    if (load != nullptr) load_.begin(now_, *load);
    if (tile != nullptr) issue(*tile);
    changed |= step_control(in);
    changed |= step_fetch(words_taken);
    return changed;
  }

  /// What the command processor offers; it stays so until the processor moves.
  void sample_control() {
    next_load_ = control_.load();
    next_store_ = control_.store();
    next_compute_ = control_.compute();
    control_ready_ = control_.ready();
  }

  /// True if the command processor moved. Without new inputs, and if it did not move in its last step, it
  /// will not in this one.
  bool step_control(const blocks::CommandProcessor::In& in) {
    const bool has_input = in.words != nullptr || in.load_taken || in.compute_taken || in.store_taken ||
                           in.loads_done != loads_seen_ || in.stores_done != stores_seen_ ||
                           in.tiles_done != tiles_seen_;
    if (!has_input && !control_moved_) return false;
    const std::size_t words = control_.words_held();
    control_.step(in);
    loads_seen_ = in.loads_done;
    stores_seen_ = in.stores_done;
    tiles_seen_ = in.tiles_done;
    control_moved_ = has_input || control_.words_held() != words;
    return control_moved_;
  }

  void issue(const arch::RunTile& tile) {
    const std::uint64_t output = datapath_.issue(now_, tile);
    outputs_.push_back(output);
    engine::LayerCounters& layer = result_.layers.at(tile.layer);
    layer.beats +=
        std::uint64_t{tile.rows} * tile.cols * tile.kernel_height * tile.kernel_width * tile.ic_tiles;
    layer.last_cycle = output;
  }

  /// Tiles whose last word was written before cycle `now`.
  std::uint64_t tiles_done_before(std::uint64_t now) {
    for (; !outputs_.empty() && outputs_.front() < now; outputs_.pop_front()) ++tiles_done_;
    return tiles_done_;
  }

  /// True if the fetch channel offers other words than before.
  bool step_fetch(bool words_taken) {
    if (!words_taken && fetch_.next_event() > now_) return false;
    const bool offered = fetch_.valid() && !words_taken;
    fetch_.step(now_, dram_, words_taken);
    return fetch_.valid() != offered || words_taken;
  }

  /// Makes the requests of load and store channel up to the next cycle in which anything else can happen, and
  /// returns that cycle. In a cycle of both the store is served first.
  std::uint64_t request_until_next_event() {
    const std::uint64_t others = next_event_of_others();
    while (true) {
      const std::uint64_t event = std::min({others, store_.end(), load_.end()});
      const std::uint64_t write = store_.next_request(), read = load_.next_request();
      if (std::min(write, read) >= event) return event;
      if (write <= read) {
        store_.request_until(std::min(event, read == kNever ? kNever : read + 1), dram_);
      } else {
        load_.request_until(std::min(event, write), dram_);
      }
    }
  }

  /// The next cycle in which something but load and store channel changes by itself.
  std::uint64_t next_event_of_others() const {
    std::uint64_t next = fetch_.next_event();
    if (!outputs_.empty()) next = std::min(next, outputs_.front() + 1);
    if (datapath_.accepts_from() > now_) next = std::min(next, datapath_.accepts_from());
    return next == kNever ? kNever : std::max(next, now_ + 1);
  }

  [[noreturn]] void refuse_to_wait() const {
    engine::report_deadlock(now_ + static_cast<std::uint64_t>(hardware_.control.watchdog_cycles), hardware_,
                            control_.describe());
  }

  const arch::Hardware hardware_;
  blocks::CommandProcessor control_;
  FetchTiming fetch_;
  LoadTiming load_;
  StoreTiming store_;
  DatapathTiming datapath_;
  memory::DramTiming dram_;
  std::deque<std::uint64_t> outputs_;  ///< cycles in which tiles that are under way end, in order
  std::uint64_t tiles_done_ = 0;
  std::uint32_t loads_seen_ = 0, stores_seen_ = 0;
  std::uint64_t tiles_seen_ = 0;
  bool control_moved_ = true;
  // As sampled when the command processor moved last.
  const arch::Load* next_load_ = nullptr;
  const arch::Store* next_store_ = nullptr;
  const arch::Command* next_compute_ = nullptr;
  bool control_ready_ = false;
  std::uint64_t now_ = 0;
  Timing result_;
};

/// The words of a command stream. Throws base::SimulationError if it does not lie in the memory image.
std::vector<std::uint32_t> words_of(const compiler::Program& program, const compiler::CommandStream& stream) {
  if (stream.address > program.image.size() || stream.bytes > program.image.size() - stream.address)
    throw base::SimulationError("the command stream leaves the memory");
  std::vector<std::uint32_t> words(stream.bytes / sizeof(std::uint32_t));
  std::memcpy(words.data(), program.image.data() + stream.address, words.size() * sizeof(std::uint32_t));
  return words;
}

}  // namespace

Timing time_program(const compiler::Program& program, const arch::Hardware& hardware) {
  Machine machine(hardware, program.layers.size());
  for (const compiler::Step& step : program.steps) {
    if (const auto* stream = std::get_if<compiler::CommandStream>(&step))
      machine.run(stream->address, words_of(program, *stream));
  }
  return machine.finish();
}

}  // namespace dlasim::sim::fast
