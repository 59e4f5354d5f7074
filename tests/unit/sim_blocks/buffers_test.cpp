// The buffers: what is written is read, padding reads as the pad value, and nothing lies beyond the last
// word.

#include <gtest/gtest.h>

#include "base/error.h"
#include "block_bench.h"
#include "sim/blocks/activation_buffer.h"
#include "sim/blocks/output_buffer.h"
#include "sim/blocks/partial_sum_buffer.h"

namespace dlasim::sim::blocks {
namespace {

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::SimulationError& e) {
    return e.what();
  }
  return "no error";
}

arch::Hardware small() {
  arch::Hardware h = lanes(3, 5);
  h.buffers.activation_kib = 1;
  h.buffers.output_kib = 1;
  h.buffers.partial_sum_depth = 20;
  return h;
}

std::vector<std::vector<std::int32_t>> fill(ActivationBuffer& buffer, base::Random& random,
                                            std::uint32_t words) {
  std::vector<std::vector<std::int32_t>> contents;
  for (std::uint32_t word = 0; word < words; ++word) {
    contents.push_back(random_values<std::int32_t>(random, 3, -1000, 1000));
    const BufferWrite write{word, contents.back()};
    buffer.step({nullptr, &write, false});
  }
  return contents;
}

TEST(ActivationBuffer, AnswersInOrderUnderStalls) {
  for (const Stalls& stalls : kStallPatterns) {
    base::Random random(21);
    ActivationBuffer buffer(small());
    arch::Configure settings;
    settings.pad_value = -77;
    buffer.configure(settings);
    const auto contents = fill(buffer, random, 40);
    std::vector<TapRequest> requests(400);
    for (TapRequest& r : requests) {
      r.word = static_cast<std::uint32_t>(random.integer(0, 39));
      r.padded = random.integer(0, 4) == 0;
      r.tap = static_cast<std::uint32_t>(random.integer(0, 8));
      r.position.index = static_cast<std::uint32_t>(random.integer(0, 99));
    }
    const auto outcome =
        drive(buffer, requests, requests.size(), stalls, random, [&](const TapRequest* in, bool taken) {
          buffer.step({in, nullptr, taken});
        });
    ASSERT_EQ(outcome.out.size(), requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      ASSERT_EQ(outcome.out[i].beat.request, requests[i]);
      ASSERT_EQ(outcome.out[i].beat.x,
                requests[i].padded ? std::vector<std::int32_t>(3, -77) : contents[requests[i].word]);
      if (stalls.sink == 0) {
        ASSERT_EQ(outcome.out[i].taken, outcome.accepted[i] + 1);
      }
    }
  }
}

TEST(ActivationBuffer, ReadsTheOldWordInTheCycleOfItsWrite) {
  ActivationBuffer buffer(small());
  const std::vector<std::int32_t> old{1, 2, 3}, young{4, 5, 6};
  const BufferWrite first{7, old}, second{7, young};
  buffer.step({nullptr, &first, false});
  TapRequest request;
  request.word = 7;
  buffer.step({&request, &second, false});
  EXPECT_EQ(buffer.out().x, old);
  buffer.step({&request, nullptr, true});
  EXPECT_EQ(buffer.out().x, young);
}

TEST(ActivationBuffer, RefusesAWordBeyondItsEnd) {
  ActivationBuffer buffer(small());
  TapRequest request;
  request.word = 170;  // 1024 / (3 lanes * 2 bytes)
  EXPECT_EQ(failure_of([&] {
              buffer.step({&request, nullptr, false});
            }),
            "activation buffer: word 170 is beyond its 170 words");
  const std::vector<std::int32_t> values(3);
  const BufferWrite write{171, values};
  EXPECT_EQ(failure_of([&] {
              buffer.step({nullptr, &write, false});
            }),
            "activation buffer: word 171 is beyond its 170 words");
}

TEST(OutputBuffer, AnswersTheReadOfTheCycleBeforeAndCountsTiles) {
  base::Random random(22);
  OutputBuffer buffer(small());
  std::vector<std::vector<std::int32_t>> contents(30, std::vector<std::int32_t>(5));
  std::uint64_t tiles = 0;
  std::vector<std::int32_t> expected;
  for (int cycle = 0; cycle < 3000; ++cycle) {
    OutputWord word;
    word.value = random_values<std::int32_t>(random, 5, -99, 99);
    word.word = static_cast<std::uint32_t>(random.integer(0, 29));
    word.write = random.integer(0, 3) != 0;
    word.last_of_tile = random.integer(0, 9) == 0;
    const bool writes = random.integer(0, 1) == 1;
    const bool reads = random.integer(0, 1) == 1;
    const auto address = static_cast<std::uint32_t>(random.integer(0, 29));
    if (reads) expected = contents[address];
    buffer.step({writes ? &word : nullptr, reads, address});
    if (writes && word.write) contents[word.word] = word.value;
    if (writes && word.last_of_tile) ++tiles;
    ASSERT_EQ(buffer.data_valid(), reads);
    if (reads) {
      ASSERT_EQ(buffer.data(), expected);
    }
    ASSERT_EQ(buffer.tiles_done(), tiles);
  }
  EXPECT_EQ(failure_of([&] {
              buffer.step({nullptr, true, 102});
            }),
            "output buffer: word 102 is beyond its 102 words");
}

struct SumBeats {
  std::vector<ChannelSums> in;
  std::vector<ChannelSums> expected;
};

/// Tiles of random length that begin, continue or hold their sums.
SumBeats random_sums(base::Random& random) {
  SumBeats beats;
  std::vector<std::vector<std::int64_t>> memory(20, std::vector<std::int64_t>(5));
  for (int tile = 0; tile < 60; ++tile) {
    const bool first = tile == 0 || random.integer(0, 1) == 0;
    const bool last = random.integer(0, 1) == 0;
    const auto positions = static_cast<std::uint32_t>(random.integer(1, 20));
    for (std::uint32_t p = 0; p < positions; ++p) {
      ChannelSums s{random_values<std::int64_t>(random, 5, -(1LL << 45), 1LL << 45), {}};
      s.position.index = p;
      s.position.first_sum = first;
      s.position.last_sum = last;
      s.position.last_of_tile = p + 1 == positions;
      s.position.output_word = static_cast<std::uint32_t>(tile);
      beats.in.push_back(s);
      for (std::size_t oc = 0; oc < 5; ++oc) s.sum[oc] += first ? 0 : memory[p][oc];
      if (!last) memory[p] = s.sum;
      if (last || s.position.last_of_tile) beats.expected.push_back(s);
    }
  }
  return beats;
}

TEST(PartialSumBuffer, BeginsContinuesAndHoldsSumsUnderStalls) {
  for (const Stalls& stalls : kStallPatterns) {
    base::Random random(23);
    const SumBeats beats = random_sums(random);
    PartialSumBuffer buffer(small());
    const auto outcome = drive(buffer, beats.in, beats.expected.size(), stalls, random,
                               [&](const ChannelSums* in, bool taken) {
                                 buffer.step({in, taken});
                               });
    ASSERT_EQ(outcome.out.size(), beats.expected.size());
    for (std::size_t i = 0; i < beats.expected.size(); ++i) {
      const ChannelSums& got = outcome.out[i].beat;
      ASSERT_EQ(got.position, beats.expected[i].position);
      if (got.position.last_sum) {
        ASSERT_EQ(got.sum, beats.expected[i].sum);
      }
    }
  }
}

TEST(PartialSumBuffer, RefusesAPositionBeyondItsEnd) {
  PartialSumBuffer buffer(small());
  ChannelSums s{std::vector<std::int64_t>(5), {}};
  s.position.index = 20;
  EXPECT_EQ(failure_of([&] {
              buffer.step({&s, false});
            }),
            "partial_sum_buffer: position 20 is beyond its 20 entries");
}

}  // namespace
}  // namespace dlasim::sim::blocks
