#include "report/vcd_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "vcd_words.h"

namespace dlasim::report {
namespace {

constexpr std::size_t kMostSignals = 100'000, kDeepestScope = 16;
constexpr int kWidestSignal = 64;

template <class Integer>
Integer number(const VcdWords& words, std::string_view text, const char* what) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    words.fail(fmt::format("{} '{}' is no number in range", what, text));
  }
  return value;
}

/// What the header declares.
struct Declarations {
  std::vector<VcdSignal> signals;
  std::vector<std::string> codes;
  std::vector<int> widths;
  std::unordered_map<std::string, std::size_t> ids;
};

void skip_section(VcdWords& words) {
  while (words.need("$end") != "$end") {
  }
}

std::string join_below_root(const std::vector<std::string>& scopes) {
  std::string block;
  for (std::size_t i = 1; i < scopes.size(); ++i) block += (i > 1 ? "." : "") + scopes[i];
  return block;
}

void read_variable(VcdWords& words, const std::vector<std::string>& scopes, Declarations& to) {
  if (to.signals.size() == kMostSignals) words.fail(fmt::format("more than {} signals", kMostSignals));
  words.need("the kind of a variable");
  VcdSignal signal;
  signal.width = number<int>(words, words.need("a width"), "width");
  if (signal.width < 1 || signal.width > kWidestSignal) {
    words.fail(fmt::format("width {} is not between 1 and {}", signal.width, kWidestSignal));
  }
  const std::string code(words.need("an identifier"));
  signal.name = words.need("a name");
  signal.block = join_below_root(scopes);
  const auto [entry, is_new] = to.ids.try_emplace(code, to.widths.size());
  signal.id = entry->second;
  if (is_new) {
    to.codes.push_back(code);
    to.widths.push_back(signal.width);
  } else if (to.widths[signal.id] != signal.width) {
    words.fail(fmt::format("'{}' has {} bits, but its identifier '{}' was declared with {}", signal.name,
                           signal.width, code, to.widths[signal.id]));
  }
  skip_section(words);  // the range
  to.signals.push_back(std::move(signal));
}

Declarations read_declarations(VcdWords& words) {
  Declarations to;
  std::vector<std::string> scopes;
  while (true) {
    const std::string_view word = words.need("$enddefinitions");
    if (word == "$enddefinitions") break;
    if (word == "$scope") {
      if (scopes.size() == kDeepestScope) words.fail(fmt::format("scopes deeper than {}", kDeepestScope));
      words.need("the kind of a scope");
      scopes.emplace_back(words.need("a scope"));
      skip_section(words);
    } else if (word == "$upscope") {
      if (scopes.empty()) words.fail("$upscope outside of any scope");
      scopes.pop_back();
      skip_section(words);
    } else if (word == "$var") {
      read_variable(words, scopes, to);
    } else if (word == "$date" || word == "$version" || word == "$comment" || word == "$timescale") {
      skip_section(words);
    } else {
      words.fail(fmt::format("'{}' in the header of a value change dump", word.substr(0, 40)));
    }
  }
  skip_section(words);
  return to;
}

/// Follows the changes; `now` holds the value of every signal.
class Changes {
 public:
  Changes(VcdWords& words, const Declarations& declared)
      : words_(words), declared_(declared), now_(declared.widths.size()) {}

  /// Reads up to the next time stamp or the end of the file; false at the end.
  bool advance() {
    while (true) {
      const std::string_view word = words_.next();
      if (word.empty()) {
        if (in_section_) words_.fail("the file ends inside a section: it is cut off");
        return false;
      }
      if (words_.cut_off() && word != "$end") words_.fail("the last line has no end: the file is cut off");
      if (word.front() == '#') {
        check_time(number<std::uint64_t>(words_, word.substr(1), "time"));
        return true;
      }
      if (word.front() == '$') {
        section(word);
      } else {
        change(word);
      }
    }
  }
  const std::vector<WaveValue>& now() const { return now_; }

 private:
  void check_time(std::uint64_t time) {
    if (time < time_) words_.fail(fmt::format("time {} after {}: times must not fall", time, time_));
    time_ = time;
  }
  void section(std::string_view word) {
    if (word == "$end") {
      if (!in_section_) words_.fail("$end without a section");
      in_section_ = false;
    } else if (word == "$comment") {
      skip_section(words_);
    } else if (word == "$dumpvars" || word == "$dumpon" || word == "$dumpoff" || word == "$dumpall") {
      if (in_section_) words_.fail(fmt::format("'{}' inside a section", word));
      in_section_ = true;
    } else {
      words_.fail(fmt::format("'{}' among the changes", word.substr(0, 40)));
    }
  }
  void change(std::string_view word) {
    if (word.front() != 'b' && word.front() != 'B') {
      const WaveValue value = bits(word.substr(0, 1));
      now_[id_of(word.substr(1))] = value;
      return;
    }
    const std::size_t length = word.size() - 1;
    const WaveValue value = bits(word.substr(1));
    const std::size_t id = id_of(words_.need("an identifier"));
    if (words_.cut_off()) words_.fail("the last line has no end: the file is cut off");
    if (length > static_cast<std::size_t>(declared_.widths[id])) {
      words_.fail(fmt::format("{} bits for a signal of {}", length, declared_.widths[id]));
    }
    now_[id] = value;
  }
  WaveValue bits(std::string_view digits) const {
    if (digits.empty() || digits.size() > static_cast<std::size_t>(kWidestSignal)) {
      words_.fail(fmt::format("a value of {} bits", digits.size()));
    }
    WaveValue value{0, true};
    for (const char digit : digits) {
      if (std::string_view("01xXzZ").find(digit) == std::string_view::npos) {
        words_.fail(fmt::format("'{}' is no digit of a value: 0, 1, x or z", digit));
      }
      value.known = value.known && digit <= '1';
      value.bits = (value.bits << 1) | (digit == '1');
    }
    if (!value.known) value.bits = 0;
    return value;
  }
  std::size_t id_of(std::string_view code) const {
    const auto found = declared_.ids.find(std::string(code));
    if (found == declared_.ids.end()) {
      words_.fail(fmt::format("identifier '{}' is not declared", code.substr(0, 40)));
    }
    return found->second;
  }

  VcdWords& words_;
  const Declarations& declared_;
  std::vector<WaveValue> now_;
  std::uint64_t time_ = 0;
  bool in_section_ = false;
};

/// Checks the length before anything of that size is made.
void check_range(const CycleRange& range) {
  if (!range.from || !range.to) return;
  if (*range.from > *range.to) {
    throw base::InputError(fmt::format("cycles {} to {}: the window is empty", *range.from, *range.to));
  }
  if (*range.to - *range.from >= kMostCycles) {
    throw base::InputError(
        fmt::format("cycles {} to {}: at most {} cycles fit a picture", *range.from, *range.to, kMostCycles));
  }
}

/// Fills a window sample by sample; its first cycle is known from the first sample that lies in the range.
class WindowFiller {
 public:
  WindowFiller(const CycleRange& range, std::size_t waves) : range_(range) {
    window_.values.resize(waves);
    if (range.from) first_ = range.from;
    if (!range.from && range.to) first_ = *range.to - std::min<std::uint64_t>(*range.to, kDefaultCycles - 1);
  }
  /// False once the window is complete.
  bool wants(std::uint64_t cycle) {
    seen_first_ = std::min(seen_first_, cycle), seen_last_ = std::max(seen_last_, cycle);
    if (!first_) first_ = cycle;
    last_ = range_.to.value_or(*first_ + std::min(kDefaultCycles - 1, ~std::uint64_t{0} - *first_));
    return cycle <= last_;
  }
  template <class ValueOf>
  void sample(std::uint64_t cycle, ValueOf value_of) {
    if (cycle < *first_) return;
    const auto column = static_cast<std::size_t>(cycle - *first_);
    window_.from = *first_, window_.cycles = std::max(window_.cycles, column + 1);
    for (std::size_t i = 0; i < window_.values.size(); ++i) {
      window_.values[i].resize(window_.cycles);
      window_.values[i][column] = value_of(i);
    }
  }
  WaveWindow finish(const std::filesystem::path& path) {
    if (window_.cycles > 0) return std::move(window_);
    if (seen_first_ > seen_last_)
      throw base::InputError(fmt::format("{}: no cycle is recorded", path.string()));
    throw base::InputError(
        fmt::format("{}: no cycle from {} to {} is recorded; the file has some from {} to {}", path.string(),
                    *first_, last_, seen_first_, seen_last_));
  }

 private:
  const CycleRange range_;
  std::optional<std::uint64_t> first_;
  std::uint64_t last_ = 0;
  std::uint64_t seen_first_ = ~std::uint64_t{0}, seen_last_ = 0;
  WaveWindow window_;
};

}  // namespace

VcdReader::VcdReader(std::filesystem::path path) : path_(std::move(path)) {
  VcdWords words(path_);
  Declarations declared = read_declarations(words);
  signals_ = std::move(declared.signals);
  codes_ = std::move(declared.codes);
  widths_ = std::move(declared.widths);
}

WaveWindow VcdReader::read(const CycleRange& range, std::span<const std::size_t> wanted) const {
  check_range(range);
  const auto cycle = std::ranges::find(signals_, "cycle", &VcdSignal::path);
  if (cycle == signals_.end()) {
    throw base::InputError(
        fmt::format("{}: no signal 'cycle' in the root: not a dump of dlasim run --vcd", path_.string()));
  }
  VcdWords words(path_);
  const Declarations declared = read_declarations(words);
  if (declared.codes != codes_ || declared.widths != widths_)
    words.fail("the file changed while it was read");
  Changes changes(words, declared);
  WindowFiller filler(range, wanted.size());
  bool more = changes.advance();  // to the first time stamp
  while (more) {
    more = changes.advance();  // what happened at that time
    const WaveValue now = changes.now()[cycle->id];
    if (!now.known) continue;
    if (!filler.wants(now.bits)) break;
    filler.sample(now.bits, [&](std::size_t i) { return changes.now()[signals_[wanted[i]].id]; });
  }
  return filler.finish(path_);
}

}  // namespace dlasim::report
