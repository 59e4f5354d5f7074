#pragma once
/// The reader's own tree. yaml-cpp's nodes lose duplicate keys, so the tree is built from its events.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dlasim::base::yaml_detail {

/// A file, a text or a --set.
struct Source {
  std::string name;
  std::filesystem::path directory;  ///< file names in it are relative to this
  bool has_lines = true;            ///< false: `name` alone is the place
};

struct Place {
  std::shared_ptr<const Source> source;
  int line = 0, column = 0;  ///< from 1
  std::string text() const;
};

struct Value;
using ValuePtr = std::shared_ptr<Value>;

struct Entry {
  std::string key;
  Place key_place;
  ValuePtr value;
};

struct Value {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Place place;
  std::string scalar;
  bool quoted = false;
  std::vector<ValuePtr> items;                         ///< of a list
  std::vector<Entry> entries;                          ///< of a map
  std::unordered_map<std::string, std::size_t> index;  ///< key to position in `entries`

  std::set<std::string, std::less<>> asked;  ///< keys that a reader knows
  bool all_asked = false;                    ///< the keys are the user's own names
  ValuePtr resolved;                         ///< root of the file that `scalar` names, once read

  Value* find(std::string_view key) const;
  void add(Entry entry);
};

/// Throws InputError `PLACE: PATH: WHAT`.
[[noreturn]] void fail_at(const Place& place, const std::string& path, const std::string& what);

/// Parses one document. `path` is the dotted key of its root in messages.
ValuePtr parse(const std::string& text, const std::shared_ptr<const Source>& source, const std::string& path);
/// Reads and parses a file.
ValuePtr parse_file(const std::filesystem::path& file, const std::string& path);
/// The root of the file that the scalar `value` names; read once.
ValuePtr resolve(const ValuePtr& value, const std::string& path);
/// The file name that a scalar means.
std::filesystem::path path_of(const Value& value);

/// "a.b", "b" below the root.
std::string join(const std::string& path, std::string_view key);
/// "a[3]"
std::string join(const std::string& path, std::size_t item);
/// User text for a message: shortened, without control characters.
std::string printable(std::string_view text);

}  // namespace dlasim::base::yaml_detail
