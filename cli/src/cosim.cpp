#include "cosim.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "cli/main.h"
#include "divergence.h"
#include "golden_run.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/host/host.h"
#include "sim/netlist/run_netlist.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using sim::compiler::Program;
using sim::cosim::CosimFactory;
using sim::cosim::Mode;

struct CosimOptions {
  SessionOptions session;
  CosimRun run;
  std::vector<std::string> rtl, lockstep, faults;
  std::filesystem::path fst;
  sim::cosim::RtlToolchain toolchain = sim::cosim::RtlToolchain::from_environment();
};

sim::engine::RunResult simulate(const CosimRun& run, const CosimFactory& factory, const Session& session,
                                const network::QuantizedGraph& graph, const Program& program) {
  base::Progress progress("co-simulating", 1000);
  sim::engine::RunOptions options;
  options.stalls = {run.stall_seed, run.stall_per_mille};
  options.host = sim::host::compute;
  options.progress = [&progress](double share) {
    const auto target = static_cast<std::int64_t>(share * 1000.0);
    if (target > progress.done()) progress.advance(target - progress.done());
  };
  sim::netlist::NetlistOptions netlist;
  netlist.factory = &factory;
  const std::vector<network::Tensor> inputs = integer_inputs(graph, session.test.inputs);
  return sim::netlist::run_netlist(program, graph, session.hardware, inputs, options, netlist);
}

void print_difference(const sim::cosim::Difference& d, const Program& program) {
  fmt::print("RTL and model differ\n  block     {}\n  cycle     {}\n  port      {}{}\n", d.block, d.cycle,
             d.port, d.lane < 0 ? "" : fmt::format("[{}]", d.lane));
  fmt::print("  expected  {}\n  got       {}\n", d.expected, d.got);
  if (!d.place.known) {
    fmt::print("  position  no beat is offered at this port\n");
    return;
  }
  const bool named = d.place.layer < program.layers.size();
  fmt::print("  layer     {} {}\n  position  {}\n", d.place.layer,
             named ? program.layers[d.place.layer].name : "", d.place.position);
}

void print_blocks(const CosimFactory& factory) {
  fmt::print("{:<20} {:<9} {:>10} {:>16}\n", "block", "is", "cycles", "values compared");
  std::vector<std::string> names = sim::cosim::block_names();
  if (factory.mode(sim::cosim::kCore) != Mode::kModel) names = {sim::cosim::kCore};
  for (const std::string& name : names) {
    const auto result = factory.results().find(name);
    if (result != factory.results().end()) {
      fmt::print("{:<20} {:<9} {:>10} {:>16}\n", name, "lockstep", result->second.cycles,
                 result->second.values);
    } else {
      fmt::print("{:<20} {:<9} {:>10} {:>16}\n", name, factory.mode(name) == Mode::kRtl ? "rtl" : "model",
                 "-", "-");
    }
  }
}

/// Differing values of all layers against golden.
struct GoldenComparison {
  std::uint64_t values = 0, differing = 0;
};

GoldenComparison compare_with_golden(const Session& session, const network::QuantizedGraph& graph,
                                     const Program& program, const sim::engine::RunResult& result) {
  const GoldenResult golden = run_golden_model(session, graph);
  GoldenComparison comparison;
  for (const auto& layer : program.layers) {
    const auto id = static_cast<std::size_t>(layer.output);
    const network::Tensor &expected = golden.tensors[id], &got = result.tensors[id];
    if (expected.size() != got.size())
      throw base::SimulationError(fmt::format("layer '{}': {} values were computed, golden has {}",
                                              layer.name, got.size(), expected.size()));
    for (std::int64_t i = 0; i < expected.size(); ++i)
      comparison.differing += expected.integer(i) != got.integer(i);
    comparison.values += static_cast<std::uint64_t>(expected.size());
  }
  return comparison;
}

/// Where the RTL parts from the models: the core as one module or its blocks, as the run had it.
int explain_mismatch(const CosimOptions& options, const Session& session, const CosimFactory& factory,
                     const std::vector<sim::arch::Fault>& faults) {
  const QuantizedNetwork network = quantize_session(session);
  const Program program = sim::compiler::compile(network.integer, session.hardware);
  const bool core = factory.mode(sim::cosim::kCore) != Mode::kModel;
  using What = sim::cosim::RtlRecorder::What;
  fmt::print("\n");
  report_divergence({session,
                     network.integer,
                     program,
                     {options.run.stall_seed, options.run.stall_per_mille},
                     faults,
                     core ? What::kWholeCore : What::kBlocks,
                     options.toolchain,
                     divergence_folder(session)});
  return kMismatch;
}

/// Each layer's cycles beside those of the cycle engine; the number of layers that differ.
int print_cycles(const CosimRun& run, const Session& session, const network::QuantizedGraph& graph,
                 const Program& program, const sim::engine::RunResult& got) {
  sim::engine::RunOptions options;
  options.stalls = {run.stall_seed, run.stall_per_mille};
  options.host = sim::host::compute;
  const auto model = sim::engine::run_cycle(program, graph, session.hardware,
                                            integer_inputs(graph, session.test.inputs), options);
  base::TextTable table({{"layer", base::TextTable::Align::kLeft},
                         {"kind", base::TextTable::Align::kLeft},
                         {"cycle engine"},
                         {"this run"},
                         {"difference"}});
  int differing = 0;
  const auto add = [&](const std::string& name, const std::string& kind, std::uint64_t expected,
                       std::uint64_t here) {
    const auto difference = static_cast<std::int64_t>(here) - static_cast<std::int64_t>(expected);
    differing += difference == 0 ? 0 : 1;
    table.add_row(
        {name, kind, fmt::format("{}", expected), fmt::format("{}", here), fmt::format("{}", difference)});
  };
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const auto& layer = program.layers[i];
    if (!layer.on_host) add(layer.name, layer.kind, model.layers[i].cycles, got.layers[i].cycles);
  }
  table.add_line();
  add("all", "", model.cycles, got.cycles);
  fmt::print("{}\n", table.to_string());
  return differing;
}

}  // namespace

int run_cosim(const CosimRun& run, const Session& session, const CosimFactory& factory) {
  const auto start = std::chrono::steady_clock::now();
  factory.build(session.hardware);
  const QuantizedNetwork network = quantize_session(session);
  const Program program = sim::compiler::compile(network.integer, session.hardware);
  sim::engine::RunResult result;
  try {
    result = simulate(run, factory, session, network.integer, program);
  } catch (const base::SimulationError&) {
    if (factory.difference() == nullptr) throw;
    print_difference(*factory.difference(), program);
    return kMismatch;
  }
  factory.require_compared();
  const GoldenComparison golden = compare_with_golden(session, network.integer, program, result);
  if (golden.values == 0) throw base::SimulationError("cosim: nothing has been compared with golden");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const int wrong_cycles = run.cycles ? print_cycles(run, session, network.integer, program, result) : 0;
  print_blocks(factory);
  fmt::print("{} cycles; golden: {} of {} values of {} layers differ; {:.1f} s\n", result.cycles,
             golden.differing, golden.values, program.layers.size(), seconds.count());
  return golden.differing == 0 && wrong_cycles == 0 ? kDone : kMismatch;
}

namespace {

/// The command line's modes, or where it names no block the file's.
sim::cosim::BlockModes modes_of(const CosimOptions& options, const Session& session) {
  if (options.rtl.empty() && options.lockstep.empty()) {
    if (session.block_modes.rtl_modules().empty())
      throw base::InputError(
          "cosim: name the blocks: --rtl or --lockstep, for example --lockstep core; "
          "or in the file, cosim: {core: lockstep}");
    return session.block_modes;
  }
  sim::cosim::BlockModes modes;
  for (const std::string& block : options.rtl) modes.set(block, Mode::kRtl);
  for (const std::string& block : options.lockstep) modes.set(block, Mode::kLockstep);
  return modes;
}

int cosim(CosimOptions& options) {
  const Session session = open_session(options.session);
  options.toolchain.fst = !options.fst.empty();
  CosimFactory factory(options.toolchain);
  factory.set_modes(modes_of(options, session));
  std::vector<sim::arch::Fault> faults;
  for (const std::string& fault : options.faults)
    factory.inject(faults.emplace_back(sim::arch::parse_fault(fault)));
  if (!options.fst.empty()) factory.dump_fst(options.fst);
  const int code = run_cosim(options.run, session, factory);
  return code == kMismatch ? explain_mismatch(options, session, factory, faults) : code;
}

}  // namespace

void add_cosim(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CosimOptions>();
  CLI::App* verb = app.add_subcommand(
      "cosim", "Run a network with Verilated RTL in the place of blocks, or in lockstep with them");
  add_session_options(*verb, options->session);
  verb->add_option(
          "--rtl", options->rtl,
          "What is RTL: blocks, comma-separated; blocks: each of them; core: all of them as one module")
      ->delimiter(',');
  verb->add_option("--lockstep", options->lockstep,
                   "The same, but model and RTL side by side, compared in every cycle")
      ->delimiter(',');
  verb->add_option("--stalls", options->run.stall_per_mille,
                   "Chance of a stall at every hand-shake, in 1/1000")
      ->check(CLI::Range(0, 950));
  verb->add_option("--stall-seed", options->run.stall_seed, "Seed of the stalls");
  verb->add_option(
      "--fst", options->fst,
      "Dump every signal inside the RTL; for several modules, FILE.BLOCK.fst each (compiled for it once)");
  verb->add_flag("--cycles", options->run.cycles,
                 "Print each layer's cycles beside those of the cycle engine");
  verb->add_option("--fault", options->faults,
                   "A wrong bit at a port of RTL: BLOCK.PORT[BIT]@CYCLE, or ...@CYCLE:stuck0, :stuck1");
  verb->add_option("--rtl-sources", options->toolchain.sources,
                   "Folder of the SystemVerilog files (also: DLASIM_RTL)")
      ->capture_default_str();
  verb->add_option("--rtl-cache", options->toolchain.cache,
                   "Where compiled RTL is kept (also: DLASIM_RTL_CACHE, XDG_CACHE_HOME)")
      ->capture_default_str();
  verb->callback([options, &chosen] { chosen = [options] { return cosim(*options); }; });
}

}  // namespace dlasim::cli
