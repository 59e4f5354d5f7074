// The command processor: every command once, in its engine's order, never before its tokens.

#include "sim/blocks/command_processor.h"

#include <array>
#include <deque>

#include "base/error.h"
#include "block_bench.h"

namespace dlasim::sim::blocks {
namespace {

/// A stream whose waits name only commands before them, as the compiler makes it.
std::vector<arch::Command> random_stream(base::Random& r, int length) {
  std::vector<arch::Command> stream;
  std::array<std::uint32_t, 3> counts{};  // load, compute, store
  for (int i = 0; i < length; ++i) {
    const auto up_to = [&r](std::uint32_t n) {
      return static_cast<std::uint32_t>(r.integer(n > 3 ? n - 3 : 0, n));
    };
    const arch::Wait wait{up_to(counts[0]), up_to(counts[1]), up_to(counts[2])};
    switch (r.integer(0, 3)) {
      case 0:
        stream.push_back(arch::Load{wait, 1, arch::LoadTarget::kWeight, static_cast<std::uint32_t>(i), {}});
        ++counts[0];
        break;
      case 1:
        stream.push_back(arch::Store{wait, 1, static_cast<std::uint32_t>(i), {}});
        ++counts[2];
        break;
      case 2: {
        arch::Configure c;
        c.wait = wait;
        c.pad_value = i;
        stream.push_back(c);
        ++counts[1];
        break;
      }
      default: {
        arch::RunTile t;
        t.wait = wait;
        t.weight_word = static_cast<std::uint32_t>(i);
        stream.push_back(t);
        ++counts[1];
      }
    }
  }
  stream.push_back(arch::Finish{{counts[0], counts[1], counts[2]}, 1});
  return stream;
}

/// The engines around the processor: each command takes a random time.
struct Engines {
  std::vector<arch::Command> loads, computes, stores;
  std::uint32_t loads_done = 0, computes_done = 0, stores_done = 0;
  std::uint64_t tiles_done = 0, tiles_running = 0;
  bool load_busy = false, store_busy = false;

  bool meets(const arch::Wait& w) const {
    return loads_done >= w.load && computes_done >= w.compute && stores_done >= w.store;
  }
  void work(base::Random& r) {
    if (load_busy && r.integer(0, 4) == 0) load_busy = false, ++loads_done;
    if (store_busy && r.integer(0, 6) == 0) store_busy = false, ++stores_done;
    if (tiles_running > 0 && r.integer(0, 8) == 0) --tiles_running, ++tiles_done, ++computes_done;
  }
};

template <class Kind>
std::vector<arch::Command> of_engine(const std::vector<arch::Command>& stream, Kind belongs) {
  std::vector<arch::Command> result;
  for (const auto& c : stream) {
    if (belongs(c)) result.push_back(c);
  }
  return result;
}

class QueueDepths : public testing::TestWithParam<int> {};

TEST_P(QueueDepths, IssueEveryCommandInOrderAndNeverBeforeItsTokens) {
  base::Random random(81);
  arch::Hardware h;
  h.control.command_queue_depth = GetParam();
  const auto stream = random_stream(random, 300);
  std::vector<std::uint32_t> words;
  for (const auto& c : stream) arch::encode(c, words);

  CommandProcessor processor(h);
  Engines e;
  std::size_t fed = 0;
  for (int cycle = 0; cycle < 100000 && !processor.finished(); ++cycle) {
    CommandProcessor::In in;
    std::vector<std::uint32_t> chunk;
    if (fed < words.size() && processor.ready()) {
      const auto n =
          std::min<std::size_t>(words.size() - fed, static_cast<std::size_t>(random.integer(1, 9)));
      chunk.assign(words.begin() + static_cast<std::ptrdiff_t>(fed),
                   words.begin() + static_cast<std::ptrdiff_t>(fed + n));
      fed += n;
      in.words = &chunk;
    }
    in.loads_done = e.loads_done;
    in.stores_done = e.stores_done;
    in.tiles_done = e.tiles_done;
    if (const auto* load = processor.load(); load != nullptr && !e.load_busy) {
      ASSERT_TRUE(e.meets(load->wait));
      e.loads.push_back(*load);
      in.load_taken = e.load_busy = true;
    }
    if (const auto* store = processor.store(); store != nullptr && !e.store_busy) {
      ASSERT_TRUE(e.meets(store->wait));
      e.stores.push_back(*store);
      in.store_taken = e.store_busy = true;
    }
    if (const auto* compute = processor.compute(); compute != nullptr && random.integer(0, 1) == 0) {
      ASSERT_TRUE(e.meets(arch::wait_of(*compute)));
      e.computes.push_back(*compute);
      in.compute_taken = true;
      if (std::holds_alternative<arch::RunTile>(*compute)) {
        ++e.tiles_running;
      } else {
        ASSERT_EQ(e.tiles_running, 0U) << "settings change only in an empty datapath";
        ++e.computes_done;
      }
    }
    processor.step(in);
    e.work(random);
  }
  ASSERT_TRUE(processor.finished());
  EXPECT_EQ(e.loads, of_engine(stream, [](const auto& c) { return std::holds_alternative<arch::Load>(c); }));
  EXPECT_EQ(e.stores,
            of_engine(stream, [](const auto& c) { return std::holds_alternative<arch::Store>(c); }));
  EXPECT_EQ(e.computes, of_engine(stream, [](const auto& c) {
              return !std::holds_alternative<arch::Load>(c) && !std::holds_alternative<arch::Store>(c);
            }));
}

INSTANTIATE_TEST_SUITE_P(Depths, QueueDepths, testing::Values(1, 2, 8));

/// A processor with queues of two that has been given so many blocked loads and then a tile.
CommandProcessor behind_blocked_loads(int loads) {
  arch::Hardware h;
  h.control.command_queue_depth = 2;
  CommandProcessor processor(h);
  arch::Load blocked;
  blocked.wait.compute = 1;
  std::vector<std::uint32_t> words;
  for (int i = 0; i < loads; ++i) arch::encode(blocked, words);
  arch::encode(arch::RunTile{}, words);
  CommandProcessor::In in;
  in.words = &words;
  processor.step(in);
  for (int i = 0; i < 20; ++i) processor.step({});
  return processor;
}

TEST(CommandProcessor, AFullQueueHoldsTheStream) {
  const CommandProcessor fits = behind_blocked_loads(2);
  EXPECT_NE(fits.compute(), nullptr) << "the engines are decoupled";
  const CommandProcessor full = behind_blocked_loads(3);
  EXPECT_EQ(full.compute(), nullptr) << "the third load stands in front of the tile";
  EXPECT_FALSE(full.ready());
  EXPECT_EQ(full.load(), nullptr);
  EXPECT_EQ(
      full.describe(),
      "load engine: waits for compute token 1 (has 0) at 'load activation wait_compute=1 rows=1 pixels=1 "
      "elements=1'; compute engine: no command; store engine: no command");
}

TEST(CommandProcessor, RefusesWhatIsNoCommand) {
  for (const std::uint32_t header : {0x00000000U, 0xDA000000U, 0xDA7F0005U, 0xDA00FFFFU, 0x12345678U}) {
    CommandProcessor processor(arch::Hardware{});
    const std::vector<std::uint32_t> words{header, 1, 2, 3};
    CommandProcessor::In in;
    in.words = &words;
    EXPECT_THROW(
        {
          for (int i = 0; i < 3; ++i) {
            processor.step(in);
            in.words = nullptr;
          }
        },
        base::SimulationError)
        << header;
  }
}

}  // namespace
}  // namespace dlasim::sim::blocks
