// The DMA's channels against plain loops over the region: which values reach which word, which bytes change.

#include "sim/memory/dma.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace dlasim::sim::memory {
namespace {

using arch::Element;
using arch::LoadTarget;

/// Bytes with a fixed latency, and a note of every burst.
class FlatMemory final : public MemoryPort {
 public:
  FlatMemory(std::size_t size, std::uint64_t latency, base::Random& random) : bytes(size), latency_(latency) {
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.integer(0, 255));
  }
  std::uint64_t read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) override {
    note(address, to.size());
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address), to.size(), to.begin());
    return now + latency_;
  }
  std::uint64_t write(std::uint64_t now, std::uint64_t address, std::span<const std::byte> from) override {
    note(address, from.size());
    std::ranges::copy(from, bytes.begin() + static_cast<std::ptrdiff_t>(address));
    return now + latency_;
  }
  std::vector<std::byte> bytes;
  std::vector<std::pair<std::uint64_t, std::size_t>> bursts;

 private:
  void note(std::uint64_t address, std::size_t size) {
    if (address + size > bytes.size()) throw base::SimulationError("outside");
    bursts.emplace_back(address, size);
  }
  std::uint64_t latency_;
};

std::int64_t element_at(const std::vector<std::byte>& bytes, std::uint64_t address, Element element) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + address, static_cast<std::size_t>(arch::bytes_of(element)));
  switch (element) {
    case Element::kInt8:
      return static_cast<std::int8_t>(bits);
    case Element::kUInt8:
      return static_cast<std::uint8_t>(bits);
    case Element::kInt16:
      return static_cast<std::int16_t>(bits);
    default:
      return static_cast<std::int32_t>(bits);
  }
}

std::uint64_t address_of(const arch::Region& r, std::uint32_t row, std::uint32_t pixel,
                         std::uint32_t element) {
  return r.address + static_cast<std::uint64_t>(row * r.row_stride + pixel * r.pixel_stride +
                                                std::int64_t{element} * arch::bytes_of(r.element));
}

arch::Hardware random_hardware(base::Random& r) {
  arch::Hardware h;
  h.pe_array.ic_lanes = static_cast<int>(r.integer(1, 9));
  h.pe_array.oc_lanes = static_cast<int>(r.integer(1, 9));
  h.dram.bus_bytes = 4 << r.integer(0, 3);
  h.dram.burst_bytes = h.dram.bus_bytes * static_cast<int>(r.integer(1, 4));
  h.dram.outstanding = static_cast<int>(r.integer(1, 6));
  return h;
}

/// Any address, strides with gaps, without, repeating or backwards.
arch::Region random_region(base::Random& r, std::uint32_t most_elements) {
  arch::Region region;
  region.rows = static_cast<std::uint32_t>(r.integer(1, 4));
  region.pixels = static_cast<std::uint32_t>(r.integer(1, 6));
  region.elements = static_cast<std::uint32_t>(r.integer(1, most_elements));
  region.element = static_cast<Element>(r.integer(0, 3));
  const std::int64_t run = std::int64_t{region.elements} * arch::bytes_of(region.element);
  region.pixel_stride = run + (r.integer(0, 1) == 0 ? 0 : r.integer(1, 9));
  region.row_stride = region.pixels * region.pixel_stride + (r.integer(0, 1) == 0 ? 0 : r.integer(1, 40));
  region.address = static_cast<std::uint64_t>(r.integer(3000, 3100));
  return region;
}

void check_bursts(const FlatMemory& memory, int burst_bytes) {
  const auto size = static_cast<std::uint64_t>(burst_bytes);
  for (const auto& [address, bytes] : memory.bursts) {
    ASSERT_GT(bytes, 0U);
    ASSERT_EQ(address / size, (address + bytes - 1) / size) << "a burst crosses a boundary";
  }
}

TEST(LoadChannel, FillsWordsFromAnyRegion) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    base::Random r(seed);
    const arch::Hardware h = random_hardware(r);
    FlatMemory memory(8000, static_cast<std::uint64_t>(r.integer(0, 40)), r);
    arch::Load load;
    load.region = random_region(r, 25);
    if (r.integer(0, 3) == 0) load.region.pixel_stride = 0;                              // broadcast
    if (r.integer(0, 3) == 0) load.region.row_stride = r.integer(0, 1) == 0 ? 0 : -130;  // or backwards
    load.target = static_cast<LoadTarget>(r.integer(0, 2));
    load.word = static_cast<std::uint32_t>(r.integer(0, 100));
    const auto lanes = static_cast<std::uint32_t>(
        load.target == LoadTarget::kActivation ? h.pe_array.ic_lanes : h.pe_array.oc_lanes);
    std::vector<std::vector<std::int32_t>> expected;
    for (std::uint32_t row = 0; row < load.region.rows; ++row) {
      for (std::uint32_t pixel = 0; pixel < load.region.pixels; ++pixel) {
        for (std::uint32_t first = 0; first < load.region.elements; first += lanes) {
          std::vector<std::int32_t> word(lanes, 0);
          for (std::uint32_t i = 0; i < std::min(lanes, load.region.elements - first); ++i)
            word[i] = static_cast<std::int32_t>(element_at(
                memory.bytes, address_of(load.region, row, pixel, first + i), load.region.element));
          expected.push_back(word);
        }
      }
    }
    LoadChannel channel(h);
    std::size_t words = 0;
    ASSERT_TRUE(channel.can_accept());
    channel.step(0, memory, &load);
    for (std::uint64_t cycle = 1; cycle < 50000 && channel.done() == 0; ++cycle) {
      ASSERT_FALSE(channel.can_accept());
      channel.step(cycle, memory, nullptr);
      if (!channel.out().valid) continue;
      ASSERT_LT(words, expected.size()) << "seed " << seed;
      ASSERT_EQ(channel.out().target, load.target);
      ASSERT_EQ(channel.out().word, load.word + words);
      ASSERT_EQ(channel.out().count, lanes);
      const std::vector<std::int32_t> got(channel.out().values.begin(), channel.out().values.begin() + lanes);
      ASSERT_EQ(got, expected[words++]) << "seed " << seed;
    }
    ASSERT_EQ(words, expected.size()) << "seed " << seed;
    ASSERT_EQ(channel.done(), 1U);
    check_bursts(memory, h.dram.burst_bytes);
  }
}

TEST(LoadChannel, DeliversParametersAndTables) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    base::Random r(seed);
    const arch::Hardware h = random_hardware(r);
    FlatMemory memory(9000, 7, r);
    arch::Load load;
    load.target = LoadTarget::kParameter;
    load.word = 3;
    load.region = {static_cast<std::uint64_t>(r.integer(0, 50)),
                   1,
                   static_cast<std::uint32_t>(h.pe_array.oc_lanes),
                   2,
                   0,
                   arch::kChannelParameterBytes,
                   Element::kInt64};
    LoadChannel channel(h);
    channel.step(0, memory, &load);
    std::uint32_t entry = 0;
    for (std::uint64_t cycle = 1; cycle < 5000 && channel.done() == 0; ++cycle) {
      channel.step(cycle, memory, nullptr);
      if (!channel.out().valid) continue;
      arch::ChannelParameters expected;
      const std::byte* at = memory.bytes.data() + load.region.address + entry * 16;
      std::memcpy(&expected.bias, at, 8);
      std::memcpy(&expected.mantissa, at + 8, 4);
      std::memcpy(&expected.shift, at + 12, 4);
      ASSERT_EQ(channel.out().parameters, expected);
      ASSERT_EQ(channel.out().word, 3U);
      ASSERT_EQ(channel.out().entry, entry++);
    }
    ASSERT_EQ(entry, load.region.pixels) << "seed " << seed;

    load.target = LoadTarget::kTable;
    load.word = 1;
    load.region = {100, 1, 1, 256, 0, 512, Element::kInt16};
    channel.step(9000, memory, &load);
    entry = 0;
    for (std::uint64_t cycle = 9001; cycle < 20000 && channel.done() == 1; ++cycle) {
      channel.step(cycle, memory, nullptr);
      if (!channel.out().valid) continue;
      ASSERT_EQ(channel.out().word, 1U);
      ASSERT_EQ(channel.out().entry, entry);
      for (std::uint32_t i = 0; i < channel.out().count; ++i)
        ASSERT_EQ(channel.out().values[i], element_at(memory.bytes, 100 + 2 * entry++, Element::kInt16));
    }
    ASSERT_EQ(entry, 256U);
  }
}

TEST(LoadChannel, RefusesElementsWiderThanALane) {
  base::Random r(1);
  FlatMemory memory(100, 0, r);
  LoadChannel channel(arch::Hardware{});
  arch::Load load;
  load.region.element = Element::kInt64;
  channel.step(0, memory, &load);
  EXPECT_THROW(
      {
        for (std::uint64_t i = 1; i < 10; ++i) channel.step(i, memory, nullptr);
      },
      base::SimulationError);
}

TEST(StoreChannel, WritesTheRegionAndNothingElse) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    base::Random r(seed);
    const arch::Hardware h = random_hardware(r);
    FlatMemory memory(8000, static_cast<std::uint64_t>(r.integer(0, 40)), r);
    arch::Store store;
    store.region = random_region(r, static_cast<std::uint32_t>(h.pe_array.oc_lanes));
    if (store.region.rows > 1 && r.integer(0, 4) == 0) {  // backwards
      store.region.address += store.region.rows * static_cast<std::uint64_t>(store.region.row_stride);
      store.region.row_stride = -store.region.row_stride;
    }
    store.word = static_cast<std::uint32_t>(r.integer(0, 50));
    std::map<std::uint32_t, std::vector<std::int32_t>> buffer;
    std::vector<std::byte> expected = memory.bytes;
    std::uint32_t word = store.word;
    for (std::uint32_t row = 0; row < store.region.rows; ++row) {
      for (std::uint32_t pixel = 0; pixel < store.region.pixels; ++pixel, ++word) {
        for (int i = 0; i < h.pe_array.oc_lanes; ++i)
          buffer[word].push_back(static_cast<std::int32_t>(r.integer(-1000000, 1000000)));
        for (std::uint32_t i = 0; i < store.region.elements; ++i)
          std::memcpy(expected.data() + address_of(store.region, row, pixel, i), &buffer[word][i],
                      static_cast<std::size_t>(arch::bytes_of(store.region.element)));
      }
    }
    StoreChannel channel(h);
    channel.step(0, memory, &store, nullptr);
    // The output buffer: samples the channel's request, answers a cycle later.
    bool asked = false;
    std::uint32_t asked_word = 0;
    const std::vector<std::int32_t>* data = nullptr;
    for (std::uint64_t cycle = 1; cycle < 50000 && channel.done() == 0; ++cycle) {
      asked = channel.read_valid();
      asked_word = channel.read_word();
      channel.step(cycle, memory, nullptr, data);
      ASSERT_TRUE(!asked || buffer.contains(asked_word)) << "seed " << seed;
      data = asked ? &buffer[asked_word] : nullptr;
    }
    ASSERT_EQ(channel.done(), 1U) << "seed " << seed;
    ASSERT_EQ(memory.bytes, expected) << "seed " << seed;
    check_bursts(memory, h.dram.burst_bytes);
  }
}

TEST(FetchChannel, DeliversTheStreamInOrder) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    base::Random r(seed);
    const arch::Hardware h = random_hardware(r);
    FlatMemory memory(4000, static_cast<std::uint64_t>(r.integer(0, 50)), r);
    const auto address = static_cast<std::uint64_t>(r.integer(0, 300)) * 4;
    const auto words = static_cast<std::size_t>(r.integer(1, 600));
    std::vector<std::uint32_t> expected(words), got;
    std::memcpy(expected.data(), memory.bytes.data() + address, words * 4);
    FetchChannel fetch(h);
    fetch.start(address, words * 4);
    for (std::uint64_t cycle = 0; cycle < 100000 && got.size() < words; ++cycle) {
      const bool take = fetch.valid() && r.integer(0, 2) != 0;
      if (take) {
        ASSERT_LE(fetch.out().size() * 4, static_cast<std::size_t>(h.dram.bus_bytes));
        got.insert(got.end(), fetch.out().begin(), fetch.out().end());
      }
      fetch.step(cycle, memory, take);
    }
    ASSERT_EQ(got, expected) << "seed " << seed;
    ASSERT_FALSE(fetch.valid());
  }
}

}  // namespace
}  // namespace dlasim::sim::memory
