#pragma once
/// Typed access to a JSON object whose errors say which key, what was found and what is allowed.

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace dlasim::network::nam {

using Json = nlohmann::json;

/// The longest list of layers of any format.
inline constexpr std::size_t kMostLayers = 4096;

/// Parses text. Throws base::InputError with the place of a syntax error.
Json parse_json(std::string_view text);

/// A view of an object and the path that leads to it; the JSON must outlive it.
class JsonObject {
 public:
  /// Throws base::InputError if `value` is no object.
  JsonObject(const Json& value, std::string path);

  const std::string& path() const { return path_; }
  /// True if the key is there and not null.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// The value, or nullptr if absent or null.
  const Json* find(std::string_view key) const;
  const Json& require(std::string_view key) const;
  JsonObject object(std::string_view key) const;

  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high) const;
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t absent) const;
  double number(std::string_view key, double absent) const;
  bool boolean(std::string_view key, bool absent) const;
  std::string string(std::string_view key) const;
  /// Throws base::UnsupportedError if the object has a key outside the list.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  /// "path.key"
  std::string where(std::string_view key) const;
  [[noreturn]] void bad(std::string_view key, const std::string& what) const;
  [[noreturn]] void unsupported(std::string_view key, const std::string& what) const;

 private:
  const Json& value_;
  std::string path_;
};

/// The integer in `value`; `where` begins the error.
std::int64_t integer_of(const Json& value, const std::string& where, std::int64_t low, std::int64_t high);
/// The finite number in `value`.
double number_of(const Json& value, const std::string& where);
/// A short rendering for messages.
std::string shown(const Json& value);

}  // namespace dlasim::network::nam
