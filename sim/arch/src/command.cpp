#include "sim/arch/command.h"

#include <fmt/format.h>

#include <type_traits>

#include "base/error.h"

namespace dlasim::sim::arch {
namespace {

constexpr std::uint32_t kMagic = 0xDA000000;  // upper byte of each header: a jump into data is noticed
constexpr int kOpcodeShift = 16;
constexpr std::uint32_t kLengthMask = 0xFFFF;

/// Writes 32-bit fields as one word and 64-bit fields as two, low word first.
class Writer {
 public:
  explicit Writer(std::vector<std::uint32_t>& words) : words_(words) {}
  template <class T>
  void operator()(const char*, T& field) {
    const auto bits = static_cast<std::uint64_t>(field);
    words_.push_back(static_cast<std::uint32_t>(bits));
    if constexpr (sizeof(T) == 8) words_.push_back(static_cast<std::uint32_t>(bits >> 32));
  }

 private:
  std::vector<std::uint32_t>& words_;
};

class Reader {
 public:
  Reader(const std::uint32_t* words, std::size_t count) : words_(words), count_(count) {}
  template <class T>
  void operator()(const char*, T& field) {
    std::uint64_t bits = next();
    if constexpr (sizeof(T) == 8) bits |= static_cast<std::uint64_t>(next()) << 32;
    field = static_cast<T>(bits);
  }
  bool at_end() const { return at_ == count_; }

 private:
  std::uint32_t next() {
    if (at_ == count_) throw base::SimulationError("command ends before its last field");
    return words_[at_++];
  }
  const std::uint32_t* words_;
  std::size_t count_;
  std::size_t at_ = 0;
};

/// Lists the fields that are not 0: a dump is read by people.
class Printer {
 public:
  template <class T>
  void operator()(const char* name, T& field) {
    std::int64_t value = 0;
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<std::int64_t>(static_cast<std::underlying_type_t<T>>(field));
    } else {
      value = static_cast<std::int64_t>(field);
    }
    if (value == 0) return;
    const bool is_address = std::string_view(name) == "address";
    text_ += is_address ? fmt::format(" {}={:#x}", name, value) : fmt::format(" {}={}", name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

template <std::size_t kIndex = 0>
Command make_command(std::size_t opcode) {
  if constexpr (kIndex < std::variant_size_v<Command>) {
    if (opcode == kIndex) return Command(std::in_place_index<kIndex>);
    return make_command<kIndex + 1>(opcode);
  } else {
    throw base::SimulationError(fmt::format("no command has opcode {}", opcode));
  }
}

constexpr std::array<const char*, std::variant_size_v<Command>> kNames{
    "load", "configure", "run_tile", "store", "finish", "configure_staged"};
constexpr std::array<const char*, 5> kTargets{"activation", "weight", "operand", "parameter", "table"};

}  // namespace

int bytes_of(Element element) {
  switch (element) {
    case Element::kInt8:
    case Element::kUInt8:
      return 1;
    case Element::kInt16:
      return 2;
    case Element::kInt32:
      return 4;
    case Element::kInt64:
      return 8;
  }
  throw base::SimulationError("a command names an element type that does not exist");
}

void encode(const Command& command, std::vector<std::uint32_t>& words) {
  const std::size_t header = words.size();
  words.push_back(0);
  Writer writer(words);
  std::visit([&](auto c) { c.fields(writer); }, command);
  words[header] = kMagic | static_cast<std::uint32_t>(command.index() << kOpcodeShift) |
                  static_cast<std::uint32_t>(words.size() - header);
}

std::size_t length_in_words(std::uint32_t header) {
  const std::uint32_t opcode = (header & ~kMagic) >> kOpcodeShift;
  const std::uint32_t length = header & kLengthMask;
  if ((header & 0xFF000000) != kMagic || opcode >= std::variant_size_v<Command> || length == 0 ||
      length > longest_command_in_words()) {
    throw base::SimulationError(fmt::format("{:#010x} is not the header of a command", header));
  }
  return length;
}

Command decode(const std::uint32_t* words, std::size_t count) {
  if (count == 0) throw base::SimulationError("empty command");
  Command command = make_command((words[0] & ~kMagic) >> kOpcodeShift);
  Reader reader(words + 1, count - 1);
  std::visit([&](auto& c) { c.fields(reader); }, command);
  if (!reader.at_end()) throw base::SimulationError("command is longer than its fields");
  return command;
}

std::size_t longest_command_in_words() {
  static const std::size_t longest = [] {
    std::size_t most = 0;
    for (std::size_t i = 0; i < std::variant_size_v<Command>; ++i) {
      std::vector<std::uint32_t> words;
      encode(make_command(i), words);
      most = std::max(most, words.size());
    }
    return most;
  }();
  return longest;
}

std::string to_string(const Command& command) {
  Printer printer;
  std::visit([&](auto c) { c.fields(printer); }, command);
  std::string target;
  if (const auto* load = std::get_if<Load>(&command)) {
    target = std::string(" ") + kTargets.at(static_cast<std::size_t>(load->target));
  }
  return kNames.at(command.index()) + target + printer.take();
}

const Wait& wait_of(const Command& command) {
  return std::visit([](const auto& c) -> const Wait& { return c.wait; }, command);
}

std::uint32_t layer_of(const Command& command) {
  return std::visit([](const auto& c) { return c.layer; }, command);
}

}  // namespace dlasim::sim::arch
