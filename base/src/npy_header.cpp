#include "npy_header.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "base/error.h"

namespace dlasim::base::npy_detail {
namespace {

/// Reads the one form of dictionary that NumPy writes: string keys, and as values a string, True or False, or
/// a tuple of whole numbers.
class DictionaryParser {
 public:
  DictionaryParser(std::string_view text, std::string_view where) : rest_(text), where_(where) {}

  Dictionary parse() {
    Dictionary fields;
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        fields.descr = descr();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        fields.fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        fields.shape = tuple();
      } else {
        refuse();
      }
      if (!take(',') && peek() != '}') refuse();
    }
    if (!has_descr || !has_order || !has_shape || peek() != '\0') refuse();
    return fields;
  }

 private:
  [[noreturn]] void refuse() const {
    throw InputError(fmt::format("{}: the header is not a NumPy array's", where_));
  }

  /// The next character that is no space; 0 at the end.
  char peek() {
    const std::size_t start = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) refuse();
  }

  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') refuse();
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) refuse();
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::string descr() {
    if (peek() == '[') {
      throw InputError(fmt::format("{}: is an array of records; plain numbers are wanted", where_));
    }
    return string();
  }

  bool boolean() {
    peek();
    const bool value = rest_.starts_with("True");
    if (!value && !rest_.starts_with("False")) refuse();
    rest_.remove_prefix(value ? 4 : 5);
    return value;
  }

  std::vector<std::int64_t> tuple() {
    constexpr std::size_t kMostDimensions = 32;  // NumPy's own limit
    std::vector<std::int64_t> values;
    expect('(');
    while (!take(')')) {
      peek();
      std::int64_t value = 0;
      const char* end = rest_.data() + rest_.size();
      const auto [stop, error] = std::from_chars(rest_.data(), end, value);
      if (error != std::errc{} || value < 0 || values.size() == kMostDimensions) refuse();
      values.push_back(value);
      rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
      if (!take(',') && peek() != ')') refuse();
    }
    return values;
  }

  std::string_view rest_;
  std::string_view where_;
};

}  // namespace

Dictionary parse_dictionary(std::string_view text, std::string_view where) {
  return DictionaryParser(text, where).parse();
}

}  // namespace dlasim::base::npy_detail
