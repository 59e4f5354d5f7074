#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "npy_header.h"

namespace dlasim::base {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 30;
constexpr std::size_t kReadStep = std::size_t{16} << 20;
constexpr std::string_view kSuffix = ".npy";

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using Member = std::unique_ptr<zip_file_t, Discard>;

/// libzip's error, to be closed by scope.
class ZipError {
 public:
  ZipError() { zip_error_init(&error_); }
  ~ZipError() { zip_error_fini(&error_); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  zip_error_t* get() { return &error_; }
  const char* text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_{};
};

/// Reads one member, whose size the directory may have lied about.
class MemberReader {
 public:
  MemberReader(Member member, std::uint64_t size, std::string where)
      : member_(std::move(member)), left_(size), where_(std::move(where)) {}

  NpyArray read() {
    std::vector<std::byte> head;
    extend(head, std::min<std::uint64_t>(left_, npy_detail::kLongestPrefix));
    const npy_detail::Prefix prefix = npy_detail::parse_prefix(head, where_);
    if (prefix.header_end > head.size()) {
      const std::size_t missing = prefix.header_end - head.size();
      if (missing > left_) throw InputError(fmt::format("{}: ends inside the header", where_));
      extend(head, missing);
    }
    const std::string_view text(reinterpret_cast<const char*>(head.data()) + prefix.header_begin,
                                prefix.header_end - prefix.header_begin);
    npy_detail::Header header = npy_detail::parse_header(text, where_);
    // A very short header can lie wholly before the bytes that were read first.
    const std::vector<std::byte> early(head.begin() + static_cast<std::ptrdiff_t>(prefix.header_end),
                                       head.end());
    npy_detail::check_data_size(header, left_ + early.size(), where_);
    NpyArray array{std::move(header.dtype), std::move(header.shape), early};
    extend(array.data, left_);
    check_end();
    npy_detail::check_bools(array, where_);
    return array;
  }

 private:
  [[noreturn]] void refuse() {
    throw InputError(
        fmt::format("{}: cannot unpack: {}", where_, zip_error_strerror(zip_file_get_error(member_.get()))));
  }

  /// Grows with what really comes, not with what was promised.
  void extend(std::vector<std::byte>& bytes, std::uint64_t n) {
    while (n > 0) {
      const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(n, kReadStep));
      const std::size_t old = bytes.size();
      bytes.resize(old + step);
      const zip_int64_t got = zip_fread(member_.get(), bytes.data() + old, step);
      if (got < 0) refuse();
      if (got == 0) throw InputError(fmt::format("{}: ends early", where_));
      bytes.resize(old + static_cast<std::size_t>(got));
      n -= static_cast<std::uint64_t>(got);
      left_ -= static_cast<std::uint64_t>(got);
    }
  }

  /// Reading past the end makes libzip compare the checksum.
  void check_end() {
    std::byte beyond{};
    const zip_int64_t got = zip_fread(member_.get(), &beyond, 1);
    if (got < 0) refuse();
    if (got > 0) throw InputError(fmt::format("{}: is longer than the archive says", where_));
  }

  Member member_;
  std::uint64_t left_;
  std::string where_;
};

Archive open_archive(const std::vector<std::byte>& bytes, const std::string& file) {
  // To libzip an empty file is an empty archive.
  if (bytes.empty()) throw InputError(fmt::format("{}: not a NumPy archive (.npz): is empty", file));
  ZipError error;
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, error.get());
  Archive archive;
  if (source != nullptr) archive.reset(zip_open_from_source(source, ZIP_RDONLY, error.get()));
  if (archive) return archive;
  if (source != nullptr) zip_source_free(source);
  throw InputError(fmt::format("{}: not a NumPy archive (.npz): {}", file, error.text()));
}

std::string name_for_message(std::string_view name) {
  std::string text(name.substr(0, 100));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return text;
}

zip_stat_t member_facts(zip_t* archive, zip_uint64_t index, const std::string& file) {
  zip_stat_t facts;
  zip_stat_init(&facts);
  constexpr zip_uint64_t kWanted = ZIP_STAT_NAME | ZIP_STAT_SIZE;
  if (zip_stat_index(archive, index, 0, &facts) != 0 || (facts.valid & kWanted) != kWanted) {
    throw InputError(fmt::format("{}: entry {} of the archive is broken", file, index));
  }
  return facts;
}

void add_member(zip_t* archive, const std::string& name, const std::vector<std::byte>& bytes,
                NpzCompression compression) {
  const auto fail = [&] { throw std::runtime_error(fmt::format("libzip: {}", zip_strerror(archive))); };
  zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  if (source == nullptr) fail();
  const zip_int64_t index =
      zip_file_add(archive, (name + std::string(kSuffix)).c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    fail();
  }
  const auto at = static_cast<zip_uint64_t>(index);
  const zip_int32_t method = compression == NpzCompression::kStored ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
  constexpr zip_uint16_t kFirstOfJanuary1980 = 0x0021;
  if (zip_set_file_compression(archive, at, method, 0) != 0 ||
      zip_file_set_dostime(archive, at, 0, kFirstOfJanuary1980, 0) != 0) {
    fail();
  }
}

/// The bytes that libzip has written into `source`.
std::vector<std::byte> content_of(zip_source_t* source) {
  zip_stat_t facts;
  zip_stat_init(&facts);
  if (zip_source_stat(source, &facts) != 0 || zip_source_open(source) != 0) {
    throw std::runtime_error("libzip: cannot read back the archive");
  }
  std::vector<std::byte> bytes(facts.size);
  const zip_int64_t got = zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  if (got < 0 || static_cast<std::size_t>(got) != bytes.size()) {
    throw std::runtime_error("libzip: cannot read back the archive");
  }
  return bytes;
}

}  // namespace

NpzArrays read_npz(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::vector<std::byte> bytes = read_file(path, kMostBytes);
  const Archive archive = open_archive(bytes, file);
  const auto members =
      static_cast<zip_uint64_t>(std::max<zip_int64_t>(0, zip_get_num_entries(archive.get(), 0)));
  NpzArrays arrays;
  std::uint64_t total = 0;
  for (zip_uint64_t i = 0; i < members; ++i) {
    const zip_stat_t facts = member_facts(archive.get(), i, file);
    std::string_view name = facts.name;
    if (!name.ends_with(kSuffix)) {
      throw InputError(fmt::format("{}: '{}' is not a NumPy array (.npy)", file, name_for_message(name)));
    }
    name.remove_suffix(kSuffix.size());
    const std::string where = fmt::format("{}: array '{}'", file, name_for_message(name));
    if (facts.size > kMostBytes - total) {
      throw InputError(fmt::format("{}: the archive unpacks to more than {} bytes", where, kMostBytes));
    }
    total += facts.size;
    Member member(zip_fopen_index(archive.get(), i, 0));
    if (!member) throw InputError(fmt::format("{}: {}", where, zip_strerror(archive.get())));
    NpyArray array = MemberReader(std::move(member), facts.size, where).read();
    if (!arrays.emplace(name, std::move(array)).second) {
      throw InputError(fmt::format("{}: is in the archive twice", where));
    }
  }
  return arrays;
}

void write_npz(const std::filesystem::path& path, const NpzArrays& arrays, NpzCompression compression) {
  if (arrays.empty()) throw std::invalid_argument("an archive without arrays");  // libzip writes none
  ZipError error;
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, error.get());
  if (target == nullptr) throw std::runtime_error(fmt::format("libzip: {}", error.text()));
  zip_source_keep(target);  // the archive takes one reference, reading back needs another
  const std::unique_ptr<zip_source_t, decltype(&zip_source_free)> keep(target, &zip_source_free);
  Archive archive(zip_open_from_source(target, ZIP_TRUNCATE, error.get()));
  if (!archive) throw std::runtime_error(fmt::format("libzip: {}", error.text()));
  std::vector<std::vector<std::byte>> members;  // libzip reads them when it closes
  members.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    members.push_back(format_npy(array));
    add_member(archive.get(), name, members.back(), compression);
  }
  if (zip_close(archive.get()) != 0) {
    throw std::runtime_error(fmt::format("libzip: {}", zip_strerror(archive.get())));
  }
  static_cast<void>(archive.release());  // closing has freed it
  write_file_atomically(path, content_of(target));
}

}  // namespace dlasim::base
