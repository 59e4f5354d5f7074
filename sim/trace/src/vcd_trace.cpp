#include "sim/trace/vcd_trace.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "signal_visitors.h"
#include "sim/trace/gtkwave_layout.h"

namespace dlasim::sim::trace {
namespace {

constexpr const char* kRoot = "dla";
constexpr double kPicosecondsPerMicrosecond = 1e6;

/// The blocks of one accelerator at rest.
struct IdleBlocks {
  explicit IdleBlocks(const arch::Hardware& h)
      : command_processor(h),
        fetch(h),
        load(h),
        store(h),
        weight_loader(h),
        address_generator(h),
        activation_buffer(h),
        pe_array(h),
        adder_tree(h),
        partial_sum_buffer(h),
        post_processor(h),
        output_buffer(h) {}
  AcceleratorView view() const {
    return {0,
            stalled,
            command_processor,
            fetch,
            load,
            store,
            weight_loader,
            address_generator,
            activation_buffer,
            pe_array,
            adder_tree,
            partial_sum_buffer,
            post_processor,
            output_buffer};
  }
  blocks::HandshakeFlags stalled{};
  blocks::CommandProcessor command_processor;
  memory::FetchChannel fetch;
  memory::LoadChannel load;
  memory::StoreChannel store;
  blocks::WeightLoader weight_loader;
  blocks::AddressGenerator address_generator;
  blocks::ActivationBuffer activation_buffer;
  blocks::PeArray pe_array;
  blocks::AdderTree adder_tree;
  blocks::PartialSumBuffer partial_sum_buffer;
  blocks::PostProcessor post_processor;
  blocks::OutputBuffer output_buffer;
};

SignalTable collect(const AcceleratorView& view, std::size_t lanes, std::vector<std::size_t>& beat_sizes) {
  SignalTable table(kRoot);
  NameCollector collector(table, beat_sizes, lanes);
  accelerator_signals(view, collector);
  return table;
}

}  // namespace

SignalTable accelerator_signal_table(const arch::Hardware& hardware, std::size_t lanes) {
  const IdleBlocks idle(hardware);
  std::vector<std::size_t> ignored;
  SignalTable table = collect(idle.view(), lanes, ignored);
  table.add_to_root("clk_i", 1, Radix::kBinary, Role::kPort);
  return table;
}

VcdTrace::VcdTrace(std::filesystem::path path, const arch::Hardware& hardware, const VcdOptions& options)
    : path_(std::move(path)),
      options_(options),
      period_(static_cast<std::uint64_t>(std::llround(kPicosecondsPerMicrosecond / hardware.clock_mhz))) {
  const VcdWindow& w = options_.window;
  if (w.from > w.to)
    throw base::InputError(fmt::format("waves from cycle {} to {}: the window is empty", w.from, w.to));
}

VcdTrace::~VcdTrace() = default;

void VcdTrace::open(const AcceleratorView& view) {
  signals_ = std::make_unique<SignalTable>(collect(view, options_.lanes, beat_sizes_));
  last_.resize(signals_->ids());
  beat_is_known_.resize(beat_sizes_.size());
  clock_id_ = signals_->add_to_root("clk_i", 1, Radix::kBinary, Role::kPort);
  writer_ = std::make_unique<VcdWriter>(path_, *signals_);
  first_cycle_ = view.cycle;
}

void VcdTrace::record(const AcceleratorView& view) {
  if (options_.window.layer && view.address_generator.layer() != *options_.window.layer) {
    if (recording_) pause(view.cycle);
    return;
  }
  if (writer_ == nullptr) open(view);
  writer_->at(view.cycle * period_);
  if (recording_) {
    writer_->change(clock_id_, 1);
    Sampler sampler(*writer_, {last_, beat_sizes_, beat_is_known_}, options_.lanes, false);
    accelerator_signals(view, sampler);
  } else {
    resume(view);
  }
  writer_->at(view.cycle * period_ + period_ / 2);
  writer_->change(clock_id_, 0);
  last_cycle_ = view.cycle;
  ++cycles_recorded_;
}

void VcdTrace::resume(const AcceleratorView& view) {
  recording_ = true;
  std::fill(beat_is_known_.begin(), beat_is_known_.end(), std::uint8_t{0});
  writer_->begin_recording();
  Sampler sampler(*writer_, {last_, beat_sizes_, beat_is_known_}, options_.lanes, true);
  accelerator_signals(view, sampler);
  writer_->change(clock_id_, 1);
  writer_->end_initial_values();
}

void VcdTrace::pause(std::uint64_t cycle) {
  recording_ = false;
  writer_->at(cycle * period_);
  writer_->pause_recording();
}

void VcdTrace::close() {
  if (writer_ == nullptr) return;
  if (recording_) pause(last_cycle_ + 1);
  writer_->close();
}

void VcdTrace::write_layout() const {
  if (signals_ == nullptr) return;
  std::filesystem::path layout = path_;
  layout.replace_extension(".gtkw");
  base::write_file_atomically(layout,
                              gtkwave_layout(*signals_, {path_.filename().string(), first_cycle_ * period_,
                                                         (last_cycle_ + 1) * period_}));
}

}  // namespace dlasim::sim::trace
