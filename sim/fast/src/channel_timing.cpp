#include "channel_timing.h"

#include <algorithm>

namespace dlasim::sim::fast {
namespace {

std::uint64_t u64(int v) {
  return static_cast<std::uint64_t>(v);
}

}  // namespace

FetchTiming::FetchTiming(const arch::Hardware& hardware) : dram_(hardware.dram) {}

void FetchTiming::start(std::uint64_t address, std::span<const std::uint32_t> program) {
  arch::Region region;
  region.address = address;
  region.elements = static_cast<std::uint32_t>(program.size_bytes());
  region.element = arch::Element::kUInt8;
  walker_ = memory::BurstWalker(region, dram_.burst_bytes);
  stream_.clear();
  program_ = program;
  words_.clear();
}

bool FetchTiming::step(std::uint64_t now, memory::DramTiming& dram, bool out_taken) {
  constexpr std::uint64_t kBurstsAhead = 4;
  constexpr std::uint64_t kWord = sizeof(std::uint32_t);
  bool changed = out_taken;
  if (out_taken) words_.clear();
  changed |= stream_.arrive(now);
  if (words_.empty() && stream_.available() >= kWord) {
    const std::uint64_t at_most = std::max<std::uint64_t>(1, u64(dram_.bus_bytes) / kWord);
    const auto offered = program_.first(std::min(at_most, stream_.available() / kWord));
    words_.assign(offered.begin(), offered.end());
    program_ = program_.subspan(offered.size());
    stream_.take(offered.size_bytes());
    changed = true;
  }
  if (!walker_.done() && stream_.held() < kBurstsAhead * u64(dram_.burst_bytes)) {
    const auto burst = walker_.peek();
    walker_.next();
    stream_.expect(burst.bytes, dram.complete(now, burst.address, burst.bytes));
    changed = true;
  }
  return changed;
}

LoadTiming::LoadTiming(const arch::Hardware& hardware) : hardware_(hardware) {
  const std::uint64_t lanes = u64(std::max(hardware.pe_array.ic_lanes, hardware.pe_array.oc_lanes));
  fifo_bytes_ = u64(hardware.dram.outstanding * hardware.dram.burst_bytes) +
                std::max<std::uint64_t>(lanes * sizeof(std::int64_t), arch::kChannelParameterBytes);
}

void LoadTiming::begin(std::uint64_t now, const arch::Load& load) {
  busy_ = true;
  load_ = load;
  begun_ = now;
  walker_ = memory::BurstWalker(load.region, hardware_.dram.burst_bytes);
  stream_.clear();
  pixels_left_ = std::uint64_t{load.region.rows} * load.region.pixels;
  element_ = 0;
  element_bytes_ = static_cast<std::uint32_t>(arch::bytes_of(load.region.element));
  const arch::PeArray& array = hardware_.pe_array;
  lanes_ = static_cast<std::uint32_t>(load.target == arch::LoadTarget::kActivation ? array.ic_lanes
                                                                                   : array.oc_lanes);
}

bool LoadTiming::step(std::uint64_t now, memory::DramTiming& dram, const arch::Load* load) {
  bool changed = load != nullptr;
  if (last_word_out_) {
    last_word_out_ = busy_ = false;
    ++done_;
    busy_cycles_ += now - 1 - begun_;
    changed = true;
  }
  if (busy_) {
    changed |= stream_.arrive(now);
    changed |= unpack();
    changed |= request(now, dram);
  }
  if (load != nullptr) begin(now, *load);
  return changed;
}

bool LoadTiming::request(std::uint64_t now, memory::DramTiming& dram) {
  if (walker_.done() || stream_.requests_in_flight() >= u64(hardware_.dram.outstanding)) return false;
  if (stream_.held() >= fifo_bytes_) return false;
  const auto burst = walker_.peek();
  walker_.next();
  stream_.expect(burst.bytes, dram.complete(now, burst.address, burst.bytes));
  return true;
}

bool LoadTiming::unpack() {
  if (pixels_left_ == 0) return false;
  const bool is_record = load_.target == arch::LoadTarget::kParameter;
  const std::uint32_t count = is_record ? 1 : std::min(lanes_, load_.region.elements - element_);
  const std::uint64_t bytes =
      is_record ? arch::kChannelParameterBytes : std::uint64_t{count} * element_bytes_;
  if (stream_.available() < bytes) return false;
  stream_.take(bytes);
  element_ += count;
  if (!is_record && element_ < load_.region.elements) return true;
  element_ = 0;
  last_word_out_ = --pixels_left_ == 0;
  return true;
}

StoreTiming::StoreTiming(const arch::Hardware& hardware) : hardware_(hardware) {}

bool StoreTiming::step(std::uint64_t now, memory::DramTiming& dram, const arch::Store* store) {
  bool changed = store != nullptr || asked_ || answered_;
  if (answered_) staged_bytes_ += word_bytes_;
  answered_ = asked_;
  asked_ = false;
  if (busy_) {
    changed |= write(now, dram);
    changed |= ask();
    if (walker_.done() && now >= last_written_) {
      busy_ = false;
      ++done_;
      busy_cycles_ += now - begun_;
      changed = true;
    }
  }
  if (store != nullptr) {
    busy_ = true;
    begun_ = last_written_ = now;
    walker_ = memory::BurstWalker(store->region, hardware_.dram.burst_bytes);
    word_bytes_ = store->region.elements * static_cast<std::uint32_t>(arch::bytes_of(store->region.element));
    words_left_ = std::uint64_t{store->region.rows} * store->region.pixels;
  }
  return changed;
}

bool StoreTiming::write(std::uint64_t now, memory::DramTiming& dram) {
  if (walker_.done()) return false;
  const auto burst = walker_.peek();
  if (staged_bytes_ < burst.bytes) return false;
  last_written_ = dram.complete(now, burst.address, burst.bytes);
  staged_bytes_ -= burst.bytes;
  walker_.next();
  return true;
}

bool StoreTiming::ask() {
  const std::uint64_t in_flight = answered_ ? 1 : 0;
  const std::uint64_t room = 2 * u64(hardware_.dram.burst_bytes) + word_bytes_;
  if (words_left_ == 0 || staged_bytes_ + in_flight * word_bytes_ >= room) return false;
  asked_ = true;
  --words_left_;
  return true;
}

}  // namespace dlasim::sim::fast
