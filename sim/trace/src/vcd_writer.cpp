#include "sim/trace/vcd_writer.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace dlasim::sim::trace {
namespace {

constexpr int kFirstCharacter = '!', kCharacters = '~' - '!' + 1;

/// The eight digits of every byte.
constexpr auto kDigits = [] {
  std::array<std::array<char, 8>, 256> digits{};
  for (unsigned value = 0; value < 256; ++value) {
    for (unsigned bit = 0; bit < 8; ++bit)
      digits[value][bit] = static_cast<char>('0' + ((value >> (7 - bit)) & 1));
  }
  return digits;
}();

std::string_view text_of(const std::array<char, 3>& code) {
  return {code.data(), code[2] != 0 ? 3U : code[1] != 0 ? 2U : 1U};
}

/// A scope `model.pe_array` is a module in a module.
std::vector<std::string> modules_of(const std::string& scope) {
  std::vector<std::string> modules;
  std::istringstream names(scope);
  for (std::string name; std::getline(names, name, '.');) modules.push_back(name);
  return modules;
}

}  // namespace

VcdWriter::VcdWriter(std::filesystem::path path, const SignalTable& signals)
    : path_(std::move(path)), temporary_(path_), buffer_(kBufferBytes), codes_(signals.ids()) {
  temporary_ += ".part";
  std::error_code ignored;
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), ignored);
  file_.reset(std::fopen(temporary_.c_str(), "wb"));
  if (file_ == nullptr)
    throw base::InputError(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // ours is the buffer
  for (std::size_t id = 0; id < codes_.size(); ++id) {
    std::size_t rest = id;
    for (char& c : codes_[id].text) {
      c = static_cast<char>(kFirstCharacter + rest % kCharacters);
      rest /= kCharacters;
      if (rest == 0) break;
      --rest;  // "a" and "aa" are different numbers
    }
  }
  write_header(signals);
}

VcdWriter::~VcdWriter() {
  try {
    close();
  } catch (const base::InputError&) {
    // Already on the way out; the temporary file stays and says so by its name.
  }
}

void VcdWriter::write_header(const SignalTable& signals) {
  put("$version dlasim $end\n$timescale 1 ps $end\n");
  put(fmt::format("$scope module {} $end\n", signals.root()));
  for (const Scope& scope : signals.scopes()) {
    // The first scope without a name holds the signals of the root itself.
    const std::vector<std::string> modules = modules_of(scope.name);
    for (const std::string& module : modules) put(fmt::format("$scope module {} $end\n", module));
    for (const Signal& s : scope.signals) {
      codes_[s.id].width = s.width;
      const std::string range = s.width == 1 ? "" : fmt::format(" [{}:0]", s.width - 1);
      put(fmt::format("$var {} {} {} {}{} $end\n", s.role == Role::kRegister ? "reg" : "wire", s.width,
                      text_of(codes_[s.id].text), s.name, range));
    }
    for (std::size_t i = 0; i < modules.size(); ++i) put("$upscope $end\n");
  }
  put("$upscope $end\n$enddefinitions $end\n");
}

char* VcdWriter::put_vector(char* to, std::uint64_t bits) {
  *to++ = 'b';
  // Readers extend a vector to the left with 0, so leading zeros are left out, byte by byte.
  int bytes = (static_cast<int>(std::bit_width(bits | 1)) + 7) / 8;
  const auto& first = kDigits[(bits >> (8 * (bytes - 1))) & 0xff];
  const int skip = std::countl_zero(static_cast<std::uint8_t>((bits >> (8 * (bytes - 1))) | (bytes == 1)));
  std::memcpy(to, first.data() + skip, static_cast<std::size_t>(8 - skip));
  to += 8 - skip;
  while (--bytes > 0) {
    std::memcpy(to, kDigits[(bits >> (8 * (bytes - 1))) & 0xff].data(), 8);
    to += 8;
  }
  *to++ = ' ';
  return to;
}

void VcdWriter::change_to_unknown(std::size_t id) {
  if (!time_is_written_) write_time();
  put(codes_[id].width == 1 ? "x" : "bx ");
  put(text_of(codes_[id].text));
  put("\n");
}

void VcdWriter::begin_recording() {
  write_time();
  put(std::exchange(recorded_before_, true) ? "$dumpon\n" : "$dumpvars\n");
}

void VcdWriter::end_initial_values() {
  put("$end\n");
}

void VcdWriter::pause_recording() {
  write_time();
  put("$dumpoff\n");
  for (std::size_t id = 0; id < codes_.size(); ++id) change_to_unknown(id);
  put("$end\n");
}

void VcdWriter::write_time() {
  // Twice a cycle: formed in place, without a string of its own.
  time_is_written_ = true;
  char* to = reserve();
  *to++ = '#';
  to = std::to_chars(to, to + std::numeric_limits<std::uint64_t>::digits10 + 1, time_).ptr;
  *to++ = '\n';
  used_ = static_cast<std::size_t>(to - buffer_.data());
}

void VcdWriter::put(std::string_view text) {
  while (!text.empty()) {
    if (used_ == kBufferBytes) flush();
    const std::size_t part = std::min(text.size(), kBufferBytes - used_);
    std::memcpy(buffer_.data() + used_, text.data(), part);
    used_ += part;
    text.remove_prefix(part);
  }
}

void VcdWriter::flush() {
  // A full disk is reported once, when the file is closed.
  if (!failed_) failed_ = std::fwrite(buffer_.data(), 1, used_, file_.get()) != used_;
  used_ = 0;
}

void VcdWriter::close() {
  if (file_ == nullptr) return;
  flush();
  failed_ = std::fclose(file_.release()) != 0 || failed_;
  if (failed_) throw base::InputError(fmt::format("{}: could not be written whole", path_.string()));
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) throw base::InputError(fmt::format("{}: {}", path_.string(), error.message()));
}

}  // namespace dlasim::sim::trace
