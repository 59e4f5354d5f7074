// The DMA's timing without data against the channels themselves, stepped cycle by cycle on one DRAM: every
// request in its cycle, and the cycle in which each load and store ends.

#include "channel_timing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <ostream>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "sim/memory/dma.h"

namespace dlasim::sim::fast {
namespace {

constexpr std::uint64_t kLastCycle = 1'000'000;

/// What happens in a cycle, and with how many bytes: read, write, end of the load, end of the store.
struct Event {
  char what = ' ';
  std::uint64_t cycle = 0, bytes = 0;
  friend bool operator==(const Event&, const Event&) = default;
  friend void PrintTo(const Event& e, std::ostream* os) {
    *os << e.what << " in cycle " << e.cycle << ", " << e.bytes << " bytes";
  }
};

struct Outcome {
  std::vector<Event> events;
  std::uint64_t requests = 0, bytes = 0, row_misses = 0, dram_cycles = 0;
  std::uint64_t load_cycles = 0, store_cycles = 0;
  auto totals() const {
    return std::tie(requests, bytes, row_misses, dram_cycles, load_cycles, store_cycles);
  }
};

template <class Load, class Store>
void note_totals(Outcome& o, const memory::DramTiming& dram, const Load& load, const Store& store) {
  const memory::DramTiming::Counters& c = dram.counters();
  o.requests = c.requests, o.bytes = c.bytes, o.row_misses = c.row_misses, o.dram_cycles = c.busy_cycles;
  o.load_cycles = load.busy_cycles(), o.store_cycles = store.busy_cycles();
}

class NotingPort final : public memory::MemoryPort {
 public:
  NotingPort(const arch::Dram& dram, std::vector<Event>& events) : timing(dram), events_(events) {}
  std::uint64_t read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) override {
    events_.push_back({'r', now, to.size()});
    return timing.complete(now, address, static_cast<std::uint32_t>(to.size()));
  }
  std::uint64_t write(std::uint64_t now, std::uint64_t address, std::span<const std::byte> from) override {
    events_.push_back({'w', now, from.size()});
    return timing.complete(now, address, static_cast<std::uint32_t>(from.size()));
  }
  memory::DramTiming timing;

 private:
  std::vector<Event>& events_;
};

/// A load and a store that begin in cycle 0.
struct Commands {
  arch::Load load;
  arch::Store store;
};

Outcome run_channels(const arch::Hardware& hardware, const Commands& commands) {
  Outcome o;
  NotingPort port(hardware.dram, o.events);
  memory::LoadChannel load(hardware);
  memory::StoreChannel store(hardware);
  const std::vector<std::int32_t> word(commands.store.region.elements);
  bool has_answer = false;  // of the output buffer, which takes a cycle
  for (std::uint64_t now = 0; now < kLastCycle && load.done() + store.done() < 2; ++now) {
    const bool asks = store.read_valid();
    const auto loads = load.done(), stores = store.done();
    store.step(now, port, now == 0 ? &commands.store : nullptr, has_answer ? &word : nullptr);
    load.step(now, port, now == 0 ? &commands.load : nullptr);
    has_answer = asks;
    if (store.done() != stores) o.events.push_back({'s', now, 0});
    if (load.done() != loads) o.events.push_back({'l', now, 0});
  }
  note_totals(o, port.timing, load, store);
  return o;
}

/// Cycle by cycle, so that every request is seen.
Outcome time_channels(const arch::Hardware& hardware, const Commands& commands) {
  Outcome o;
  memory::DramTiming dram(hardware.dram);
  LoadTiming load(hardware);
  StoreTiming store(hardware);
  const auto request = [&](auto& channel, char what, std::uint64_t now) {
    const std::uint64_t before = dram.counters().bytes;
    channel.request_until(now + 1, dram);
    if (dram.counters().bytes != before) o.events.push_back({what, now, dram.counters().bytes - before});
  };
  store.begin(0, commands.store);
  load.begin(0, commands.load);
  for (std::uint64_t now = 1; now < kLastCycle && load.done() + store.done() < 2; ++now) {
    request(store, 'w', now);
    request(load, 'r', now);
    if (store.step(now)) o.events.push_back({'s', now, 0});
    if (load.step(now)) o.events.push_back({'l', now, 0});
  }
  note_totals(o, dram, load, store);
  return o;
}

/// As far as each channel can go before the other one's next request.
Outcome time_channels_at_once(const arch::Hardware& hardware, const Commands& commands) {
  Outcome o;
  memory::DramTiming dram(hardware.dram);
  LoadTiming load(hardware);
  StoreTiming store(hardware);
  store.begin(0, commands.store);
  load.begin(0, commands.load);
  while (std::min(load.next_request(), store.next_request()) < kNever) {
    const std::uint64_t read = load.next_request();
    if (store.next_request() <= read) {
      store.request_until(read == kNever ? kNever : read + 1, dram);
    } else {
      load.request_until(store.next_request(), dram);
    }
  }
  const std::uint64_t load_end = load.end(), store_end = store.end();
  store.step(store_end);
  load.step(load_end);
  note_totals(o, dram, load, store);
  return o;
}

arch::Hardware random_hardware(base::Random& r) {
  arch::Hardware h;
  h.pe_array.ic_lanes = static_cast<int>(r.integer(1, 20));
  h.pe_array.oc_lanes = static_cast<int>(r.integer(1, 20));
  h.dram.bus_bytes = 4 << r.integer(0, 3);
  h.dram.burst_bytes = h.dram.bus_bytes * static_cast<int>(r.integer(1, 4));
  h.dram.row_bytes = std::max(64, h.dram.burst_bytes * static_cast<int>(r.integer(1, 5)));
  h.dram.banks = static_cast<int>(r.integer(1, 4));
  h.dram.latency = static_cast<int>(r.integer(0, 40));
  h.dram.row_miss = static_cast<int>(r.integer(0, 20));
  h.dram.outstanding = static_cast<int>(r.integer(1, 6));
  return h;
}

arch::Region random_region(base::Random& r, std::int64_t most_elements) {
  arch::Region region;
  region.rows = static_cast<std::uint32_t>(r.integer(1, 6));
  region.pixels = static_cast<std::uint32_t>(r.integer(1, 30));
  region.elements = static_cast<std::uint32_t>(r.integer(1, most_elements));
  region.element = static_cast<arch::Element>(r.integer(0, 3));
  if (r.integer(0, 1) == 0) region.elements = std::bit_floor(region.elements);
  const std::int64_t run = std::int64_t{region.elements} * arch::bytes_of(region.element);
  const std::int64_t unit =
      r.integer(0, 1) == 0 ? 1 : run;  // whole pixels between pixels, or any number of bytes
  const auto units = [&](std::int64_t most) { return unit * r.integer(0, most / unit); };
  region.pixel_stride = r.integer(0, 3) == 0 ? 0 : run + (r.integer(0, 1) == 0 ? 0 : units(90));
  region.row_stride =
      region.pixels * region.pixel_stride + (r.integer(0, 1) == 0 ? 0 : units(600) - 200 / unit * unit);
  region.address = static_cast<std::uint64_t>(10'000 / unit * unit + units(100));
  return region;
}

TEST(ChannelTiming, MakesTheRequestsOfTheChannels) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    base::Random r(seed);
    const arch::Hardware hardware = random_hardware(r);
    Commands c;
    c.load.target = static_cast<arch::LoadTarget>(r.integer(0, 4));
    c.load.region = random_region(r, 70);
    if (c.load.target ==
        arch::LoadTarget::kParameter) {  // also records that are not as long as they should be
      c.load.region.element = arch::Element::kInt64;
      c.load.region.elements = r.integer(0, 9) == 0 ? 3 : 2;
    }
    c.store.region = random_region(r, hardware.pe_array.oc_lanes);
    const Outcome expected = run_channels(hardware, c), got = time_channels(hardware, c);
    const auto [e, g] = std::ranges::mismatch(expected.events, got.events);
    ASSERT_TRUE(e == expected.events.end() && g == got.events.end())
        << "seed " << seed << ": expected "
        << (e == expected.events.end() ? "nothing more" : ::testing::PrintToString(*e)) << ", got "
        << (g == got.events.end() ? "nothing more" : ::testing::PrintToString(*g));
    ASSERT_EQ(expected.totals(), got.totals()) << "seed " << seed;
    ASSERT_EQ(expected.totals(), time_channels_at_once(hardware, c).totals()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace dlasim::sim::fast
