#include "network/importers/names.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace dlasim::network::importers {
namespace {

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_-./:;").find(c) != std::string::npos;
}

}  // namespace

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
