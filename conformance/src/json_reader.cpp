#include "conformance/json_reader.h"

#include <fmt/core.h>

#include <fstream>
#include <limits>

#include "base/error.h"

namespace dlasim::conformance {

nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file))
    throw base::InputError(file.string() + ": cannot be opened");
  try {
    return nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception& e) {
    throw base::InputError(file.string() + ": " + e.what());
  }
}

void JsonReader::fail(const std::string& message) const {
  throw base::InputError(file_ + ": " + (field_.empty() ? "" : field_ + ": ") + message);
}

bool JsonReader::has(std::string_view key) const {
  if (!value_->is_object()) fail(fmt::format("expected an object, found {}", value_->type_name()));
  return value_->contains(key);
}

JsonReader JsonReader::at(std::string_view key) const {
  if (!has(key)) fail(fmt::format("'{}' is missing", key));
  const std::string name(key);
  return {value_->at(name), file_, field_.empty() ? name : field_ + "." + name};
}

std::vector<JsonReader> JsonReader::elements() const {
  if (!value_->is_array()) fail(fmt::format("expected a list, found {}", value_->type_name()));
  std::vector<JsonReader> result;
  result.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i)
    result.emplace_back((*value_)[i], file_, fmt::format("{}[{}]", field_, i));
  return result;
}

std::int64_t JsonReader::integer() const {
  if (!value_->is_number_integer()) fail(fmt::format("expected an integer, found {}", value_->type_name()));
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > kMost)
    fail(fmt::format("{} does not fit 64 bits", value_->get<std::uint64_t>()));
  return value_->get<std::int64_t>();
}

std::int64_t JsonReader::integer_between(std::int64_t low, std::int64_t high) const {
  const std::int64_t result = integer();
  if (result < low || result > high) fail(fmt::format("{} is not between {} and {}", result, low, high));
  return result;
}

double JsonReader::number() const {
  if (!value_->is_number()) fail(fmt::format("expected a number, found {}", value_->type_name()));
  return value_->get<double>();
}

bool JsonReader::boolean() const {
  if (!value_->is_boolean()) fail(fmt::format("expected true or false, found {}", value_->type_name()));
  return value_->get<bool>();
}

std::string JsonReader::string() const {
  if (!value_->is_string()) fail(fmt::format("expected a string, found {}", value_->type_name()));
  return value_->get<std::string>();
}

std::vector<std::int64_t> JsonReader::integers() const {
  std::vector<std::int64_t> result;
  for (const JsonReader& e : elements()) result.push_back(e.integer());
  return result;
}

std::vector<std::string> JsonReader::strings() const {
  std::vector<std::string> result;
  for (const JsonReader& e : elements()) result.push_back(e.string());
  return result;
}

}  // namespace dlasim::conformance
