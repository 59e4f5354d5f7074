// Commands: any field values survive encoding; what is no command is refused.

#include "sim/arch/command.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace dlasim::sim::arch {
namespace {

/// Gives every field random bits: the encoding knows no meaning.
struct Randomiser {
  base::Random& random;
  template <class T>
  void operator()(const char*, T& field) {
    field = static_cast<T>(random.bits());
  }
};

template <std::size_t kKind>
Command random_command(base::Random& random) {
  std::variant_alternative_t<kKind, Command> command;
  Randomiser randomiser{random};
  command.fields(randomiser);
  return command;
}

Command random_command(base::Random& random, std::uint64_t kind) {
  switch (kind) {
    case 0:
      return random_command<0>(random);
    case 1:
      return random_command<1>(random);
    case 2:
      return random_command<2>(random);
    case 3:
      return random_command<3>(random);
    case 4:
      return random_command<4>(random);
    default:
      return random_command<5>(random);
  }
}
constexpr std::uint64_t kKinds = 6;
static_assert(std::variant_size_v<Command> == kKinds);

TEST(Commands, SurviveEncodingAndDecoding) {
  base::Random random(5);
  for (int i = 0; i < 500; ++i) {
    const Command command = random_command(random, random.below(kKinds));
    std::vector<std::uint32_t> words{42};  // appended to
    encode(command, words);
    ASSERT_EQ(words[0], 42U);
    ASSERT_EQ(length_in_words(words[1]), words.size() - 1);
    ASSERT_LE(words.size() - 1, longest_command_in_words());
    ASSERT_EQ(decode(words.data() + 1, words.size() - 1), command);
  }
}

TEST(Commands, RefuseAWrongLength) {
  base::Random random(6);
  for (std::uint64_t kind = 0; kind < kKinds; ++kind) {
    std::vector<std::uint32_t> words;
    encode(random_command(random, kind), words);
    EXPECT_THROW(decode(words.data(), words.size() - 1), base::SimulationError);
    words.push_back(0);
    EXPECT_THROW(decode(words.data(), words.size()), base::SimulationError);
  }
  EXPECT_THROW(decode(nullptr, 0), base::SimulationError);
}

std::string header_error(std::uint32_t header) {
  try {
    length_in_words(header);
  } catch (const base::SimulationError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Commands, RefuseHeadersOfNoCommand) {
  EXPECT_EQ(header_error(0xDB000005), "0xdb000005 is not the header of a command");  // magic
  EXPECT_EQ(header_error(0xDA060005), "0xda060005 is not the header of a command");  // opcode 6
  EXPECT_EQ(header_error(0xDA000000), "0xda000000 is not the header of a command");  // no length
  EXPECT_EQ(header_error(0xDA00FFFF), "0xda00ffff is not the header of a command");  // too long
}

TEST(Commands, PrintTheFieldsThatAreNotZero) {
  Load load;
  load.wait.compute = 7;
  load.target = LoadTarget::kWeight;
  load.region.address = 0x1234;
  EXPECT_EQ(to_string(load), "load weight wait_compute=7 target=1 address=0x1234 rows=1 pixels=1 elements=1");
  EXPECT_EQ(to_string(Finish{}), "finish");
}

TEST(Commands, TellTheirWaitAndLayer) {
  RunTile tile;
  tile.wait = {1, 2, 3};
  tile.layer = 9;
  EXPECT_EQ(wait_of(tile), (Wait{1, 2, 3}));
  EXPECT_EQ(layer_of(tile), 9U);
}

}  // namespace
}  // namespace dlasim::sim::arch
