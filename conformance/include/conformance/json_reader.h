#pragma once
/// JSON with a place: every mistake is a base::InputError "file: field: what was found, what is allowed".

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace dlasim::conformance {

/// Parses a file. Throws base::InputError if it cannot be read or is not JSON.
nlohmann::json read_json(const std::filesystem::path& file);

/// A value of a document and the way to it. Refers to the document, which must outlive it.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& value, std::string file, std::string field = {})
      : value_(&value), file_(std::move(file)), field_(std::move(field)) {}

  /// Throws base::InputError "file: field: message".
  [[noreturn]] void fail(const std::string& message) const;

  bool has(std::string_view key) const;
  /// A member that must exist.
  JsonReader at(std::string_view key) const;
  /// The elements of a list.
  std::vector<JsonReader> elements() const;

  std::int64_t integer() const;
  /// An integer in [low, high].
  std::int64_t integer_between(std::int64_t low, std::int64_t high) const;
  double number() const;
  bool boolean() const;
  std::string string() const;
  std::vector<std::int64_t> integers() const;
  std::vector<std::string> strings() const;

  const nlohmann::json& value() const { return *value_; }
  const std::string& file() const { return file_; }

 private:
  const nlohmann::json* value_;
  std::string file_, field_;
};

}  // namespace dlasim::conformance
