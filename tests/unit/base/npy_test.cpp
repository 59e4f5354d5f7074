#include "base/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <array>
#include <stdexcept>

#include "base/file.h"
#include "support/test_support.h"

namespace dlasim::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An .npy of version 1.0 with any header text and data.
std::vector<std::byte> npy_bytes(const std::string& header, std::size_t data_bytes) {
  std::string text = "\x93NUMPY";
  text += '\x01';
  text += '\0';
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  text += header + std::string(data_bytes, '\1');
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string header_error(const std::string& header, std::size_t data_bytes = 0) {
  return error_of([&] { parse_npy(npy_bytes(header, data_bytes), "x.npy"); });
}

template <class T>
NpyArray array_of(std::vector<std::int64_t> shape, std::vector<T> values) {
  return make_npy<T>(std::move(shape), std::span<const T>(values));
}

TEST(Npy, WritesNumPysOwnBytes) {
  const std::vector<std::byte> bytes = format_npy(array_of<std::int16_t>({2, 1}, {1, -2}));
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }";
  expected.resize(127, ' ');
  expected += std::string("\n\x01\x00\xfe\xff", 5);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
}

TEST(Npy, EveryTypeComesBack) {
  const std::vector<NpyArray> arrays{
      array_of<float>({2}, {1.5F, -2.0F}),        array_of<double>({}, {0.1}),
      array_of<std::int8_t>({1, 2}, {-128, 127}), array_of<std::uint8_t>({2}, {0, 255}),
      array_of<std::int16_t>({1}, {-32768}),      array_of<std::uint16_t>({1}, {65535}),
      array_of<std::int32_t>({1}, {INT32_MIN}),   array_of<std::uint32_t>({1}, {UINT32_MAX}),
      array_of<std::int64_t>({1}, {INT64_MIN}),   array_of<float>({0, 3}, {})};
  for (const NpyArray& array : arrays) {
    const NpyArray back = parse_npy(format_npy(array), "x.npy");
    EXPECT_EQ(back, array) << array.dtype;
  }
  NpyArray flags = array_of<std::uint8_t>({2}, {0, 1});
  flags.dtype = "b1";
  EXPECT_THAT(parse_npy(format_npy(flags), "x.npy").as<std::uint8_t>(), ElementsAre(0, 1));
}

TEST(Npy, ConvertsAndChecksTypes) {
  const NpyArray array = array_of<std::int16_t>({2}, {3, -4});
  EXPECT_THAT(array.as<std::int16_t>(), ElementsAre(3, -4));
  EXPECT_THAT(array.to_doubles(), ElementsAre(3.0, -4.0));
  EXPECT_THAT(array.to_integers(), ElementsAre(3, -4));
  EXPECT_EQ(error_of([&] { static_cast<void>(array.as<float>()); }), "the elements are i2, f4 is wanted");
  EXPECT_EQ(error_of([&] { static_cast<void>(array_of<float>({1}, {1.0F}).to_integers()); }),
            "the elements are f4, an integer type is wanted");
  EXPECT_THROW(array_of<float>({3}, {1.0F}), std::invalid_argument);
  EXPECT_EQ(npy_shape_text(std::array<std::int64_t, 1>{4}), "(4,)");
  EXPECT_EQ(npy_shape_text(std::array<std::int64_t, 2>{1, 2}), "(1, 2)");
  EXPECT_EQ(npy_shape_text({}), "()");
}

TEST(Npy, LongHeadersTakeVersionTwo) {
  // Version 1 cannot say a length above 65535; 32 dimensions of one element reach it only through padding, so
  // the version is set by hand here.
  std::vector<std::byte> bytes = format_npy(array_of<float>({1}, {2.0F}));
  bytes[6] = std::byte{2};
  bytes.insert(bytes.begin() + 10, 2, std::byte{0});
  EXPECT_THAT(parse_npy(bytes, "x.npy").as<float>(), ElementsAre(2.0F));
  bytes[6] = std::byte{3};
  EXPECT_THAT(parse_npy(bytes, "x.npy").as<float>(), ElementsAre(2.0F));
  bytes[6] = std::byte{4};
  EXPECT_EQ(error_of([&] { parse_npy(bytes, "x.npy"); }),
            "x.npy: format version 4.0; 1.0, 2.0 and 3.0 are known");
}

TEST(Npy, RefusesWhatItWouldMisread) {
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", 4),
            "x.npy: is in Fortran order; C order is wanted (numpy.ascontiguousarray)");
  EXPECT_EQ(header_error("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4),
            "x.npy: element type '>f4'; little-endian f4 f8 i1 u1 i2 u2 i4 u4 i8 b1 are known");
  EXPECT_EQ(header_error("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4),
            "x.npy: is an array of records; plain numbers are wanted");
  EXPECT_EQ(header_error("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", 1), "no error");
  EXPECT_EQ(error_of([] {
              auto bytes = npy_bytes("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", 1);
              bytes.back() = std::byte{2};
              parse_npy(bytes, "x.npy");
            }),
            "x.npy: a boolean is neither 0 nor 1");
}

TEST(Npy, ChecksSizesBeforeItAllocates) {
  const std::string huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }";
  EXPECT_EQ(header_error(huge, 8),
            "x.npy: shape (1000000, 1000000) of f4 needs 4000000000000 bytes, found 8");
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
            "x.npy: shape (4294967296, 4294967296) is too large");
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9),
            "x.npy: shape (2,) of f4 needs 8 bytes, found 9");
}

TEST(Npy, RefusesBrokenHeaders) {
  for (const std::string header :
       {"", "{", "}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), } x",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4 'fortran_order': False, 'shape': (), }"}) {
    EXPECT_EQ(header_error(header), "x.npy: the header is not a NumPy array's") << header;
  }
  EXPECT_EQ(error_of([] { parse_npy({}, "x.npy"); }), "x.npy: not a NumPy array (.npy)");
  const std::vector<std::byte> whole = format_npy(array_of<float>({1}, {1.0F}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(parse_npy(std::span(whole).first(length), "x.npy"), InputError) << length;
  }
}

TEST(Npy, FilesReadBack) {
  const ScratchDirectory scratch;
  const NpyArray array = array_of<double>({1, 3}, {1.0, 2.0, 3.0});
  write_npy(scratch / "a.npy", array);
  EXPECT_EQ(read_npy(scratch / "a.npy"), array);
  write_file_atomically(scratch / "b.npy", "not an array at all");
  EXPECT_EQ(error_of([&] { read_npy(scratch / "b.npy"); }),
            (scratch / "b.npy").string() + ": not a NumPy array (.npy)");
}

// --- archives ------------------------------------------------------------------------------------

NpzArrays two_arrays() {
  return {{"start.weight", array_of<float>({2, 2}, {1, 2, 3, 4})},
          {"ids", array_of<std::int32_t>({100000}, std::vector<std::int32_t>(100000, 7))}};
}

/// An archive with the given members, to be broken in ways that write_npz does not offer.
void write_zip(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, std::string>>& members) {
  int error = 0;
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(archive, nullptr);
  for (const auto& [name, content] : members) {
    zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

TEST(Npz, StoredAndDeflatedReadBack) {
  const ScratchDirectory scratch;
  write_npz(scratch / "a.npz", two_arrays(), NpzCompression::kStored);
  write_npz(scratch / "b.npz", two_arrays(), NpzCompression::kDeflated);
  EXPECT_EQ(read_npz(scratch / "a.npz"), two_arrays());
  EXPECT_EQ(read_npz(scratch / "b.npz"), two_arrays());
  EXPECT_GT(std::filesystem::file_size(scratch / "a.npz"), 400'000U);
  EXPECT_LT(std::filesystem::file_size(scratch / "b.npz"), 4'000U);
}

TEST(Npz, EqualArraysGiveEqualFiles) {
  const ScratchDirectory scratch;
  write_npz(scratch / "a.npz", two_arrays());
  write_npz(scratch / "b.npz", two_arrays());
  EXPECT_EQ(read_file(scratch / "a.npz"), read_file(scratch / "b.npz"));
}

TEST(Npz, NamesFileAndArray) {
  const ScratchDirectory scratch;
  const std::string file = (scratch / "x.npz").string();
  const auto error = [&] { return error_of([&] { read_npz(file); }); };
  write_zip(file, {{"start.weight.npy", "no array"}});
  EXPECT_EQ(error(), file + ": array 'start.weight': not a NumPy array (.npy)");
  write_zip(file, {{"notes.txt", "hello"}});
  EXPECT_EQ(error(), file + ": 'notes.txt' is not a NumPy array (.npy)");
  write_file_atomically(file, "no archive");
  EXPECT_EQ(error(), file + ": not a NumPy archive (.npz): Not a zip archive");
  const std::vector<std::byte> lie =
      npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 100), }", 8);
  write_zip(file, {{"w.npy", std::string(reinterpret_cast<const char*>(lie.data()), lie.size())}});
  EXPECT_EQ(error(), file + ": array 'w': shape (1000000, 100) of f4 needs 400000000 bytes, found 8");
}

TEST(Npz, AnEmptyArrayWithAShortHeaderIsReadWhole) {
  const ScratchDirectory scratch;
  const auto bytes = npy_bytes("{'descr':'|u1','fortran_order':False,'shape':(0,)}", 0);
  write_zip(scratch / "x.npz",
            {{"e.npy", std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())}});
  EXPECT_EQ(read_npz(scratch / "x.npz").at("e").shape, (std::vector<std::int64_t>{0}));
}

TEST(Npz, DamageIsFoundWhereverItIs) {
  const ScratchDirectory scratch;
  const auto file = scratch / "x.npz";
  NpzArrays arrays{{"w", array_of<std::uint8_t>({300}, std::vector<std::uint8_t>(300, 9))}};
  for (const NpzCompression compression : {NpzCompression::kStored, NpzCompression::kDeflated}) {
    write_npz(file, arrays, compression);
    const std::vector<std::byte> good = read_file(file);
    int refused = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::vector<std::byte> bad = good;
      bad[i] ^= std::byte{0x10};
      write_file_atomically(file, bad);
      try {
        // Dates and attributes may change; what is read must be right all the same.
        for (const auto& [name, array] : read_npz(file)) EXPECT_EQ(array, arrays.at("w")) << "byte " << i;
      } catch (const InputError& e) {
        EXPECT_THAT(e.what(), HasSubstr("x.npz: ")) << "byte " << i;
        ++refused;
      }
    }
    EXPECT_GT(refused, static_cast<int>(good.size()) / 3);
    for (std::size_t length = 0; length < good.size(); ++length) {
      write_file_atomically(file, std::span(good).first(length));
      EXPECT_THROW(read_npz(file), InputError) << length;
    }
  }
}

TEST(Npz, AnEmptyArchiveIsNotWritten) {
  const ScratchDirectory scratch;
  EXPECT_THROW(write_npz(scratch / "x.npz", {}), std::invalid_argument);
}

}  // namespace
}  // namespace dlasim::base
