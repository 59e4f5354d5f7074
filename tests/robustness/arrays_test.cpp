// Damaged arrays and sounds.

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/file.h"
#include "base/npy.h"
#include "base/wav.h"
#include "damage.h"
#include "network/npy_tensor.h"
#include "support/test_support.h"

namespace dlasim::robustness {
namespace {

namespace fs = std::filesystem;

class Arrays : public testing::Test {
 protected:
  void SetUp() override { limit_memory(); }

  template <class Read>
  Tally survive_all(const Bytes& seed, const std::string& name, std::uint64_t mutations, Read read) {
    base::Random random(5);
    Tally tally;
    for (std::uint64_t i = 0; i < mutation_count(mutations); ++i) {
      std::ofstream(directory_ / name, std::ios::binary) << text_of(damaged(seed, random));
      survive(name + " " + std::to_string(i), tally, [&] { read(directory_ / name); });
    }
    return tally;
  }

  base::ScratchDirectory directory_;
};

base::NpyArray small_array() {
  base::NpyArray array{"i2", {3, 4}, {}};
  array.data.resize(24);
  for (std::size_t i = 0; i < array.data.size(); ++i) array.data[i] = static_cast<std::byte>(7 * i);
  return array;
}

TEST_F(Arrays, Npy) {
  const Tally tally = survive_all(base::format_npy(small_array()), "x.npy", 300, [](const fs::path& path) {
    network::tensor_from_npy(base::read_npy(path), path.string());
  });
  EXPECT_GT(tally.refused, tally.accepted / 4);
}

TEST_F(Arrays, Npz) {
  base::write_npz(directory_ / "seed.npz", {{"a", small_array()}, {"b", small_array()}},
                  base::NpzCompression::kDeflated);
  const Tally tally =
      survive_all(base::read_file(directory_ / "seed.npz"), "x.npz", 300, [](const fs::path& path) {
        for (const auto& [name, array] : base::read_npz(path)) network::tensor_from_npy(array, name);
      });
  EXPECT_GT(tally.refused, tally.accepted / 4);
}

TEST_F(Arrays, Wav) {
  base::Wav wav;
  wav.sample_rate = 8000;
  wav.channels = 2;
  for (int i = 0; i < 100; ++i) wav.samples.push_back(static_cast<float>(i) / 128.0F);
  base::write_wav(directory_ / "seed.wav", wav);
  const Tally tally = survive_all(base::read_file(directory_ / "seed.wav"), "x.wav", 300,
                                  [](const fs::path& path) { base::read_wav(path); });
  EXPECT_GT(tally.refused, 0U);
}

/// Headers that promise far more than the file holds cost nothing.
TEST_F(Arrays, PromisesAreCheckedBeforeMemoryIsTaken) {
  const auto refused = [&](const std::string& shape, std::size_t bytes) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');
    header += '\n';
    const std::string size{static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
    std::ofstream(directory_ / "x.npy", std::ios::binary)
        << std::string("\x93NUMPY\x01\x00", 8) << size << header << std::string(bytes, '\0');
    return base::error_of([&] { base::read_npy(directory_ / "x.npy"); });
  };
  EXPECT_EQ(refused("(2, 2)", 16), "no error");
  for (const char* shape : {"(1099511627776,)", "(4294967296, 4294967296)", "(65536, 65536, 65536, 65536)",
                            "(-1,)", "(9223372036854775808,)", "(2, 3)"}) {
    EXPECT_NE(refused(shape, 16), "no error") << shape;
  }
}

/// 16 MiB of zeros in a few kilobytes, whose directory says 100 bytes: refused at the promised size.
TEST_F(Arrays, AnArchiveThatUnpacksToMoreThanItSays) {
  base::NpyArray zeros{"i1", {std::int64_t{16} << 20}, {}};
  zeros.data.resize(std::size_t{16} << 20);
  base::write_npz(directory_ / "bomb.npz", {{"a", zeros}}, base::NpzCompression::kDeflated);
  Bytes file = base::read_file(directory_ / "bomb.npz");
  ASSERT_LT(file.size(), std::size_t{64} << 10);
  // The uncompressed size stands in the central directory, 24 bytes after its signature.
  const char signature[] = {'P', 'K', 1, 2};
  const auto entry = std::search(file.begin(), file.end(), reinterpret_cast<const std::byte*>(signature),
                                 reinterpret_cast<const std::byte*>(signature) + 4);
  ASSERT_NE(entry, file.end());
  const std::uint32_t promised = 100;
  std::memcpy(&*(entry + 24), &promised, 4);
  std::ofstream(directory_ / "bomb.npz", std::ios::binary) << text_of(file);
  EXPECT_NE(base::error_of([&] { base::read_npz(directory_ / "bomb.npz"); }), "no error");
}

}  // namespace
}  // namespace dlasim::robustness
