#include "network/importers/file.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <system_error>

#include "base/error.h"

namespace dlasim::network::importers {
namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{1} << 31;

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_-./:;").find(c) != std::string::npos;
}

}  // namespace

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw base::InputError(path.string() + ": " + error.message());
  if (size > kMostBytes) {
    throw base::InputError(path.string() + ": " + std::to_string(size) + " bytes; at most 2 GiB are read");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw base::InputError(path.string() + ": cannot be read");
  return bytes;
}

std::string stem(const std::filesystem::path& path) {
  return path.stem().string();
}

std::string UniqueNames::claim(const std::string& text) {
  std::string clean = text.empty() ? "unnamed" : text;
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return !is_plain(c); }, '_');
  std::string candidate = clean;
  int& next = next_[clean];
  while (!used_.insert(candidate).second) candidate = clean + "_" + std::to_string(++next + 1);
  return candidate;
}

}  // namespace dlasim::network::importers
