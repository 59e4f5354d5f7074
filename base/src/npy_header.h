#pragma once
/// The header of an .npy: magic, version, length, and a Python dictionary in text.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/npy.h"

namespace dlasim::base::npy_detail {

/// NumPy itself never writes so much for the types that are known.
inline constexpr std::uint32_t kLongestHeader = 1U << 20;
/// Bytes that are enough for parse_prefix.
inline constexpr std::size_t kLongestPrefix = 12;

/// Where the dictionary is, as offsets from the start of the file.
struct Prefix {
  std::size_t header_begin, header_end;
};

struct Header {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t data_bytes = 0;
};

/// The dictionary's fields as they stand there.
struct Dictionary {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// All throw InputError `WHERE: what`.
Prefix parse_prefix(std::span<const std::byte> bytes, std::string_view where);
Header parse_header(std::string_view text, std::string_view where);
Dictionary parse_dictionary(std::string_view text, std::string_view where);
void check_data_size(const Header& header, std::uint64_t found, std::string_view where);
void check_bools(const NpyArray& array, std::string_view where);

}  // namespace dlasim::base::npy_detail
