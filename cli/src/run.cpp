#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <map>
#include <memory>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "base/progress.h"
#include "base/wav.h"
#include "cli/main.h"
#include "divergence.h"
#include "figures.h"
#include "golden/interpreter.h"
#include "golden_run.h"
#include "network/npy_tensor.h"
#include "report/html_report.h"
#include "report/run_report.h"
#include "session.h"
#include "sim/compiler/compile.h"
#include "sim/host/host.h"
#include "sim/netlist/run_netlist.h"
#include "sim/trace/vcd_trace.h"
#include "simulator.h"
#include "streaming_run.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using Clock = std::chrono::steady_clock;
using network::Tensor;
using network::TensorId;

struct RunOptions {
  SessionOptions session;
  Engine engine = Engine::kCycle;
  bool golden = true;
  bool fuse = true;
  bool json = false;
  std::uint32_t stall_per_mille = 0;
  std::uint64_t stall_seed = 1;
  std::optional<std::filesystem::path> vcd;
  sim::trace::VcdWindow window;
  std::string layer;  ///< --layer: only while this one runs
  bool netlist = false;
  std::string fault;  ///< --fault: one wrong bit
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Golden's value of each layer's output; empty if there is no comparison.
std::vector<Tensor> run_golden(const network::QuantizedGraph& graph, const sim::compiler::Program& program,
                               const std::vector<Tensor>& inputs) {
  std::vector<bool> wanted(graph.tensors.size());
  for (const auto& layer : program.layers) wanted[static_cast<std::size_t>(layer.output)] = true;
  std::vector<Tensor> tensors(graph.tensors.size());
  golden::run(graph, inputs, [&](const auto&, TensorId id, const Tensor& value) {
    if (wanted[static_cast<std::size_t>(id)]) tensors[static_cast<std::size_t>(id)] = value;
  });
  return tensors;
}

std::uint64_t count_differing(const Tensor& expected, const Tensor& got) {
  std::uint64_t differing = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) differing += expected.integer(i) != got.integer(i);
  return differing;
}

report::LayerRow make_row(const sim::compiler::Layer& layer, const sim::engine::LayerResult& result,
                          const network::QuantizedGraph& graph, const Tensor& got,
                          const std::vector<Tensor>& golden, const FloatFigures& real) {
  const auto id = static_cast<std::size_t>(layer.output);
  const auto& info = graph.tensors[id];
  report::LayerRow row;
  row.name = layer.name;
  row.kind = layer.kind;
  row.output_shape = network::to_string(info.shape);
  row.on_host = layer.on_host;
  row.macs = layer.macs;
  row.cycles = result.cycles;
  row.busy_cycles = result.beats;
  row.values = static_cast<std::uint64_t>(got.size());
  const auto cycles = static_cast<double>(std::max<std::uint64_t>(result.cycles, 1));
  row.utilisation = static_cast<double>(layer.macs) / (cycles * static_cast<double>(layer.pe_slots_per_beat));
  row.stall_share = result.cycles == 0 ? 0.0 : 1.0 - static_cast<double>(result.beats) / cycles;
  row.sqnr_db = real.sqnr_db[id];
  if (!golden.empty()) row.differing = count_differing(golden[id], got);
  return row;
}

report::RunReport make_report(const Session& session, Engine engine, const network::QuantizedGraph& graph,
                              const sim::compiler::Program& program, const sim::engine::RunResult& result,
                              const std::vector<Tensor>& golden, const FloatFigures& real) {
  report::RunReport report;
  report.config = session.name;
  report.network = graph.name;
  report.numerics = session.numerics.name;
  report.engine = name(engine);
  report.hardware = session.hardware;
  report.compared = !golden.empty();
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const auto& layer = program.layers[i];
    const Tensor& got = result.tensors[static_cast<std::size_t>(layer.output)];
    report.layers.push_back(make_row(layer, result.layers[i], graph, got, golden, real));
    if (!layer.on_host) report.macs += layer.macs;
  }
  report.cycles = result.cycles;
  report.dram_bytes = result.dram.bytes;
  report.dram_row_hit_share = static_cast<double>(result.dram.row_hits) /
                              static_cast<double>(std::max<std::uint64_t>(result.dram.requests, 1));
  report.sample_rate = session.sample_rate;
  const network::Shape& shape = graph.tensor(graph.outputs.front()).shape;
  const bool is_sequence = !session.test.labels.empty() || session.test.sample_rate;
  if (is_sequence && shape.size() == 4) report.samples = shape[2];
  report.figures = task_figures(session, real, real_output(graph, result.tensors));
  return report;
}

/// The output as audio, in float: nothing is clipped.
void write_audio(const std::filesystem::path& file, const Session& session, const Tensor& output) {
  base::Wav wav;
  wav.sample_rate = static_cast<int>(*session.test.sample_rate);
  wav.channels = static_cast<int>(output.shape().back());
  const auto samples = output.data<float>();
  wav.samples.assign(samples.begin(), samples.end());
  base::write_wav(file, wav);
}

void write_results(base::OutputDirectory& directory, const Session& session,
                   const network::QuantizedGraph& graph, const report::RunReport& report,
                   const std::vector<Tensor>& tensors) {
  base::write_file_atomically(directory.path() / "summary.json", report::to_json(report));
  base::write_file_atomically(directory.path() / "layers.csv", report::to_csv(report));
  base::write_file_atomically(directory.path() / "report.html", report::to_html(report));
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::string name = i == 0 ? "output.npy" : fmt::format("output{}.npy", i);
    base::write_npy(directory.path() / name,
                    network::npy_from_tensor(tensors[static_cast<std::size_t>(graph.outputs[i])]));
  }
  if (session.test.sample_rate)
    write_audio(directory.path() / "output.wav", session, real_output(graph, tensors));
  directory.commit();
}

/// The waves that were asked for, or null; those in the output directory appear with it.
std::unique_ptr<sim::trace::VcdTrace> make_trace(const RunOptions& options, const Session& session,
                                                 const sim::compiler::Program& program,
                                                 base::OutputDirectory& directory) {
  if (!options.vcd) return nullptr;
  sim::trace::VcdOptions trace{.window = options.window};
  if (!options.layer.empty()) {
    const auto found = std::ranges::find(program.layers, options.layer, &sim::compiler::Layer::name);
    if (found == program.layers.end()) {
      throw base::InputError(fmt::format("--layer: no layer is called '{}'", options.layer));
    }
    trace.window.layer = static_cast<std::uint32_t>(found - program.layers.begin());
  }
  return std::make_unique<sim::trace::VcdTrace>(directory.staged(*options.vcd), session.hardware, trace);
}

void finish_trace(sim::trace::VcdTrace& vcd, const std::filesystem::path& file) {
  vcd.close();
  if (vcd.cycles_recorded() == 0) {
    fmt::print(stderr, "dlasim: no cycle lies in the window of --from, --to and --layer: no waves written\n");
    return;
  }
  vcd.write_layout();
  fmt::print(stderr, "{} cycles of waves in {}; open with: gtkwave {}\n", vcd.cycles_recorded(),
             file.string(), std::filesystem::path(file).replace_extension(".gtkw").string());
}

/// Throws base::UnsupportedError for options that a stream of many short runs has no meaning for.
StreamingOptions streaming_options(const RunOptions& options) {
  if (options.vcd || options.netlist || options.stall_per_mille > 0) {
    throw base::UnsupportedError("--vcd, --netlist and --stalls do not go with execution: streaming");
  }
  return {options.engine, options.golden, options.fuse, options.json};
}

int run_network(const RunOptions& options) {
  const Clock::time_point start = Clock::now();
  if (options.netlist && options.engine != Engine::kCycle)
    throw base::InputError("--netlist is a form of the cycle engine: it does not go with --engine " +
                           name(options.engine));
  Session session = open_session(options.session);
  base::OutputDirectory directory(session.output_directory);  // refused before the work, not after it
  const QuantizedNetwork network = quantize_networks_of(session);
  if (options.engine == Engine::kGolden) return run_golden_only(session, network, directory, options.json);
  if (session.hop) return run_streaming(session, network, directory, streaming_options(options));
  const network::QuantizedGraph& graph = network.integer;
  const sim::compiler::Program program =
      sim::compiler::compile(graph, session.hardware, {.fuse = options.fuse});
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);

  // Golden needs nothing of the simulation: it runs beside it.
  auto golden = std::async(std::launch::async, [&] {
    return options.golden ? run_golden(graph, program, inputs) : std::vector<Tensor>();
  });
  base::Progress progress("simulating", 1000);
  sim::engine::RunOptions engine_options;
  engine_options.stalls = {options.stall_seed, options.stall_per_mille};
  if (!options.fault.empty()) engine_options.fault = sim::arch::parse_fault(options.fault);
  engine_options.host = sim::host::compute;
  engine_options.progress = [&](double share) {
    const auto target = static_cast<std::int64_t>(share * 1000.0);
    if (target > progress.done()) progress.advance(target - progress.done());
  };
  const auto vcd = make_trace(options, session, program, directory);
  engine_options.trace = vcd.get();
  const Clock::time_point simulation_start = Clock::now();
  const sim::engine::RunResult result =
      options.netlist
          ? sim::netlist::run_netlist(program, graph, session.hardware, inputs, engine_options)
          : make_simulator(options.engine, program, graph, session.hardware)->run(inputs, engine_options);
  const double simulation_seconds = seconds_since(simulation_start);
  if (vcd) finish_trace(*vcd, *options.vcd);

  report::RunReport report = make_report(session, options.engine, graph, program, result, golden.get(),
                                         compare_with_float(session, network, result.tensors));
  report.simulation_seconds = simulation_seconds;
  report.total_seconds = seconds_since(start);
  report.peak_memory_bytes = base::peak_resident_bytes();
  write_results(directory, session, graph, report, result.tensors);
  fmt::print("{}", options.json ? report::to_json(report) : report::to_text(report));
  if (!options.json) fmt::print("results in {}\n", session.output_directory.string());
  if (report.differing() == 0) return kDone;
  if (!options.json) {
    std::vector<sim::arch::Fault> faults;
    if (engine_options.fault) faults.push_back(*engine_options.fault);
    fmt::print("\n");
    report_divergence(
        {session, graph, program, engine_options.stalls, faults, {}, {}, divergence_folder(session)});
  }
  return kMismatch;
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* verb =
      app.add_subcommand("run", "Run a network on the accelerator and compare every layer with golden");
  add_session_options(*verb, options->session);
  verb->add_option("--engine", options->engine,
                   "cycle: the accelerator, clock by clock; fast: tile by tile, the same bits and cycles; "
                   "golden: the reference alone, without cycles")
      ->transform(CLI::CheckedTransformer(engine_choices()))
      ->default_str("cycle");
  verb->add_flag("!--no-golden", options->golden, "Do not compute and compare the golden model");
  verb->add_flag("!--no-fuse", options->fuse, "One pass a node: every tensor reaches DRAM and is compared");
  verb->add_flag("--json", options->json, "Print summary.json instead of the table");
  verb->add_option("--fault", options->fault,
                   "One wrong bit: BLOCK.SIGNAL[BIT]@CYCLE, or ...@CYCLE:stuck0, :stuck1 (docs/faults.md)");
  verb->add_flag("--netlist", options->netlist,
                 "Every block a SystemC module of its own: the same cycles, several times slower");
  verb->add_option("--vcd", options->vcd, "Write the waves of all blocks, and a GTKWave layout beside them");
  verb->add_option("--from", options->window.from, "First cycle of the waves");
  verb->add_option("--to", options->window.to, "Last cycle of the waves");
  verb->add_option("--layer", options->layer, "Waves only of this layer");
  verb->add_option("--stalls", options->stall_per_mille, "Chance of a stall at every hand-shake, in 1/1000")
      ->check(CLI::Range(0, 950));
  verb->add_option("--stall-seed", options->stall_seed, "Seed of the stalls");
  verb->callback([options, &chosen] { chosen = [options] { return run_network(*options); }; });
}

}  // namespace dlasim::cli
