#include "sim/memory/dma.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace dlasim::sim::memory {
namespace {

using arch::Element;
using arch::LoadTarget;

template <class T>
T read_as(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void read_elements(const std::byte* from, std::int32_t* to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = read_as<T>(from + i * sizeof(T));
}

void read_elements(const std::byte* from, Element element, std::int32_t* to, std::size_t n) {
  switch (element) {
    case Element::kInt8:
      return read_elements<std::int8_t>(from, to, n);
    case Element::kUInt8:
      return read_elements<std::uint8_t>(from, to, n);
    case Element::kInt16:
      return read_elements<std::int16_t>(from, to, n);
    case Element::kInt32:
      return read_elements<std::int32_t>(from, to, n);
    case Element::kInt64:
      break;
  }
  throw base::SimulationError("dma: a lane cannot hold a 64-bit element");
}

/// The low `kBytes` bytes of each value: little-endian.
template <std::size_t kBytes>
void write_elements(const std::int32_t* from, std::byte* to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) std::memcpy(to + i * kBytes, &from[i], kBytes);
}

std::size_t size_of(Element element) {
  return static_cast<std::size_t>(arch::bytes_of(element));
}

}  // namespace

FetchChannel::FetchChannel(const arch::Hardware& hardware) : dram_(hardware.dram) {}

void FetchChannel::start(std::uint64_t address, std::uint64_t bytes) {
  arch::Region program;
  program.address = address;
  program.elements = static_cast<std::uint32_t>(bytes);
  program.element = Element::kUInt8;
  walker_ = BurstWalker(program, dram_.burst_bytes);
  stream_.clear();
  words_.clear();
}

void FetchChannel::step(std::uint64_t now, MemoryPort& port, bool out_taken) {
  constexpr std::size_t kBurstsAhead = 4;
  if (out_taken) words_.clear();
  stream_.arrive(now);
  if (words_.empty() && stream_.available() >= sizeof(std::uint32_t)) {
    const std::size_t at_most =
        std::max<std::size_t>(1, static_cast<std::size_t>(dram_.bus_bytes) / sizeof(std::uint32_t));
    words_.resize(std::min(at_most, stream_.available() / sizeof(std::uint32_t)));
    const auto bytes = stream_.take(words_.size() * sizeof(std::uint32_t));
    std::memcpy(words_.data(), bytes.data(), bytes.size());
  }
  const std::size_t held = stream_.held();
  if (!walker_.done() && held < kBurstsAhead * static_cast<std::size_t>(dram_.burst_bytes)) {
    const auto burst = walker_.peek();
    walker_.next();
    std::vector<std::byte> data(burst.bytes);
    const std::uint64_t cycle = port.read(now, burst.address, data);
    std::ranges::copy(data, stream_.expect(burst.bytes, cycle).begin());
  }
}

LoadChannel::LoadChannel(const arch::Hardware& hardware) : hardware_(hardware) {
  out_.values.resize(
      static_cast<std::size_t>(std::max(hardware.pe_array.ic_lanes, hardware.pe_array.oc_lanes)));
}

void LoadChannel::begin(const arch::Load& load) {
  load_ = load;
  walker_ = BurstWalker(load.region, hardware_.dram.burst_bytes);
  stream_.clear();
  pixels_left_ = std::uint64_t{load.region.rows} * load.region.pixels;
  element_ = 0;
  next_word_ = load.word;
  out_.target = load.target;
  out_.word = load.word;
  out_.entry = 0;
}

void LoadChannel::step(std::uint64_t now, MemoryPort& port, const arch::Load* load) {
  if (last_word_out_) {
    last_word_out_ = false;
    load_.reset();
    ++done_;
  }
  out_.valid = false;
  if (load_) {
    ++busy_cycles_;
    stream_.arrive(now);
    load_->target == LoadTarget::kParameter ? unpack_parameters() : unpack();
    request(now, port);
  }
  if (load != nullptr) begin(*load);
}

void LoadChannel::request(std::uint64_t now, MemoryPort& port) {
  if (walker_.done() || stream_.requests_in_flight() >= static_cast<std::size_t>(hardware_.dram.outstanding))
    return;
  // What has arrived but is not unpacked yet waits in the channel's FIFO: as deep as the requests that may be
  // in flight, and at least one word or parameter record: less could never complete it.
  const std::size_t fifo =
      static_cast<std::size_t>(hardware_.dram.outstanding * hardware_.dram.burst_bytes) +
      std::max<std::size_t>(out_.values.size() * sizeof(std::int64_t), arch::kChannelParameterBytes);
  if (stream_.held() >= fifo) return;
  const auto burst = walker_.peek();
  walker_.next();
  std::vector<std::byte> data(burst.bytes);
  const std::uint64_t cycle = port.read(now, burst.address, data);
  std::ranges::copy(data, stream_.expect(burst.bytes, cycle).begin());
}

void LoadChannel::unpack() {
  const arch::Region& region = load_->region;
  if (pixels_left_ == 0) return;
  const bool ic_words = load_->target == LoadTarget::kActivation;
  const auto lanes =
      static_cast<std::uint32_t>(ic_words ? hardware_.pe_array.ic_lanes : hardware_.pe_array.oc_lanes);
  const std::uint32_t count = std::min(lanes, region.elements - element_);
  const std::size_t size = size_of(region.element);
  if (stream_.available() < count * size) return;

  const auto bytes = stream_.take(count * size);
  read_elements(bytes.data(), region.element, out_.values.data(), count);
  std::fill(out_.values.begin() + count, out_.values.begin() + lanes, 0);
  if (load_->target == LoadTarget::kTable) {
    out_.entry = element_;
  } else {
    out_.word = next_word_++;
  }
  out_.count = load_->target == LoadTarget::kTable ? count : lanes;
  out_.valid = true;
  element_ += count;
  if (element_ < region.elements) return;
  element_ = 0;
  last_word_out_ = --pixels_left_ == 0;
}

void LoadChannel::unpack_parameters() {
  if (pixels_left_ == 0 || stream_.available() < arch::kChannelParameterBytes) return;
  const auto bytes = stream_.take(arch::kChannelParameterBytes);
  out_.parameters = {read_as<std::int64_t>(bytes.data()), read_as<std::int32_t>(bytes.data() + 8),
                     read_as<std::int32_t>(bytes.data() + 12)};
  out_.entry = element_++;
  out_.valid = true;
  last_word_out_ = --pixels_left_ == 0;
}

StoreChannel::StoreChannel(const arch::Hardware& hardware) : hardware_(hardware) {}

void StoreChannel::step(std::uint64_t now, MemoryPort& port, const arch::Store* store,
                        const std::vector<std::int32_t>* data) {
  read_valid_ = false;
  if (store_) {
    ++busy_cycles_;
    if (data != nullptr) pack(*data);
    write(now, port);
    ask();
    if (walker_.done() && now >= last_written_) {
      store_.reset();
      ++done_;
    }
  }
  if (store != nullptr) {
    store_ = *store;
    walker_ = BurstWalker(store->region, hardware_.dram.burst_bytes);
    words_left_ = std::uint64_t{store->region.rows} * store->region.pixels;
    next_word_ = store->word;
    last_written_ = now;
  }
}

void StoreChannel::pack(const std::vector<std::int32_t>& data) {
  const arch::Region& region = store_->region;
  const std::size_t size = size_of(region.element);
  const std::size_t at = staged_.size();
  staged_.resize(at + region.elements * size);
  std::byte* to = staged_.data() + at;
  if (size == 1) {
    write_elements<1>(data.data(), to, region.elements);
  } else if (size == 2) {
    write_elements<2>(data.data(), to, region.elements);
  } else {
    write_elements<4>(data.data(), to, region.elements);
  }
  --in_flight_;
}

void StoreChannel::write(std::uint64_t now, MemoryPort& port) {
  if (walker_.done()) return;
  const auto burst = walker_.peek();
  if (staged_.size() < burst.bytes) return;
  last_written_ = port.write(now, burst.address, std::span(staged_).first(burst.bytes));
  staged_.erase(staged_.begin(), staged_.begin() + burst.bytes);
  walker_.next();
}

void StoreChannel::ask() {
  const std::size_t word_bytes = store_->region.elements * size_of(store_->region.element);
  const std::size_t room = 2 * static_cast<std::size_t>(hardware_.dram.burst_bytes) + word_bytes;
  if (words_left_ == 0 || staged_.size() + in_flight_ * word_bytes >= room) return;
  read_valid_ = true;
  read_word_ = next_word_++;
  --words_left_;
  ++in_flight_;
}

}  // namespace dlasim::sim::memory
