#pragma once
/// The YAML reader that knows where everything is.
///
/// Every error is one line `FILE:LINE:COLUMN: dotted.key: what`, for instance
/// `configs/x.yaml:14:9: hardware.pe_array.ic_lanes: 0 is not between 1 and 1024`.
/// A value from `--set` has `--set a.b.c=value` in place of file, line and column.
///
/// The accepted YAML is 1.2 with maps whose keys are plain words. Refused with a place: a key given twice,
/// merge keys (`<<`), several documents in one file, files above 64 MB, more than 64 levels, more than a
/// million values (aliases counted as often as they are used).
///
/// Null (an empty value, `~` or `null`) is no value: reading it is an error, so that a forgotten value does
/// not silently become the default.
///
/// The reader remembers which keys were asked for; `finish()` refuses all others. Not thread safe.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dlasim::base {

namespace yaml_detail {
struct Value;
}

/// A name that a YAML value may have and what it stands for.
template <class E>
struct Choice {
  std::string_view name;
  E value;
};

/// A value in a document: a map, a list or a scalar. Cheap to copy; keeps its part of the document alive.
///
/// `as_...` reads the value itself. `get_...(key)` reads a key of a map that must be there; `get_..._or(key,
/// fallback)` one that may be left out. All ranges include both ends. Everything throws InputError.
class YamlNode {
 public:
  /// The dotted key from the root, e.g. "layers[3].stride"; empty at the root.
  const std::string& path() const { return path_; }
  /// "configs/x.yaml:14:9", or "--set a.b.c=value".
  std::string where() const;

  bool is_map() const;
  bool is_list() const;
  bool is_scalar() const;
  bool is_null() const;
  /// Scalars that are written in quotes.
  bool is_quoted() const;

  /// Throws InputError with this value's place and key.
  [[noreturn]] void fail(const std::string& what) const;
  /// Throws UnsupportedError with this value's place and key.
  [[noreturn]] void fail_unsupported(const std::string& what) const;

  // --- this value ------------------------------------------------------------------------------
  /// Decimal or 0x hexadecimal, lo..hi.
  std::int64_t as_int(std::int64_t lo = INT64_MIN, std::int64_t hi = INT64_MAX) const;
  /// Finite, lo..hi.
  double as_double(double lo = -1.7976931348623157e308, double hi = 1.7976931348623157e308) const;
  /// true or false
  bool as_bool() const;
  /// Any scalar's text.
  std::string as_string() const;
  /// A file name: relative to the directory of the YAML file that names it, or to the working directory if it
  /// comes from --set.
  std::filesystem::path as_path() const;
  /// One of the names.
  template <class E>
  E as_enum(std::span<const Choice<E>> choices) const;
  /// Lists of scalars.
  std::vector<std::int64_t> as_ints(std::int64_t lo = INT64_MIN, std::int64_t hi = INT64_MAX) const;
  std::vector<double> as_doubles() const;
  std::vector<std::string> as_strings() const;

  // --- lists -----------------------------------------------------------------------------------
  /// The elements of a list.
  std::vector<YamlNode> items() const;

  // --- maps ------------------------------------------------------------------------------------
  /// Whether the key is given. Counts as asking for it.
  bool has(std::string_view key) const;
  /// A key that must be there.
  YamlNode at(std::string_view key) const;
  /// A key that may be left out.
  std::optional<YamlNode> find(std::string_view key) const;
  /// All keys in the file's order, for maps whose keys are names that the user chooses. Counts as asking for
  /// all of them.
  std::vector<std::pair<std::string, YamlNode>> entries() const;

  std::int64_t get_int(std::string_view key, std::int64_t lo = INT64_MIN, std::int64_t hi = INT64_MAX) const;
  std::int64_t get_int_or(std::string_view key, std::int64_t fallback, std::int64_t lo = INT64_MIN,
                          std::int64_t hi = INT64_MAX) const;
  double get_double(std::string_view key, double lo = -1.7976931348623157e308,
                    double hi = 1.7976931348623157e308) const;
  double get_double_or(std::string_view key, double fallback, double lo = -1.7976931348623157e308,
                       double hi = 1.7976931348623157e308) const;
  bool get_bool(std::string_view key) const;
  bool get_bool_or(std::string_view key, bool fallback) const;
  std::string get_string(std::string_view key) const;
  std::string get_string_or(std::string_view key, std::string_view fallback) const;
  std::filesystem::path get_path(std::string_view key) const;
  std::vector<std::int64_t> get_ints(std::string_view key, std::int64_t lo = INT64_MIN,
                                     std::int64_t hi = INT64_MAX) const;
  template <class E>
  E get_enum(std::string_view key, std::span<const Choice<E>> choices) const {
    return at(key).as_enum(choices);
  }
  template <class E>
  E get_enum_or(std::string_view key, E fallback, std::span<const Choice<E>> choices) const {
    const auto node = find(key);
    return node ? node->as_enum(choices) : fallback;
  }

  // --- files -----------------------------------------------------------------------------------
  /// If this value is a string, the root of the YAML file that it names (see as_path); else this value
  /// itself. So a section may be given inline or as a file. `path()` stays the same.
  YamlNode resolve_file() const;
  /// `at(key).resolve_file()`
  YamlNode section(std::string_view key) const { return at(key).resolve_file(); }

  /// Refuses keys that nobody asked for, here and below (named files included), with a "did you mean". Lists
  /// of scalars and values of asked keys have no keys and are always fine. A map below an asked key whose own
  /// keys were never looked at is refused too: every section must be read by someone.
  void finish() const;

 private:
  friend class YamlDocument;
  YamlNode(std::shared_ptr<yaml_detail::Value> value, std::string path);
  const std::string& scalar() const;
  YamlNode child(std::string_view key, std::shared_ptr<yaml_detail::Value> value) const;
  std::size_t choose(const std::vector<std::string>& names) const;

  std::shared_ptr<yaml_detail::Value> value_;
  std::string path_;
};

/// A YAML file or text.
class YamlDocument {
 public:
  static YamlDocument from_file(const std::filesystem::path& file);
  /// `name` stands for the file in messages; file names in the text are relative to `directory`.
  static YamlDocument from_string(std::string_view text, std::string name = "<text>",
                                  std::filesystem::path directory = ".");

  /// Applies `a.b.c=value` before the document is read: replaces the value, or creates it and the sections
  /// above it. `value` is YAML ("[1, 2]"). List elements are `a[2]`. Goes through sections that name a YAML
  /// file (`*.yaml`, `*.yml`) into that file's content; the file itself stays as it is.
  void set(std::string_view assignment);

  YamlNode root() const;
  /// `root().finish()`
  void finish() const { root().finish(); }

 private:
  explicit YamlDocument(std::shared_ptr<yaml_detail::Value> root);
  std::shared_ptr<yaml_detail::Value> root_;
};

template <class E>
E YamlNode::as_enum(std::span<const Choice<E>> choices) const {
  std::vector<std::string> names;
  names.reserve(choices.size());
  for (const auto& choice : choices) names.emplace_back(choice.name);
  return choices[choose(names)].value;
}

}  // namespace dlasim::base
