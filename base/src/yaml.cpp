#include "base/yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/edit_distance.h"
#include "base/error.h"
#include "yaml_value.h"

namespace dlasim::base {

using yaml_detail::Entry;
using yaml_detail::join;
using yaml_detail::printable;
using yaml_detail::Value;
using yaml_detail::ValuePtr;

namespace {

std::string_view name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "no value";
    case Value::Kind::kScalar:
      return "a single value";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a section";
  }
  return "a value";
}

/// "is a list; a section is wanted"
std::string mismatch(const Value& value, std::string_view wanted) {
  if (value.kind == Value::Kind::kNull) return fmt::format("has no value; {} is wanted", wanted);
  return fmt::format("is {}; {} is wanted", name(value.kind), wanted);
}

enum class Number { kValid, kMalformed, kTooLarge };

Number parse_int(std::string_view text, std::int64_t& value) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    radix = 16;
    text.remove_prefix(2);
  }
  std::uint64_t magnitude = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, magnitude, radix);
  if (error == std::errc::invalid_argument || stop != end) return Number::kMalformed;
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;
  if (error != std::errc{} || magnitude > kLimit || (magnitude == kLimit && !negative)) {
    return Number::kTooLarge;
  }
  value = static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
  return Number::kValid;
}

std::string not_between(std::string_view text, std::int64_t lo, std::int64_t hi) {
  if (hi == INT64_MAX && lo != INT64_MIN) return fmt::format("{} is less than {}", text, lo);
  return fmt::format("{} is not between {} and {}", text, lo, hi);
}

std::string unknown(std::string_view what, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(what, known);
  if (!nearest.empty()) return fmt::format(", did you mean '{}'?", nearest);
  constexpr std::size_t kMostListed = 16;
  if (known.empty() || known.size() > kMostListed) return "";
  return fmt::format("; known are {}", fmt::join(known, ", "));
}

void finish_value(const Value& value, const std::string& path) {
  if (value.resolved) finish_value(*value.resolved, path);
  for (std::size_t i = 0; i < value.items.size(); ++i) finish_value(*value.items[i], join(path, i));
  for (const Entry& entry : value.entries) {
    if (!value.all_asked && !value.asked.contains(entry.key)) {
      fail_at(entry.key_place, join(path, printable(entry.key)),
              "unknown key" + unknown(entry.key, {value.asked.begin(), value.asked.end()}));
    }
    finish_value(*entry.value, join(path, entry.key));
  }
}

}  // namespace

YamlNode::YamlNode(std::shared_ptr<Value> value, std::string path)
    : value_(std::move(value)), path_(std::move(path)) {}

std::string YamlNode::where() const {
  return value_->place.text();
}
bool YamlNode::is_map() const {
  return value_->kind == Value::Kind::kMap;
}
bool YamlNode::is_list() const {
  return value_->kind == Value::Kind::kList;
}
bool YamlNode::is_scalar() const {
  return value_->kind == Value::Kind::kScalar;
}
bool YamlNode::is_null() const {
  return value_->kind == Value::Kind::kNull;
}
bool YamlNode::is_quoted() const {
  return value_->quoted;
}

void YamlNode::fail(const std::string& what) const {
  fail_at(value_->place, path_, what);
}

void YamlNode::fail_unsupported(const std::string& what) const {
  throw UnsupportedError(path_.empty() ? fmt::format("{}: {}", where(), what)
                                       : fmt::format("{}: {}: {}", where(), path_, what));
}

const std::string& YamlNode::scalar() const {
  if (!is_scalar()) fail(mismatch(*value_, "a single value"));
  return value_->scalar;
}

std::int64_t YamlNode::as_int(std::int64_t lo, std::int64_t hi) const {
  const std::string& text = scalar();
  std::int64_t value = 0;
  const Number verdict = parse_int(text, value);
  if (verdict == Number::kMalformed) fail(fmt::format("'{}' is not a whole number", printable(text)));
  if (verdict == Number::kTooLarge || value < lo || value > hi) {
    fail(not_between(printable(text), lo, hi));
  }
  return value;
}

double YamlNode::as_double(double lo, double hi) const {
  std::string_view text = scalar();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range && stop == end) {
    fail(fmt::format("{} is out of the range of a 64-bit float", printable(text)));
  }
  if (error != std::errc{} || stop != end || !std::isfinite(value)) {
    fail(fmt::format("'{}' is not a finite number", printable(text)));
  }
  if (value < lo || value > hi) fail(fmt::format("{} is not between {} and {}", printable(text), lo, hi));
  return value;
}

bool YamlNode::as_bool() const {
  const std::string& text = scalar();
  if (text == "true") return true;
  if (text == "false") return false;
  fail(fmt::format("'{}' is neither true nor false", printable(text)));
}

std::string YamlNode::as_string() const {
  return scalar();
}

std::filesystem::path YamlNode::as_path() const {
  if (scalar().empty()) fail("a file name is wanted, found an empty text");
  return path_of(*value_);
}

std::size_t YamlNode::choose(const std::vector<std::string>& names) const {
  const std::string& text = scalar();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return i;
  }
  const std::string nearest = nearest_name(text, names);
  fail(fmt::format("'{}' is not one of {}{}", printable(text), fmt::join(names, ", "),
                   nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

std::vector<std::int64_t> YamlNode::as_ints(std::int64_t lo, std::int64_t hi) const {
  std::vector<std::int64_t> values;
  for (const YamlNode& item : items()) values.push_back(item.as_int(lo, hi));
  return values;
}

std::vector<double> YamlNode::as_doubles() const {
  std::vector<double> values;
  for (const YamlNode& item : items()) values.push_back(item.as_double());
  return values;
}

std::vector<std::string> YamlNode::as_strings() const {
  std::vector<std::string> values;
  for (const YamlNode& item : items()) values.push_back(item.as_string());
  return values;
}

std::vector<YamlNode> YamlNode::items() const {
  if (!is_list()) fail(mismatch(*value_, "a list"));
  std::vector<YamlNode> nodes;
  nodes.reserve(value_->items.size());
  for (std::size_t i = 0; i < value_->items.size(); ++i) {
    nodes.push_back(YamlNode(value_->items[i], join(path_, i)));
  }
  return nodes;
}

bool YamlNode::has(std::string_view key) const {
  return find(key).has_value();
}

YamlNode YamlNode::at(std::string_view key) const {
  if (auto node = find(key)) return *std::move(node);
  fail_at(value_->place, join(path_, key), "is missing");
}

std::optional<YamlNode> YamlNode::find(std::string_view key) const {
  if (!is_map()) fail(mismatch(*value_, "a section"));
  value_->asked.emplace(key);
  const auto found = value_->index.find(std::string(key));
  if (found == value_->index.end()) return std::nullopt;
  return YamlNode(value_->entries[found->second].value, join(path_, key));
}

std::vector<std::pair<std::string, YamlNode>> YamlNode::entries() const {
  if (!is_map()) fail(mismatch(*value_, "a section"));
  value_->all_asked = true;
  std::vector<std::pair<std::string, YamlNode>> result;
  for (const Entry& entry : value_->entries) {
    result.emplace_back(entry.key, YamlNode(entry.value, join(path_, entry.key)));
  }
  return result;
}

std::int64_t YamlNode::get_int(std::string_view key, std::int64_t lo, std::int64_t hi) const {
  return at(key).as_int(lo, hi);
}
std::int64_t YamlNode::get_int_or(std::string_view key, std::int64_t fallback, std::int64_t lo,
                                  std::int64_t hi) const {
  const auto node = find(key);
  return node ? node->as_int(lo, hi) : fallback;
}
double YamlNode::get_double(std::string_view key, double lo, double hi) const {
  return at(key).as_double(lo, hi);
}
double YamlNode::get_double_or(std::string_view key, double fallback, double lo, double hi) const {
  const auto node = find(key);
  return node ? node->as_double(lo, hi) : fallback;
}
bool YamlNode::get_bool(std::string_view key) const {
  return at(key).as_bool();
}
bool YamlNode::get_bool_or(std::string_view key, bool fallback) const {
  const auto node = find(key);
  return node ? node->as_bool() : fallback;
}
std::string YamlNode::get_string(std::string_view key) const {
  return at(key).as_string();
}
std::string YamlNode::get_string_or(std::string_view key, std::string_view fallback) const {
  const auto node = find(key);
  return node ? node->as_string() : std::string(fallback);
}
std::filesystem::path YamlNode::get_path(std::string_view key) const {
  return at(key).as_path();
}
std::vector<std::int64_t> YamlNode::get_ints(std::string_view key, std::int64_t lo, std::int64_t hi) const {
  return at(key).as_ints(lo, hi);
}

YamlNode YamlNode::resolve_file() const {
  if (!is_scalar()) return *this;
  if (value_->scalar.empty()) fail("a section or a file name is wanted, found an empty text");
  return YamlNode(resolve(value_, path_), path_);
}

void YamlNode::finish() const {
  finish_value(*value_, path_);
}

}  // namespace dlasim::base
