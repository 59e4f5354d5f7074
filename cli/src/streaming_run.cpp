#include "streaming_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/npy.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "cli/main.h"
#include "figures.h"
#include "golden/interpreter.h"
#include "network/npy_tensor.h"
#include "network/streaming.h"
#include "sim/compiler/compile.h"
#include "sim/host/host.h"

namespace dlasim::cli {
namespace {

using network::Tensor;

/// What the hops gave together.
struct StreamResult {
  std::vector<Tensor> tensors;  ///< by id of the sequence network, whole length; empty: not in memory
  std::uint64_t cycles = 0, slowest_hop = 0;
  std::uint64_t dram_bytes = 0;
  std::int64_t hops = 0;
  std::int64_t ring_values = 0;
};

/// Tensors of `program` that a hop leaves in memory, in the length of the sequence network.
std::vector<Tensor> whole_tensors(const network::QuantizedGraph& sequence,
                                  const sim::compiler::Program& program) {
  std::vector<Tensor> tensors(sequence.tensors.size());
  for (const sim::compiler::Layer& layer : program.layers) {
    const auto id = static_cast<std::size_t>(layer.output);
    if (id < tensors.size()) tensors[id] = Tensor(sequence.tensors[id].dtype, sequence.tensors[id].shape);
  }
  return tensors;
}

StreamResult stream(const network::QuantizedGraph& sequence, const std::vector<Tensor>& inputs,
                    const Session& session, const StreamingOptions& options) {
  const network::StreamingGraph streaming = network::make_streaming(sequence, *session.hop);
  const auto program = sim::compiler::compile(streaming.graph, session.hardware, {.fuse = options.fuse});
  const auto simulator = make_simulator(options.engine, program, streaming.graph, session.hardware);
  network::StreamState state(streaming);
  sim::engine::RunOptions engine_options;
  engine_options.host = sim::host::compute;
  StreamResult result;
  result.tensors = whole_tensors(sequence, program);
  result.ring_values = state.values();
  const std::int64_t length = inputs.at(0).shape()[2];
  base::Progress progress("streaming", length);
  for (std::int64_t t = 0; t < length; t += streaming.hop) {
    std::vector<Tensor> now;
    for (const Tensor& input : inputs) now.push_back(network::positions(input, t, streaming.hop));
    const auto hop = simulator->run(state.inputs(now), engine_options);
    state.advance(hop.tensors, now);
    for (std::size_t id = 0; id < result.tensors.size(); ++id) {
      if (result.tensors[id].size() > 0) network::place_positions(hop.tensors[id], t, result.tensors[id]);
    }
    result.cycles += hop.cycles;
    result.slowest_hop = std::max(result.slowest_hop, hop.cycles);
    result.dram_bytes += hop.dram.bytes;
    ++result.hops;
    progress.advance(std::min(streaming.hop, length - t));
  }
  return result;
}

struct Comparison {
  std::uint64_t values = 0, differing = 0;
  std::string first;  ///< the first tensor that differs
};

/// Every tensor of the stream against the whole sequence on golden.
Comparison compare_with_sequence(const network::QuantizedGraph& sequence, const std::vector<Tensor>& inputs,
                                 const std::vector<Tensor>& streamed) {
  Comparison comparison;
  golden::run(sequence, inputs, [&](const auto&, network::TensorId id, const Tensor& expected) {
    const Tensor& got = streamed[static_cast<std::size_t>(id)];
    if (got.size() == 0) return;
    comparison.values += static_cast<std::uint64_t>(got.size());
    std::uint64_t differing = 0;
    for (std::int64_t i = 0; i < got.size(); ++i) differing += expected.integer(i) != got.integer(i);
    if (differing > 0 && comparison.differing == 0) comparison.first = sequence.tensor(id).name;
    comparison.differing += differing;
  });
  return comparison;
}

std::string verdict(const StreamingOptions& options, const Comparison& comparison) {
  if (!options.golden) return "not compared with the golden model";
  const auto grouped = [](std::uint64_t v) { return base::format_grouped(static_cast<std::int64_t>(v)); };
  if (comparison.differing == 0) {
    return fmt::format("bit-exact: 0 of {} values differ from the whole sequence on golden",
                       grouped(comparison.values));
  }
  return fmt::format("MISMATCH: {} of {} values differ from the whole sequence on golden, first in '{}'",
                     grouped(comparison.differing), grouped(comparison.values), comparison.first);
}

}  // namespace

int run_streaming(const Session& session, const QuantizedNetwork& network, base::OutputDirectory& directory,
                  const StreamingOptions& options) {
  const network::QuantizedGraph& sequence = network.integer;
  const std::vector<Tensor> inputs = integer_inputs(sequence, session.test.inputs);
  const StreamResult result = stream(sequence, inputs, session, options);
  Comparison comparison;
  if (options.golden) comparison = compare_with_sequence(sequence, inputs, result.tensors);
  const auto figures = task_figures(session, compare_with_float(session, network, result.tensors),
                                    real_output(sequence, result.tensors));

  const auto samples = static_cast<double>(inputs.at(0).shape()[2]);
  const double seconds = static_cast<double>(result.cycles) / (session.hardware.clock_mhz * 1e6);
  nlohmann::ordered_json j{{"config", session.name},
                           {"network", sequence.name},
                           {"numerics", session.numerics.name},
                           {"engine", name(options.engine)},
                           {"execution", "streaming"},
                           {"hop", *session.hop},
                           {"hops", result.hops},
                           {"samples", inputs.at(0).shape()[2]},
                           {"cycles", result.cycles},
                           {"cycles_per_sample", static_cast<double>(result.cycles) / samples},
                           {"slowest_hop_cycles", result.slowest_hop},
                           {"ring_values", result.ring_values},
                           {"dram_bytes", result.dram_bytes},
                           {"compared", options.golden},
                           {"bit_exact", options.golden && comparison.differing == 0},
                           {"differing", comparison.differing},
                           {"verdict", verdict(options, comparison)}};
  std::string text = fmt::format(
      "{} on {}, {}, streaming {} samples a hop\n\n{} hops, {} cycles, {:.1f} cycles a sample, slowest hop "
      "{} "
      "cycles\n{} values in ring buffers, {} moved to and from DRAM\n",
      sequence.name, session.hardware.name, session.numerics.name, *session.hop, result.hops,
      base::format_grouped(static_cast<std::int64_t>(result.cycles)),
      static_cast<double>(result.cycles) / samples,
      base::format_grouped(static_cast<std::int64_t>(result.slowest_hop)),
      base::format_grouped(result.ring_values), base::format_bytes(result.dram_bytes));
  if (session.sample_rate) {
    const double factor = seconds / (samples / *session.sample_rate);
    j["real_time_factor"] = factor;
    text += fmt::format("real-time factor {:.3f} at {} Hz and {} MHz\n", factor, *session.sample_rate,
                        session.hardware.clock_mhz);
  }
  for (const report::TaskFigure& f : figures) {
    if (std::isfinite(f.integer_value))
      j["figures"][f.name] = {{"unit", f.unit}, {"integer", f.integer_value}};
    text += fmt::format("{} {:.4g} {}\n", f.name, f.integer_value, f.unit);
  }

  base::write_file_atomically(directory.path() / "summary.json", j.dump(2) + "\n");
  for (std::size_t i = 0; i < sequence.outputs.size(); ++i) {
    const std::string name = i == 0 ? "output.npy" : fmt::format("output{}.npy", i);
    base::write_npy(directory.path() / name,
                    network::npy_from_tensor(result.tensors[static_cast<std::size_t>(sequence.outputs[i])]));
  }
  directory.commit();
  fmt::print("{}", options.json ? j.dump(2) + "\n" : text + "\n" + verdict(options, comparison) + "\n");
  return comparison.differing == 0 ? kDone : kMismatch;
}

}  // namespace dlasim::cli
