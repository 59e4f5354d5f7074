#include "divergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/main.h"
#include "golden_run.h"
#include "sim/compiler/compile.h"
#include "sim/compiler/output_map.h"
#include "sim/cosim/cosim_factory.h"
#include "sim/engine/cycle_engine.h"
#include "sim/host/host.h"
#include "sim/netlist/run_netlist.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using network::Tensor;
using sim::cosim::Divergence;
using sim::cosim::ModelRecorder;
using sim::cosim::PairedCycle;
using sim::cosim::RtlRecorder;

constexpr std::uint64_t kCyclesAround = 16;

std::string place_of(std::int64_t element, const network::Shape& shape) {
  std::string text;
  for (std::size_t d = shape.size(); d-- > 0; element /= shape[d])
    text = fmt::format("{}{}{}", element % shape[d], text.empty() ? "" : ", ", text);
  return "(" + text + ")";
}

/// What a run left in the layers' outputs, against golden.
struct GoldenDifference {
  std::uint64_t differing = 0, values = 0;
  std::size_t layer = 0;  ///< the first that differs
  std::int64_t element = 0, expected = 0, got = 0;
};

class Investigation {
 public:
  explicit Investigation(const DivergenceQuery& query)
      : q_(query),
        inputs_(integer_inputs(query.graph, query.session.test.inputs)),
        map_(query.program, query.session.hardware.pe_array.oc_lanes),
        golden_(run_golden_model(query.session, query.graph)) {}

  int run() {
    sim::engine::RunOptions options = plain();
    const auto models = sim::engine::run_cycle(q_.program, q_.graph, q_.session.hardware, inputs_, options);
    const GoldenDifference difference = compare(models.tensors);
    if (difference.differing != 0) return golden_and_models_differ(difference);
    if (q_.rtl) return investigate_rtl();
    if (!q_.faults.empty()) return investigate_fault();
    return agree("golden and the models", difference.values, models.cycles);
  }

 private:
  sim::engine::RunOptions plain() const {
    sim::engine::RunOptions options;
    options.stalls = q_.stalls;
    options.host = sim::host::compute;
    return options;
  }

  /// One run of the models under a recorder; what a fault does to the machine is kept as text.
  GoldenDifference record(sim::trace::TraceSink& sink, bool with_fault) {
    sim::engine::RunOptions options = plain();
    options.trace = &sink;
    if (with_fault) options.fault = q_.faults.front();
    try {
      return compare(
          sim::engine::run_cycle(q_.program, q_.graph, q_.session.hardware, inputs_, options).tensors);
    } catch (const base::SimulationError& e) {
      failure_ = e.what();
      return {};
    }
  }

  int investigate_fault() {
    if (q_.faults.size() > 1) throw base::InputError("--fault: the models take one fault at a time");
    const auto& hardware = q_.session.hardware;
    ModelRecorder clean(hardware), faulty(hardware);
    record(clean, false);
    const GoldenDifference outputs = record(faulty, true);
    const auto cycle = sim::cosim::first_difference(clean.digests(), faulty.digests());
    if (!cycle) return agree("the models with and without the fault", outputs.values, clean.digests().size());
    ModelRecorder clean_window(hardware, around(*cycle)), faulty_window(hardware, around(*cycle));
    record(clean_window, false);
    record(faulty_window, true);
    return found(paired(clean_window.cycles(), faulty_window.cycles()), "faulty", outputs);
  }

  int investigate_rtl() {
    const auto& hardware = q_.session.hardware;
    RtlRecorder whole(*q_.rtl, hardware, q_.toolchain, q_.faults);
    record(whole, false);
    if (whole.values() == 0) throw base::SimulationError("diverge: nothing has been compared");
    const auto cycle = whole.first_cycle();
    if (!cycle) return agree("golden, the models and the RTL", whole.values(), 0);
    RtlRecorder window(*q_.rtl, hardware, q_.toolchain, q_.faults, around(*cycle));
    record(window, false);
    return found(window.cycles(), "rtl", run_on_rtl());
  }

  /// The network with the RTL in the models' place: what its mistake does to the outputs.
  GoldenDifference run_on_rtl() {
    sim::cosim::CosimFactory factory(q_.toolchain);
    factory.set_mode(*q_.rtl == RtlRecorder::What::kWholeCore ? sim::cosim::kCore : sim::cosim::kAllBlocks,
                     sim::cosim::Mode::kRtl);
    for (const auto& fault : q_.faults) factory.inject(fault);
    sim::netlist::NetlistOptions netlist;
    netlist.factory = &factory;
    try {
      return compare(
          sim::netlist::run_netlist(q_.program, q_.graph, q_.session.hardware, inputs_, plain(), netlist)
              .tensors);
    } catch (const base::SimulationError& e) {
      failure_ = e.what();
      return {};
    }
  }

  static sim::cosim::CycleWindow around(std::uint64_t cycle) {
    return {cycle - std::min(cycle, kCyclesAround), cycle + kCyclesAround};
  }

  GoldenDifference compare(const std::vector<Tensor>& tensors) const {
    GoldenDifference d;
    for (std::size_t l = 0; l < q_.program.layers.size(); ++l) {
      const auto id = static_cast<std::size_t>(q_.program.layers[l].output);
      const Tensor &expected = golden_.tensors[id], &got = tensors[id];
      for (std::int64_t i = 0; i < expected.size(); ++i, ++d.values) {
        if (expected.integer(i) == got.integer(i)) continue;
        if (d.differing++ == 0)
          d.layer = l, d.element = i, d.expected = expected.integer(i), d.got = got.integer(i);
      }
    }
    return d;
  }

  int agree(const char* who, std::uint64_t values, std::uint64_t cycles) const {
    fmt::print("no divergence: {} agree, {} values{}\n", who, values,
               cycles == 0 ? "" : fmt::format(" in {} cycles", cycles));
    return kDone;
  }

  std::string layer_text(std::size_t layer) const {
    return layer < q_.program.layers.size() ? fmt::format("{} {}", layer, q_.program.layers[layer].name)
                                            : "-";
  }
  std::string element_text(std::size_t layer, std::int64_t element) const {
    return place_of(element, q_.graph.tensor(q_.program.layers[layer].output).shape);
  }

  /// The models are wrong by themselves: there are no right ones to hold against them, golden's steps have to
  /// do.
  int golden_and_models_differ(const GoldenDifference& d) const {
    fmt::print("golden and the models differ, without a fault\n");
    print_outputs(d);
    fmt::print("  steps     dlasim explain CONFIG --layer {} --at ... shows what golden computes\n",
               q_.program.layers[d.layer].name);
    return kMismatch;
  }

  void print_outputs(const GoldenDifference& d) const {
    if (!failure_.empty()) fmt::print("  run       fails: {}\n", failure_);
    if (!failure_.empty()) return;
    if (d.differing == 0) {
      fmt::print("  outputs   none of {} values differs from golden\n", d.values);
      return;
    }
    fmt::print(
        "  outputs   {} of {} values differ from golden; the first: layer {},\n            element {}: {} "
        "for {}\n",
        d.differing, d.values, layer_text(d.layer), element_text(d.layer, d.element), d.got, d.expected);
  }

  int found(const std::vector<PairedCycle>& cycles, const std::string& side,
            const GoldenDifference& outputs) {
    const auto divergence = first_divergence(cycles, q_.session.hardware);
    if (!divergence) throw std::logic_error("the window around a difference shows none");
    const Divergence& d = *divergence;
    fmt::print("{} and model differ\n", side == "rtl" ? "RTL" : "faulty model");
    fmt::print("  block     {}\n  cycle     {}\n  stage     {}\n", d.block, d.cycle, d.stage);
    fmt::print("  signal    {}{}\n", d.port, d.lane < 0 ? "" : fmt::format("[{}]", d.lane));
    fmt::print("  expected  {:<12} {:#018x}\n  got       {:<12} {:#018x}\n", d.expected,
               static_cast<std::uint64_t>(d.expected), d.got, static_cast<std::uint64_t>(d.got));
    print_place(d);
    print_outputs(outputs);
    base::OutputDirectory folder(q_.folder);
    write_side_by_side(folder.path() / "divergence.vcd", cycles, side, d, q_.session.hardware.clock_mhz);
    folder.commit();
    fmt::print("  waves     {0}/divergence.vcd\n            gtkwave {0}/divergence.gtkw\n",
               q_.folder.string());
    return kMismatch;
  }

  void print_place(const Divergence& d) const {
    if (d.tile >= map_.tiles().size()) return;
    const sim::arch::RunTile& tile = map_.tiles()[d.tile];
    fmt::print("  layer     {}\n", layer_text(tile.layer));
    if (d.place.known) {
      const bool by_word =
          d.block == "post_processor" || d.block == "core";  // these know the word, not the position
      const std::uint32_t position = by_word ? d.place.position - tile.output_word : d.place.position;
      if (const auto element = map_.element(d.tile, position, static_cast<std::uint32_t>(d.oc_lane)))
        fmt::print("  element   {}\n", element_text(tile.layer, *element));
    }
    fmt::print("  command   {}\n", sim::arch::to_string(tile));
  }

  const DivergenceQuery& q_;
  const std::vector<Tensor> inputs_;
  const sim::compiler::OutputMap map_;
  const GoldenResult golden_;
  std::string failure_;  ///< of the simulated machine, with a fault in it
};

struct DivergeOptions {
  SessionOptions session;
  std::vector<std::string> faults;
  std::optional<RtlRecorder::What> rtl;
  sim::cosim::RtlToolchain toolchain = sim::cosim::RtlToolchain::from_environment();
  std::uint32_t stall_per_mille = 0;
  std::uint64_t stall_seed = 1;
};

int diverge(const DivergeOptions& options) {
  const Session session = open_session(options.session);
  const QuantizedNetwork network = quantize_session(session);
  const auto program = sim::compiler::compile(network.integer, session.hardware);
  std::vector<sim::arch::Fault> faults;
  for (const std::string& fault : options.faults) faults.push_back(sim::arch::parse_fault(fault));
  return report_divergence({session,
                            network.integer,
                            program,
                            {options.stall_seed, options.stall_per_mille},
                            faults,
                            options.rtl,
                            options.toolchain,
                            divergence_folder(session)});
}

}  // namespace

std::filesystem::path divergence_folder(const Session& session) {
  return (session.output_directory / "").parent_path().string() + "_divergence";
}

int report_divergence(const DivergenceQuery& query) {
  return Investigation(query).run();
}

void add_diverge(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DivergeOptions>();
  CLI::App* verb = app.add_subcommand(
      "diverge", "Where golden, the cycle engine and the RTL part: element, stage and cycle, with waves");
  add_session_options(*verb, options->session);
  const std::map<std::string, RtlRecorder::What> kinds{{"blocks", RtlRecorder::What::kBlocks},
                                                       {"core", RtlRecorder::What::kWholeCore}};
  verb->add_option("--rtl", options->rtl, "Hold the RTL against the models: each block, or the core")
      ->transform(CLI::CheckedTransformer(kinds));
  verb->add_option(
      "--fault", options->faults,
      "A wrong bit, BLOCK.SIGNAL[BIT]@CYCLE[:stuck0|stuck1]: in the models, or at ports of the RTL");
  verb->add_option("--stalls", options->stall_per_mille, "Chance of a stall at every hand-shake, in 1/1000")
      ->check(CLI::Range(0, 950));
  verb->add_option("--stall-seed", options->stall_seed, "Seed of the stalls");
  verb->add_option("--rtl-sources", options->toolchain.sources, "Folder of the SystemVerilog files");
  verb->add_option("--rtl-cache", options->toolchain.cache, "Where compiled RTL is kept");
  verb->callback([options, &chosen] { chosen = [options] { return diverge(*options); }; });
}

}  // namespace dlasim::cli
