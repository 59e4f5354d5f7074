#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/text_table.h"
#include "base/wav.h"
#include "cli/main.h"
#include "figures.h"
#include "golden/interpreter.h"
#include "network/audio.h"
#include "network/streaming.h"
#include "session.h"
#include "sim/compiler/compile.h"
#include "sim/host/host.h"
#include "simulator.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using network::Tensor;

struct GenerateOptions {
  SessionOptions session;
  std::int64_t samples = 0;
  bool argmax = false;
  std::uint64_t seed = 1;
  double temperature = 1.0;
  Engine engine = Engine::kCycle;
  std::filesystem::path wav;
};

/// Runs a hop on one of the engines and counts the cycles of the one that has them.
class Stepper {
 public:
  Stepper(Engine engine, const network::StreamingGraph& streaming, const Session& session)
      : streaming_(streaming) {
    if (engine != Engine::kGolden) {
      program_ = sim::compiler::compile(streaming.graph, session.hardware);
      simulator_ = make_simulator(engine, program_, streaming.graph, session.hardware);
    }
    options_.host = sim::host::compute;
  }

  /// All tensors by id.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs) {
    if (simulator_ == nullptr) return golden::run_all(streaming_.graph, inputs);
    auto result = simulator_->run(inputs, options_);
    cycles_ += result.cycles;
    return std::move(result.tensors);
  }
  std::uint64_t cycles() const { return cycles_; }

 private:
  const network::StreamingGraph& streaming_;
  sim::compiler::Program program_;
  std::unique_ptr<Simulator> simulator_;  // null: golden
  sim::engine::RunOptions options_;
  std::uint64_t cycles_ = 0;
};

/// The first class whose cumulated probability exceeds `r`, of softmax(logits / temperature).
int draw(std::span<const float> logits, double temperature, double r) {
  const auto most = static_cast<double>(*std::ranges::max_element(logits));
  std::vector<double> weight;
  double sum = 0.0;
  for (const float l : logits)
    sum += weight.emplace_back(std::exp((static_cast<double>(l) - most) / temperature));
  double cumulated = 0.0;
  for (std::size_t c = 0; c + 1 < weight.size(); ++c) {
    cumulated += weight[c] / sum;
    if (cumulated > r) return static_cast<int>(c);
  }
  return static_cast<int>(logits.size()) - 1;
}

/// Throws base::InputError unless the network predicts the next of its own input's classes.
CodeAlphabet alphabet_of(const Session& session, const network::QuantizedGraph& graph) {
  if (!session.test.alphabet) {
    throw base::InputError("only a network on mu-law codes generates: data.test has no codes");
  }
  const network::Shape& shape = graph.tensor(graph.outputs.front()).shape;
  if (shape.size() != 4 || shape[3] != session.test.alphabet->classes || graph.inputs.size() != 1) {
    throw base::InputError(fmt::format("the network's output has shape {}, but {} classes are to be fed back",
                                       network::to_string(shape), session.test.alphabet->classes));
  }
  return *session.test.alphabet;
}

int generate(const GenerateOptions& options) {
  const Session session = open_session(options.session);
  if (!session.sample_rate) throw base::InputError("data.sample_rate is needed for a .wav file");
  const QuantizedNetwork network = quantize_session(session);
  const CodeAlphabet alphabet = alphabet_of(session, network.integer);
  const network::StreamingGraph streaming = network::make_streaming(network.integer, 1);
  network::StreamState state(streaming);
  Stepper stepper(options.engine, streaming, session);
  base::Random random(options.seed);

  int code = network::mu_law_encode(0.0, alphabet.classes);  // silence
  std::vector<int> codes;
  base::Progress progress("generating", options.samples);
  for (std::int64_t t = 0; t < options.samples; ++t) {
    const auto now = integer_inputs(streaming.graph, {encode(std::array{code}, alphabet)});
    const std::vector<Tensor> tensors = stepper.run(state.inputs(now));
    state.advance(tensors, now);
    const Tensor logits = real_output(streaming.graph, tensors);
    const auto values = logits.data<float>();
    code = options.argmax ? static_cast<int>(std::ranges::max_element(values) - values.begin())
                          : draw(values, options.temperature, random.uniform());
    codes.push_back(code);
    progress.advance(1);
  }
  base::Wav wav{static_cast<int>(*session.sample_rate), 1, network::mu_law_decode(codes, alphabet.classes)};
  base::write_wav(options.wav, wav);
  fmt::print("{} samples in {}\n", codes.size(), options.wav.string());
  if (options.engine != Engine::kGolden) {
    const double per_sample = static_cast<double>(stepper.cycles()) / static_cast<double>(codes.size());
    fmt::print("{} cycles, {:.1f} cycles a sample, real-time factor {:.3f} at {} Hz and {} MHz\n",
               base::format_grouped(static_cast<std::int64_t>(stepper.cycles())), per_sample,
               per_sample * *session.sample_rate / (session.hardware.clock_mhz * 1e6), *session.sample_rate,
               session.hardware.clock_mhz);
  }
  return kDone;
}

}  // namespace

void add_generate(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* verb = app.add_subcommand(
      "generate",
      "Let a WaveNet on mu-law codes speak: each sample is drawn from its prediction and fed back");
  verb->add_option("config", options->session.config, "Configuration file (YAML)")->required();
  verb->add_option("--set", options->session.assignments, "Override a key: a.b.c=value")
      ->allow_extra_args(false);
  verb->add_option("--samples", options->samples, "How many samples to generate, from silence on")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
  auto* argmax = verb->add_flag("--argmax", options->argmax, "Always the likeliest class");
  verb->add_option("--seed", options->seed, "Seed of the draws (default 1)")->excludes(argmax);
  verb->add_option("--temperature", options->temperature, "Logits are divided by this (default 1)")
      ->excludes(argmax)
      ->check(CLI::Range(1e-3, 1e3));
  verb->add_option("--engine", options->engine,
                   "cycle: the accelerator; fast: the same bits and cycles, tile by tile; golden: the "
                   "reference, without cycles")
      ->transform(CLI::CheckedTransformer(engine_choices()))
      ->default_str("cycle");
  verb->add_option("-o,--out", options->wav, "The .wav file to write")->required();
  verb->callback([options, &chosen] { chosen = [options] { return generate(*options); }; });
}

}  // namespace dlasim::cli
