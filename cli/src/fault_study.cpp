#include "fault_study.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "figures.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/engine/fault.h"
#include "sim/host/host.h"

namespace dlasim::cli {
namespace {

using network::Tensor;
using sim::engine::FaultSite;

/// The signal without the number of its lane: all lanes together are one choice.
std::string family_of(const std::string& signal) {
  return signal.substr(0, signal.find_last_not_of("0123456789") + 1);
}

class Draw {
 public:
  Draw(const sim::arch::Hardware& hardware, std::uint64_t cycles, std::uint64_t seed)
      : cycles_(cycles), random_(seed) {
    for (FaultSite& site : sim::engine::fault_sites(hardware)) {
      if (blocks_.empty() || blocks_.back().name != site.block) blocks_.push_back({site.block, {}});
      auto& families = blocks_.back().families;
      const std::string family = family_of(site.signal);
      if (families.empty() || family_of(families.back().front().signal) != family) families.emplace_back();
      families.back().push_back(std::move(site));
    }
  }
  sim::arch::Fault next() {
    const FaultSite& site = one_of(one_of(one_of(blocks_).families));
    const auto bit = static_cast<int>(random_.integer(0, site.bits - 1));
    const auto cycle = static_cast<std::uint64_t>(random_.integer(0, static_cast<std::int64_t>(cycles_) - 1));
    return {site.block, site.signal, bit, cycle, sim::arch::FaultKind::kFlip};
  }
  /// In the order of the data.
  std::vector<std::string> block_names() const {
    std::vector<std::string> names;
    for (const Block& block : blocks_) names.push_back(block.name);
    return names;
  }

 private:
  struct Block {
    std::string name;
    std::vector<std::vector<FaultSite>> families;
  };
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(random_.integer(0, static_cast<std::int64_t>(all.size()) - 1))];
  }

  std::vector<Block> blocks_;
  const std::uint64_t cycles_;
  base::Random random_;
};

std::uint64_t count_differing(const network::QuantizedGraph& graph, const std::vector<Tensor>& expected,
                              const std::vector<Tensor>& got, std::uint64_t* values) {
  std::uint64_t differing = 0;
  *values = 0;
  for (const network::TensorId id : graph.outputs) {
    const Tensor &e = expected[static_cast<std::size_t>(id)], &g = got[static_cast<std::size_t>(id)];
    for (std::int64_t i = 0; i < e.size(); ++i) differing += e.integer(i) != g.integer(i);
    *values += static_cast<std::uint64_t>(e.size());
  }
  return differing;
}

}  // namespace

report::FaultReport study_faults(const Session& session, const QuantizedNetwork& network, int faults,
                                 std::uint64_t seed) {
  const network::QuantizedGraph& graph = network.integer;
  const auto program = sim::compiler::compile(graph, session.hardware);
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  const auto run = [&] { return sim::engine::run_cycle(program, graph, session.hardware, inputs, options); };
  const sim::engine::RunResult clean = run();

  const FloatFigures real = compare_with_float(session, network, clean.tensors);
  const auto figure_of = [&](const std::vector<Tensor>& tensors) -> std::optional<report::TaskFigure> {
    const auto figures = task_figures(session, real, real_output(graph, tensors));
    return figures.empty() ? std::nullopt : std::optional(figures.front());
  };
  report::FaultReport report;
  report.config = session.name, report.network = graph.name;
  report.seed = seed, report.cycles = clean.cycles;
  count_differing(graph, clean.tensors, clean.tensors, &report.values);
  if (const auto figure = figure_of(clean.tensors))
    report.figure_name = figure->name, report.figure_unit = figure->unit,
    report.figure = figure->integer_value;

  Draw draw(session.hardware, clean.cycles, seed);
  report.blocks = draw.block_names();
  base::Progress progress("faults", faults);
  for (int i = 0; i < faults; ++i, progress.advance(1)) {
    options.fault = draw.next();
    report::FaultOutcome outcome;
    outcome.fault = to_string(*options.fault), outcome.block = options.fault->block;
    try {
      const sim::engine::RunResult result = run();
      outcome.differing = count_differing(graph, clean.tensors, result.tensors, &report.values);
      if (outcome.differing != 0) {
        outcome.effect = report::FaultEffect::kChanged;
        if (const auto figure = figure_of(result.tensors)) outcome.figure = figure->integer_value;
      }
    } catch (const base::SimulationError& e) {
      outcome.effect = report::FaultEffect::kFatal;
      outcome.error = e.what();
    }
    report.outcomes.push_back(std::move(outcome));
  }
  return report;
}

}  // namespace dlasim::cli
