#include "base/npy.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "npy_header.h"

namespace dlasim::base {

static_assert(std::endian::native == std::endian::little, "elements are stored as they are in memory");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;
constexpr std::size_t kAlignment = 64;

std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  std::int64_t n = 1;
  for (const std::int64_t d : shape) {
    if (d < 0 || (d != 0 && n > kMostElements / d)) return std::nullopt;
    n *= d;
  }
  return n;
}

/// Calls `visit` with a null pointer of the elements' type.
template <class Visitor>
auto with_type(std::string_view dtype, Visitor visit) {
  if (dtype == "f4") return visit(static_cast<float*>(nullptr));
  if (dtype == "f8") return visit(static_cast<double*>(nullptr));
  if (dtype == "i1") return visit(static_cast<std::int8_t*>(nullptr));
  if (dtype == "u1" || dtype == "b1") return visit(static_cast<std::uint8_t*>(nullptr));
  if (dtype == "i2") return visit(static_cast<std::int16_t*>(nullptr));
  if (dtype == "u2") return visit(static_cast<std::uint16_t*>(nullptr));
  if (dtype == "i4") return visit(static_cast<std::int32_t*>(nullptr));
  if (dtype == "u4") return visit(static_cast<std::uint32_t*>(nullptr));
  if (dtype == "i8") return visit(static_cast<std::int64_t*>(nullptr));
  throw std::invalid_argument(fmt::format("unknown element type '{}'", dtype));
}

template <class To>
std::vector<To> convert(const NpyArray& array) {
  return with_type(array.dtype, [&]<class T>(T*) {
    std::vector<To> values;
    values.reserve(static_cast<std::size_t>(array.size()));
    for (const T v : array.as<T>()) values.push_back(static_cast<To>(v));
    return values;
  });
}

std::uint32_t little_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

void append(std::vector<std::byte>& bytes, std::string_view text) {
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
}

}  // namespace

int npy_element_size(std::string_view dtype) {
  static constexpr std::array<std::string_view, 10> kKnown{"f4", "f8", "i1", "u1", "i2",
                                                           "u2", "i4", "u4", "i8", "b1"};
  for (const std::string_view known : kKnown) {
    if (known == dtype) return dtype[1] - '0';
  }
  return 0;
}

std::string npy_shape_text(std::span<const std::int64_t> shape) {
  if (shape.size() == 1) return fmt::format("({},)", shape[0]);
  std::string text;
  for (const std::int64_t d : shape) text += fmt::format("{}{}", text.empty() ? "" : ", ", d);
  return "(" + text + ")";
}

std::int64_t NpyArray::size() const {
  return element_count(shape).value_or(0);
}

void NpyArray::refuse_type(std::string_view wanted) const {
  throw InputError(fmt::format("the elements are {}, {} is wanted", dtype, wanted));
}

std::vector<double> NpyArray::to_doubles() const {
  return convert<double>(*this);
}

std::vector<std::int64_t> NpyArray::to_integers() const {
  if (dtype == "f4" || dtype == "f8") refuse_type("an integer type");
  return convert<std::int64_t>(*this);
}

void check_npy_size(const NpyArray& array) {
  const auto n = element_count(array.shape);
  const int size = npy_element_size(array.dtype);
  if (!n || size == 0 ||
      static_cast<std::uint64_t>(*n) * static_cast<std::uint64_t>(size) != array.data.size()) {
    throw std::invalid_argument(fmt::format("{} bytes for shape {} of {}", array.data.size(),
                                            npy_shape_text(array.shape), array.dtype));
  }
}

namespace npy_detail {

Prefix parse_prefix(std::span<const std::byte> bytes, std::string_view where) {
  const auto fail = [&](const std::string& what) { throw InputError(fmt::format("{}: {}", where, what)); };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || bytes.size() < kMagic.size() + 2) fail("not a NumPy array (.npy)");
  const auto major = std::to_integer<int>(bytes[kMagic.size()]);
  const auto minor = std::to_integer<int>(bytes[kMagic.size() + 1]);
  if (major < 1 || major > 3 || minor != 0) {
    fail(fmt::format("format version {}.{}; 1.0, 2.0 and 3.0 are known", major, minor));
  }
  const std::size_t length_size = major == 1 ? 2 : 4;
  const std::size_t start = kMagic.size() + 2 + length_size;
  if (bytes.size() < start) fail("ends inside the header");
  const std::uint32_t length = little_endian(bytes.subspan(kMagic.size() + 2, length_size));
  if (length > kLongestHeader) fail(fmt::format("a header of {} bytes", length));
  return {start, start + length};
}

Header parse_header(std::string_view text, std::string_view where) {
  const Dictionary fields = parse_dictionary(text, where);
  const auto fail = [&](const std::string& what) { throw InputError(fmt::format("{}: {}", where, what)); };
  if (fields.fortran_order) fail("is in Fortran order; C order is wanted (numpy.ascontiguousarray)");
  Header header;
  header.shape = fields.shape;
  const char order = fields.descr.empty() ? '\0' : fields.descr.front();
  header.dtype = fields.descr.substr(fields.descr.empty() ? 0 : 1);
  const int size = npy_element_size(header.dtype);
  const bool known_order = order == '<' || order == '=' || (order == '|' && size == 1);
  if (!known_order || size == 0) {
    fail(fmt::format("element type '{}'; little-endian f4 f8 i1 u1 i2 u2 i4 u4 i8 b1 are known",
                     fields.descr));
  }
  const auto n = element_count(header.shape);
  if (!n) fail(fmt::format("shape {} is too large", npy_shape_text(header.shape)));
  header.data_bytes = static_cast<std::uint64_t>(*n) * static_cast<std::uint64_t>(size);
  return header;
}

void check_data_size(const Header& header, std::uint64_t found, std::string_view where) {
  if (header.data_bytes == found) return;
  throw InputError(fmt::format("{}: shape {} of {} needs {} bytes, found {}", where,
                               npy_shape_text(header.shape), header.dtype, header.data_bytes, found));
}

void check_bools(const NpyArray& array, std::string_view where) {
  if (array.dtype != "b1") return;
  for (const std::byte b : array.data) {
    if (b > std::byte{1}) throw InputError(fmt::format("{}: a boolean is neither 0 nor 1", where));
  }
}

}  // namespace npy_detail

NpyArray parse_npy(std::span<const std::byte> bytes, std::string_view where) {
  const npy_detail::Prefix prefix = npy_detail::parse_prefix(bytes, where);
  if (bytes.size() < prefix.header_end) throw InputError(fmt::format("{}: ends inside the header", where));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + prefix.header_begin,
                              prefix.header_end - prefix.header_begin);
  npy_detail::Header header = npy_detail::parse_header(text, where);
  const auto data = bytes.subspan(prefix.header_end);
  npy_detail::check_data_size(header, data.size(), where);
  NpyArray array{std::move(header.dtype), std::move(header.shape), {data.begin(), data.end()}};
  npy_detail::check_bools(array, where);
  return array;
}

std::vector<std::byte> format_npy(const NpyArray& array) {
  check_npy_size(array);
  std::string header =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                  npy_element_size(array.dtype) == 1 ? '|' : '<', array.dtype, npy_shape_text(array.shape));
  const std::size_t length_size = header.size() + kAlignment < 65536 ? 2 : 4;
  const std::size_t start = kMagic.size() + 2 + length_size;
  const std::size_t padding = (kAlignment - (start + header.size() + 1) % kAlignment) % kAlignment;
  header += std::string(padding, ' ') + '\n';
  std::vector<std::byte> bytes;
  bytes.reserve(start + header.size() + array.data.size());
  append(bytes, kMagic);
  bytes.push_back(static_cast<std::byte>(length_size == 2 ? 1 : 2));
  bytes.push_back(std::byte{0});
  for (std::size_t i = 0; i < length_size; ++i) {
    bytes.push_back(static_cast<std::byte>(header.size() >> (8 * i) & 0xff));
  }
  append(bytes, header);
  bytes.insert(bytes.end(), array.data.begin(), array.data.end());
  return bytes;
}

NpyArray read_npy(const std::filesystem::path& file) {
  return parse_npy(read_file(file), file.string());
}

void write_npy(const std::filesystem::path& file, const NpyArray& array) {
  write_file_atomically(file, format_npy(array));
}

}  // namespace dlasim::base
