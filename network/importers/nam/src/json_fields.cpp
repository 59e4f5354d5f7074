#include "json_fields.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace dlasim::network::nam {
namespace {

/// Nesting deeper than any real model, far below what the parser's callers could overflow.
class DepthLimit {
 public:
  bool operator()(int depth, Json::parse_event_t, Json&) const {
    constexpr int kDeepest = 64;
    if (depth > kDeepest) throw base::InputError("JSON is nested deeper than 64 levels");
    return true;
  }
};

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text.begin(), text.end(), DepthLimit{});
  } catch (const Json::exception& e) {
    throw base::InputError(std::string("not valid JSON: ") + e.what());
  }
}

std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 40;
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

std::int64_t integer_of(const Json& value, const std::string& where, std::int64_t low, std::int64_t high) {
  const bool fits =
      value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() >> 63U);
  if (!fits || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
    throw base::InputError(where + ": " + shown(value) + " is not an integer between " + std::to_string(low) +
                           " and " + std::to_string(high));
  }
  return value.get<std::int64_t>();
}

double number_of(const Json& value, const std::string& where) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    throw base::InputError(where + ": " + shown(value) + " is not a finite number");
  }
  return value.get<double>();
}

JsonObject::JsonObject(const Json& value, std::string path) : value_(value), path_(std::move(path)) {
  if (!value.is_object()) throw base::InputError(path_ + ": " + shown(value) + " is not an object");
}

const Json* JsonObject::find(std::string_view key) const {
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonObject::require(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr) bad(key, "missing");
  return *found;
}

JsonObject JsonObject::object(std::string_view key) const {
  return {require(key), where(key)};
}

std::int64_t JsonObject::integer(std::string_view key, std::int64_t low, std::int64_t high) const {
  return integer_of(require(key), where(key), low, high);
}

std::int64_t JsonObject::integer(std::string_view key, std::int64_t low, std::int64_t high,
                                 std::int64_t absent) const {
  return has(key) ? integer(key, low, high) : absent;
}

double JsonObject::number(std::string_view key, double absent) const {
  const Json* found = find(key);
  return found == nullptr ? absent : number_of(*found, where(key));
}

bool JsonObject::boolean(std::string_view key, bool absent) const {
  const Json* found = find(key);
  if (found == nullptr) return absent;
  if (!found->is_boolean()) bad(key, shown(*found) + " is not true or false");
  return found->get<bool>();
}

std::string JsonObject::string(std::string_view key) const {
  const Json& found = require(key);
  if (!found.is_string()) bad(key, shown(found) + " is not a string");
  return found.get<std::string>();
}

void JsonObject::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& item : value_.items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) == keys.end()) unsupported(item.key(), "unknown key");
  }
}

std::string JsonObject::where(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonObject::bad(std::string_view key, const std::string& what) const {
  throw base::InputError(where(key) + ": " + what);
}

void JsonObject::unsupported(std::string_view key, const std::string& what) const {
  throw base::UnsupportedError(where(key) + ": " + what + " is not supported");
}

}  // namespace dlasim::network::nam
