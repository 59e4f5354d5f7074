#pragma once
/// Writes a value change dump (IEEE 1364-2005, section 18), as fast as bytes can be put together.

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/trace/signal_table.h"

namespace dlasim::sim::trace {

/// The caller decides what has changed; this class only forms the text. Times are picoseconds. The file grows
/// under a temporary name beside `path` and gets its name when it is closed, also by an exception that
/// ends the run: the waves of a run that failed are those that are wanted.
class VcdWriter {
 public:
  /// Throws base::InputError if the file cannot be made.
  VcdWriter(std::filesystem::path path, const SignalTable& signals);
  ~VcdWriter();
  VcdWriter(const VcdWriter&) = delete;
  VcdWriter& operator=(const VcdWriter&) = delete;

  /// The changes that follow are at `picoseconds`; times must not fall.
  void at(std::uint64_t picoseconds) { time_ = picoseconds, time_is_written_ = false; }
  void change(std::size_t id, std::uint64_t bits) {
    if (!time_is_written_) write_time();
    const Code& code = codes_[id];
    char* to = reserve();
    to = code.width == 1 ? put_bit(to, bits) : put_vector(to, bits);
    *to++ = code.text[0];
    if (code.text[1] != 0) *to++ = code.text[1];
    if (code.text[2] != 0) *to++ = code.text[2];
    *to++ = '\n';
    used_ = static_cast<std::size_t>(to - buffer_.data());
  }
  /// The signal has no value.
  void change_to_unknown(std::size_t id);
  /// Values between `begin` and `end` are those at the start of the recording or at its return: every signal
  /// must be given once.
  void begin_recording();
  void end_initial_values();
  /// Nothing is recorded until `begin_recording`: all signals are unknown.
  void pause_recording();

  /// Writes what is left and renames. Throws base::InputError if the disk is full.
  void close();

 private:
  /// An identifier of one to three printable characters.
  struct Code {
    std::array<char, 3> text{};
    int width = 1;
  };
  static constexpr std::size_t kBufferBytes = 1 << 20;
  static constexpr std::size_t kLongestChange = 128;
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  char* reserve() {
    if (used_ + kLongestChange > kBufferBytes) flush();
    return buffer_.data() + used_;
  }
  static char* put_bit(char* to, std::uint64_t bits) {
    *to = static_cast<char>('0' + (bits & 1));
    return to + 1;
  }
  static char* put_vector(char* to, std::uint64_t bits);
  void write_header(const SignalTable& signals);
  void write_declarations(const SignalTable& signals);
  void write_time();
  void put(std::string_view text);
  void flush();

  std::filesystem::path path_, temporary_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::vector<Code> codes_;
  std::uint64_t time_ = 0;
  bool time_is_written_ = false;
  bool failed_ = false;
  bool recorded_before_ = false;
};

}  // namespace dlasim::sim::trace
