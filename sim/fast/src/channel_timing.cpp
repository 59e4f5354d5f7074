#include "channel_timing.h"

#include <algorithm>

namespace dlasim::sim::fast {
namespace {

std::uint64_t u64(int v) {
  return static_cast<std::uint64_t>(v);
}

std::uint64_t fifo_of(const arch::Hardware& hardware) {
  const std::uint64_t lanes = u64(std::max(hardware.pe_array.ic_lanes, hardware.pe_array.oc_lanes));
  return u64(hardware.dram.outstanding * hardware.dram.burst_bytes) +
         std::max<std::uint64_t>(lanes * sizeof(std::int64_t), arch::kChannelParameterBytes);
}

constexpr std::uint64_t kCommandWord = sizeof(std::uint32_t);

}  // namespace

FetchTiming::FetchTiming(const arch::Hardware& hardware)
    : words_a_cycle_(std::max<std::uint64_t>(1, u64(hardware.dram.bus_bytes) / kCommandWord)),
      most_held_(4 * u64(hardware.dram.burst_bytes)),
      burst_bytes_(hardware.dram.burst_bytes) {}

void FetchTiming::start(std::uint64_t address, std::span<const std::uint32_t> program) {
  arch::Region region;
  region.address = address;
  region.elements = static_cast<std::uint32_t>(program.size_bytes());
  region.element = arch::Element::kUInt8;
  walker_ = memory::BurstWalker(region, burst_bytes_);
  arrivals_.clear();
  available_ = held_ = 0;
  program_ = program;
  words_.clear();
  next_event_ = 0;
}

void FetchTiming::step(std::uint64_t now, memory::DramTiming& dram, bool out_taken) {
  if (out_taken) words_.clear();
  for (; !arrivals_.empty() && arrivals_.front().cycle <= now; arrivals_.pop())
    available_ += arrivals_.front().bytes;
  if (words_.empty() && available_ >= kCommandWord) {
    const auto offered = program_.first(std::min(words_a_cycle_, available_ / kCommandWord));
    words_.assign(offered.begin(), offered.end());
    program_ = program_.subspan(offered.size());
    available_ -= offered.size_bytes();
    held_ -= offered.size_bytes();
  }
  if (may_request()) {
    const auto burst = walker_.peek();
    walker_.next(burst);
    arrivals_.push({dram.complete(now, burst.address, burst.bytes), burst.bytes});
    held_ += burst.bytes;
  }
  const bool waits_for_words = words_.empty() && !arrivals_.empty();
  next_event_ = may_request() ? now + 1 : waits_for_words ? arrivals_.front().cycle : kNever;
}

LoadTiming::LoadTiming(const arch::Hardware& hardware)
    : array_(hardware.pe_array),
      burst_bytes_(hardware.dram.burst_bytes),
      fifo_bytes_(fifo_of(hardware)),
      in_flight_(static_cast<std::size_t>(hardware.dram.outstanding)) {}

void LoadTiming::begin(std::uint64_t now, const arch::Load& load) {
  const arch::Region& region = load.region;
  busy_ = true;
  begun_ = last_word_ = now;
  walker_ = memory::BurstWalker(region, burst_bytes_);
  pixels_left_ = std::uint64_t{region.rows} * region.pixels;
  element_ = 0;
  if (load.target == arch::LoadTarget::kParameter) {  // a record a word, whatever the elements are
    elements_ = lanes_ = 1;
    element_bytes_ = arch::kChannelParameterBytes;
  } else {
    elements_ = region.elements;
    lanes_ = static_cast<std::uint32_t>(load.target == arch::LoadTarget::kActivation ? array_.ic_lanes
                                                                                     : array_.oc_lanes);
    element_bytes_ = static_cast<std::uint32_t>(arch::bytes_of(region.element));
  }
  const std::uint64_t pixel_bytes = std::uint64_t{elements_} * element_bytes_;
  const std::uint32_t word_lanes = std::min(lanes_, elements_);
  uniform_ = elements_ > 0 && elements_ % word_lanes == 0;
  word_ = memory::Divisor(std::max<std::uint64_t>(1, std::uint64_t{word_lanes} * element_bytes_));
  total_bytes_ = pixel_bytes > 0 && pixels_left_ > kNever / pixel_bytes ? kNever : pixels_left_ * pixel_bytes;
  has_words_ = pixels_left_ > 0;
  requested_ = taken_ = 0;
  arrivals_.clear();
  std::ranges::fill(in_flight_, 0);
  oldest_ = 0;
  next_request_ = now;
  end_ = kNever;
  plan_request();
}

void LoadTiming::request_until(std::uint64_t limit, memory::DramTiming& dram) {
  while (next_request_ < limit) {
    const auto burst = walker_.peek();
    walker_.next(burst);
    requested_ += burst.bytes;
    const std::uint64_t cycle = dram.complete(next_request_, burst.address, burst.bytes);
    arrivals_.push({requested_, cycle});
    in_flight_[oldest_] = cycle;
    oldest_ = oldest_ + 1 == in_flight_.size() ? 0 : oldest_ + 1;
    plan_request();
  }
}

void LoadTiming::plan_request() {
  next_request_ = walker_.done() ? kNever : std::max(next_request_ + 1, in_flight_[oldest_]);
  // A request finds less in the FIFO than that holds, the word that leaves it in the same cycle not counted.
  if (requested_ >= fifo_bytes_) {
    const std::uint64_t taken = requested_ - fifo_bytes_ + 1;
    take_words(taken);
    next_request_ = taken_ < taken ? kNever : std::max(next_request_, last_word_);
  }
  if (requested_ < total_bytes_ || !has_words_) return;
  end_ = end_of_words();
  if (next_request_ >= end_) next_request_ = kNever;  // a region longer than its records
}

/// The cycle behind the last word's. All bytes of the words have been requested.
std::uint64_t LoadTiming::end_of_words() {
  if (walker_.done()) {
    take_words(kNever);
    return last_word_ + 1;
  }
  LoadTiming ahead = *this;  // requests to come still ask which words have left the FIFO
  ahead.take_words(kNever);
  return ahead.last_word_ + 1;
}

/// Takes words until `bytes` are taken, or all of the load's.
void LoadTiming::take_words(std::uint64_t bytes) {
  if (uniform_) return take_uniform_words(std::min(bytes, total_bytes_));
  while (taken_ < bytes && pixels_left_ > 0) {
    const std::uint32_t count = std::min(lanes_, elements_ - element_);
    taken_ += std::uint64_t{count} * element_bytes_;
    std::uint64_t word = last_word_ + 1;
    if (count > 0) {
      while (arrivals_.front().bytes < taken_) arrivals_.pop();
      word = std::max(word, arrivals_.front().cycle);
    }
    last_word_ = word;
    element_ += count;
    if (element_ < elements_) continue;
    element_ = 0;
    --pixels_left_;
  }
}

/// The words whose bytes a burst completes leave one a cycle from its arrival on.
void LoadTiming::take_uniform_words(std::uint64_t bytes) {
  const std::uint64_t word = word_.divisor();
  while (taken_ < bytes) {
    while (arrivals_.front().bytes < taken_ + word) arrivals_.pop();
    const std::uint64_t wanted = std::min(arrivals_.front().bytes, bytes + word - 1);
    const std::uint64_t words = word_.quotient(wanted - taken_);
    last_word_ = std::max(last_word_ + 1, arrivals_.front().cycle) + words - 1;
    taken_ += words * word;
  }
}

bool LoadTiming::step(std::uint64_t now) {
  if (now != end_) return false;
  busy_ = false;
  end_ = kNever;
  ++done_;
  busy_cycles_ += now - 1 - begun_;
  return true;
}

StoreTiming::StoreTiming(const arch::Hardware& hardware) : burst_bytes_(hardware.dram.burst_bytes) {}

void StoreTiming::begin(std::uint64_t now, const arch::Store& store) {
  const arch::Region& region = store.region;
  busy_ = true;
  begun_ = last_asked_ = now;
  walker_ = memory::BurstWalker(region, burst_bytes_);
  word_bytes_ = std::uint64_t{region.elements} * static_cast<std::uint64_t>(arch::bytes_of(region.element));
  room_ = 2 * u64(burst_bytes_) + word_bytes_;
  // Then a burst waits for its last word alone, and words for none.
  whole_words_ = memory::is_aligned(region, word_bytes_) && u64(burst_bytes_) % word_bytes_ == 0;
  word_ = memory::Divisor(std::max<std::uint64_t>(1, word_bytes_));
  asked_ = written_ = 0;
  writes_.clear();
  next_request_ = now;
  end_ = kNever;
  if (walker_.done()) {
    next_request_ = kNever;
    end_ = now + 1;
    return;
  }
  plan_request();
}

void StoreTiming::request_until(std::uint64_t limit, memory::DramTiming& dram) {
  if (whole_words_) return request_series_until(limit, dram);
  while (next_request_ < limit) {
    const auto burst = walker_.peek();
    walker_.next(burst);
    written_ += burst.bytes;
    const std::uint64_t complete = dram.complete(next_request_, burst.address, burst.bytes);
    if (walker_.done()) {
      next_request_ = kNever;
      end_ = complete;
      return;
    }
    writes_.push({written_, next_request_});
    plan_request();
  }
}

/// The same where a word is asked for in every cycle: bursts of the same size follow each other at a distance
/// of their words.
void StoreTiming::request_series_until(std::uint64_t limit, memory::DramTiming& dram) {
  while (next_request_ < limit) {
    const auto series = walker_.peek_series();
    const auto [address, bytes] = series.first;
    const std::uint64_t spacing = word_.quotient(bytes);
    std::uint64_t count = std::min(series.count, (limit - next_request_ - 1) / spacing + 1);
    if (count > 1 && series.step > 0)
      count = std::min(count, (dram.left_in_row(address) - 1) / series.step + 1);
    walker_.next(series, count);
    written_ += count * bytes;
    const std::uint64_t complete = dram.complete_in_row(next_request_, spacing, address, bytes, count);
    if (walker_.done()) {
      next_request_ = kNever;
      end_ = complete;
      return;
    }
    plan_request();
  }
}

void StoreTiming::plan_request() {
  constexpr std::uint64_t kReadCycles = 2;
  const std::uint64_t wanted = written_ + walker_.peek().bytes;
  if (whole_words_) {
    next_request_ = begun_ + word_.quotient(wanted) + kReadCycles;
    return;
  }
  while (asked_ < wanted) ask_for_word();
  next_request_ = std::max(next_request_ + 1, last_asked_ + kReadCycles);
}

void StoreTiming::ask_for_word() {
  ++last_asked_;
  if (asked_ >= room_) {  // waits for a write that leaves less than `room_` bytes asked for and not written
    const std::uint64_t written = asked_ - room_ + 1;
    while (writes_.front().bytes < written) writes_.pop();
    last_asked_ = std::max(last_asked_, writes_.front().cycle);
  }
  asked_ += word_bytes_;
}

bool StoreTiming::step(std::uint64_t now) {
  if (now != end_) return false;
  busy_ = false;
  end_ = kNever;
  ++done_;
  busy_cycles_ += now - begun_;
  return true;
}

}  // namespace dlasim::sim::fast
