#include "sim/trace/gtkwave_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace dlasim::sim::trace {
namespace {

// Flags of GTKWave's trace lines.
constexpr unsigned kHexFlag = 0x2, kDecimalFlag = 0x4, kBinaryFlag = 0x8, kRightJustified = 0x20,
                   kSignedFlag = 0x400;
/// Width of the wave pane on a common screen, in GTKWave's frames of 200 pixels.
constexpr double kPaneFrames = 6;

unsigned flags_of(Radix radix) {
  switch (radix) {
    case Radix::kBinary:
      return kBinaryFlag | kRightJustified;
    case Radix::kHex:
      return kHexFlag | kRightJustified;
    case Radix::kUnsigned:
      return kDecimalFlag | kRightJustified;
    case Radix::kSigned:
      return kDecimalFlag | kRightJustified | kSignedFlag;
  }
  return kRightJustified;
}

void add_traces(std::string& text, const std::string& path, const Scope& scope, Role role) {
  for (const Signal& s : scope.signals) {
    if (s.role != role) continue;
    const std::string range = s.width == 1 ? "" : fmt::format("[{}:0]", s.width - 1);
    text += fmt::format("@{:x}\n{}.{}{}\n", flags_of(s.radix), path, s.name, range);
  }
}

/// How a group begins and ends.
struct Group {
  const char *begin, *end;
};
constexpr Group kOpen{"@800200", "@1000200"}, kClosed{"@c00200", "@1401200"};

void add_block(std::string& text, const std::string& root, const Scope& scope, const Group& registers) {
  const std::string path = root + "." + scope.name;
  text += fmt::format("{}\n-{}\n", kOpen.begin, scope.name);
  add_traces(text, path, scope, Role::kPort);
  if (std::ranges::find(scope.signals, Role::kRegister, &Signal::role) != scope.signals.end()) {
    text += fmt::format("{}\n-{} registers\n", registers.begin, scope.name);
    add_traces(text, path, scope, Role::kRegister);
    text += fmt::format("{}\n-{} registers\n", registers.end, scope.name);
  }
  text += fmt::format("{}\n-{}\n", kOpen.end, scope.name);
}

/// What lies outside the blocks: clock and cycle.
void add_top(std::string& text, const std::string& root, const Scope& scope) {
  add_traces(text, root, scope, Role::kPort);
  add_traces(text, root, scope, Role::kRegister);
}

std::string tree_of(const SignalTable& signals) {
  return fmt::format("[treeopen] {}.\n[sst_expanded] 1\n", signals.root());
}

/// Up to the first signal: the dump, the window's place and zoom, the primary marker.
std::string header(const LayoutView& view, std::uint64_t marker) {
  std::string text = "[*] dlasim\n";
  if (!view.dump_file.empty()) {
    // With both names GTKWave looks for the dump beside the save file, wherever it is started.
    const std::string own = std::filesystem::path(view.dump_file).replace_extension(".gtkw").string();
    text += fmt::format("[dumpfile] \"{}\"\n[savefile] \"{}\"\n", view.dump_file, own);
  }
  // GTKWave's zoom is minus the logarithm of the time a frame stands for.
  const double span = static_cast<double>(std::max<std::uint64_t>(view.to - view.from, 1));
  text += fmt::format("[timestart] {}\n[size] 1600 1000\n[pos] -1 -1\n*{:.6f} {}", view.from,
                      -std::log2(span / kPaneFrames), marker);
  for (int other = 0; other < 26; ++other) text += " -1";
  return text + "\n";
}

}  // namespace

std::string gtkwave_layout(const SignalTable& signals, const LayoutView& view) {
  std::string text = header(view, view.from) + tree_of(signals);
  for (const Scope& scope : signals.scopes()) {
    if (scope.name.empty()) {
      add_top(text, signals.root(), scope);
    } else {
      add_block(text, signals.root(), scope, kClosed);
    }
  }
  return text;
}

std::string gtkwave_block_layout(const SignalTable& signals, const std::string& block,
                                 const LayoutView& view) {
  std::string text = header(view, view.from) + tree_of(signals);
  for (const Scope& scope : signals.scopes()) {
    if (scope.name.empty()) add_top(text, signals.root(), scope);
    if (scope.name == block) add_block(text, signals.root(), scope, kOpen);
  }
  return text;
}

std::string gtkwave_pairs(const std::vector<SignalPair>& pairs, const LayoutView& view,
                          std::uint64_t marker) {
  std::string text = header(view, marker) + "[sst_expanded] 1\n";
  for (const SignalPair& pair : pairs)
    text += fmt::format("@{:x}\n{}\n{}\n", flags_of(pair.radix), pair.first, pair.second);
  return text;
}

}  // namespace dlasim::sim::trace
