#include "command_replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/compiler/output_map.h"

namespace dlasim::sim::compiler {
namespace {

enum Engine : std::size_t { kLoad, kCompute, kStore };
/// Where words and bytes lie.
enum class Space { kActivation, kWeight, kOperand, kParameter, kTable, kOutput, kDram };

struct Access {
  Space space;
  std::uint64_t first, end;  // [first, end)
  bool writes;
};

struct Node {
  std::size_t position = 0;  // in the stream
  Engine engine = kLoad;
  std::uint32_t number = 0;  // of its engine, counted from 1: the count that says it is done
  std::array<std::uint32_t, 3> done_before{};  // commands of each engine that are over when it starts
  std::vector<Access> accesses;
};

std::array<std::uint32_t, 3> join(const std::array<std::uint32_t, 3>& a,
                                  const std::array<std::uint32_t, 3>& b) {
  return {std::max(a[0], b[0]), std::max(a[1], b[1]), std::max(a[2], b[2])};
}

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

void add_dram(const arch::Region& r, bool writes, std::vector<Access>& accesses) {
  for (std::uint32_t row = 0; row < r.rows; ++row) {
    for (std::uint32_t pixel = 0; pixel < r.pixels; ++pixel) {
      const auto at = static_cast<std::uint64_t>(static_cast<std::int64_t>(r.address) + row * r.row_stride +
                                                 pixel * r.pixel_stride);
      accesses.push_back({Space::kDram, at,
                          at + r.elements * static_cast<std::uint64_t>(arch::bytes_of(r.element)), writes});
    }
  }
}

/// Accesses of each kind of command. A tile's tables are those that the settings in force read.
class AccessLister {
 public:
  explicit AccessLister(const arch::Hardware& hardware) : hardware_(hardware) {}

  std::vector<Access> operator()(const arch::Load& load) const {
    std::vector<Access> accesses;
    add_dram(load.region, false, accesses);
    const std::uint64_t pixels = std::uint64_t{load.region.rows} * load.region.pixels;
    const bool ic_words = load.target == arch::LoadTarget::kActivation;
    const auto lanes =
        static_cast<std::uint64_t>(ic_words ? hardware_.pe_array.ic_lanes : hardware_.pe_array.oc_lanes);
    const bool is_record =
        load.target == arch::LoadTarget::kParameter || load.target == arch::LoadTarget::kTable;
    const std::uint64_t words = is_record ? 1 : pixels * ceil_div(load.region.elements, lanes);
    accesses.push_back({static_cast<Space>(load.target), load.word, load.word + words, true});
    return accesses;
  }
  std::vector<Access> operator()(const arch::Store& store) const {
    std::vector<Access> accesses;
    add_dram(store.region, true, accesses);
    accesses.push_back({Space::kOutput, store.word,
                        store.word + std::uint64_t{store.region.rows} * store.region.pixels, false});
    return accesses;
  }
  std::vector<Access> operator()(const arch::RunTile& t) const {
    const std::uint64_t taps = std::uint64_t{t.kernel_height} * t.kernel_width;
    const std::uint64_t positions = std::uint64_t{t.rows} * t.cols;
    const std::uint64_t lanes =
        std::uint64_t{t.ic_tiles - 1} * static_cast<std::uint64_t>(hardware_.pe_array.ic_lanes) +
        t.last_tile_lanes;
    std::vector<Access> accesses{
        {Space::kActivation, t.activation_word,
         t.activation_word + std::uint64_t{t.region_height} * t.region_width * t.ic_tiles, false},
        {Space::kWeight, t.weight_word, t.weight_word + taps * lanes, false}};
    if (t.hold_sum != 0) return accesses;
    accesses.push_back({Space::kParameter, t.parameter_slot, t.parameter_slot + 1ULL, false});
    accesses.push_back({Space::kOutput, t.output_word, t.output_word + positions, true});
    const auto& post = settings_.post;
    if (post.combine != arch::Combine::kNone && post.combine != arch::Combine::kGate)
      accesses.push_back({Space::kOperand, t.operand_word, t.operand_word + positions, false});
    for (const arch::TableStage& stage : {post.lower, post.upper}) {
      if (stage.kind == arch::Table::kLookup)
        accesses.push_back({Space::kTable, stage.bank, stage.bank + 1ULL, false});
    }
    return accesses;
  }
  std::vector<Access> operator()(const arch::Configure& settings) {
    settings_ = settings;
    return {};
  }
  std::vector<Access> operator()(const arch::ConfigureStaged&) const {
    return {};
  }  // integer programs have none
  std::vector<Access> operator()(const arch::Finish&) const { return {}; }

 private:
  const arch::Hardware& hardware_;
  arch::Configure settings_;
};

Engine engine_of(const arch::Command& c) {
  if (std::holds_alternative<arch::Load>(c)) return kLoad;
  return std::holds_alternative<arch::Store>(c) ? kStore : kCompute;
}

bool conflict(const Node& a, const Node& b) {
  for (const Access& x : a.accesses) {
    for (const Access& y : b.accesses) {
      if (x.space == y.space && (x.writes || y.writes) && x.first < y.end && y.first < x.end) return true;
    }
  }
  return false;
}

bool is_over_before(const Node& a, const Node& b) {
  return b.done_before[a.engine] >= a.number;
}

/// Numbers the commands and derives what each one knows to be over.
std::string build(const std::vector<arch::Command>& commands, const arch::Hardware& hardware,
                  std::vector<Node>& nodes) {
  AccessLister accesses(hardware);
  std::array<std::vector<std::size_t>, 3> of_engine;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const arch::Wait& wait = arch::wait_of(commands[i]);
    Node node;
    node.position = i;
    node.engine = engine_of(commands[i]);
    node.done_before = {wait.load, wait.compute, wait.store};
    node.accesses = std::visit(accesses, commands[i]);
    for (std::size_t e = 0; e < 3; ++e) {
      if (node.done_before[e] > of_engine[e].size())
        return fmt::format("command {} waits for one behind it: {}", i, arch::to_string(commands[i]));
    }
    auto& mine = of_engine[node.engine];
    if (!mine.empty()) {  // starts after the one before it; load and store engine run one at a time
      node.done_before = join(node.done_before, nodes[mine.back()].done_before);
      const bool one_at_a_time =
          node.engine != kCompute || !std::holds_alternative<arch::RunTile>(commands[i]);
      if (one_at_a_time)
        node.done_before[node.engine] =
            std::max(node.done_before[node.engine], static_cast<std::uint32_t>(mine.size()));
    }
    for (std::size_t e = 0; e < 3; ++e) {  // who is over knew what was over before it
      if (node.done_before[e] != 0)
        node.done_before = join(node.done_before, nodes[of_engine[e][node.done_before[e] - 1]].done_before);
    }
    mine.push_back(i);
    node.number = static_cast<std::uint32_t>(mine.size());
    nodes.push_back(std::move(node));
  }
  return {};
}

}  // namespace

std::vector<arch::Command> commands_of(const Program& program) {
  std::vector<arch::Command> commands;
  for (const Step& step : program.steps) {
    const auto* stream = std::get_if<CommandStream>(&step);
    if (stream == nullptr) continue;
    const auto more = commands_of(program, *stream);
    commands.insert(commands.end(), more.begin(), more.end());
  }
  return commands;
}

std::string find_hazard(const std::vector<arch::Command>& commands, const arch::Hardware& hardware) {
  std::vector<Node> nodes;
  if (std::string problem = build(commands, hardware, nodes); !problem.empty()) return problem;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      // Each engine is a pipeline: its own commands touch the memories in order.
      if (nodes[i].engine == nodes[j].engine || is_over_before(nodes[i], nodes[j]) ||
          is_over_before(nodes[j], nodes[i]))
        continue;
      if (conflict(nodes[i], nodes[j])) {
        return fmt::format("commands {} and {} may run at once:\n  {}\n  {}", i, j,
                           arch::to_string(commands[i]), arch::to_string(commands[j]));
      }
    }
  }
  return {};
}

}  // namespace dlasim::sim::compiler
