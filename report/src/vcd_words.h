#pragma once
/// The words of a dump, one after the other, with the line that each is on.

#include <fmt/format.h>

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace dlasim::report {

class VcdWords {
 public:
  /// Throws base::InputError if the file cannot be opened.
  explicit VcdWords(const std::filesystem::path& path)
      : path_(path.string()), file_(path, std::ios::binary), buffer_(kBufferBytes) {
    if (!std::filesystem::is_regular_file(path) || !file_) {
      throw base::InputError(fmt::format("{}: no such file, or it cannot be read", path_));
    }
  }

  /// The next word, or empty at the end of the file. Valid until the next call.
  std::string_view next() {
    word_.clear();
    int c = get();
    while (c >= 0 && std::isspace(c) != 0) {
      line_ += c == '\n';
      c = get();
    }
    for (; c >= 0 && std::isspace(c) == 0; c = get()) {
      if (c < '!' || c > '~') fail(fmt::format("byte {:#04x}: this is no value change dump", c));
      if (word_.size() == kLongestWord) fail(fmt::format("a word of more than {} characters", kLongestWord));
      word_ += static_cast<char>(c);
    }
    if (c >= 0) --at_;  // the space is counted, if it ends a line, by the next call
    return word_;
  }
  /// The next word of a construct that must not end here.
  std::string_view need(const char* what) {
    if (next().empty()) fail(fmt::format("the file ends where {} should be: it is cut off", what));
    return word_;
  }
  /// True if the last word was ended by the end of the file, not by white space.
  bool cut_off() { return peek() < 0; }

  [[noreturn]] void fail(const std::string& message) const {
    throw base::InputError(fmt::format("{}:{}: {}", path_, line_, message));
  }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 16, kLongestWord = 4096;

  int peek() {
    if (at_ == end_) {
      file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      end_ = static_cast<std::size_t>(file_.gcount());
      at_ = 0;
    }
    return at_ == end_ ? -1 : static_cast<unsigned char>(buffer_[at_]);
  }
  int get() {
    const int c = peek();
    if (c >= 0) ++at_;
    return c;
  }

  std::string path_;
  std::ifstream file_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
  std::size_t line_ = 1;
  std::string word_;
};

}  // namespace dlasim::report
