#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "base/yaml.h"
#include "cli/main.h"
#include "figures.h"
#include "golden/interpreter.h"
#include "quantize/calibration_table.h"
#include "quantize/presets.h"
#include "quantize/quantized_file.h"
#include "quantize/recorded.h"
#include "report/method_plot.h"
#include "session.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using network::Tensor;
using MethodKind = quantize::CalibrationMethod::Kind;

struct QuantizeOptions {
  SessionOptions session;
  std::string method, scheme;
  /// Options that say a key of the section `numerics`: the key and its value.
  std::map<std::string, std::string> settings;
  std::optional<std::filesystem::path> table;
  bool compare = false;
};

/// What one way to calibrate achieves, on golden.
struct Candidate {
  std::string method;
  FloatFigures real;
  std::vector<report::TaskFigure> figures;
};

Candidate evaluate(const Session& session, const QuantizedNetwork& network) {
  const network::QuantizedGraph& graph = network.integer;
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);
  const std::vector<Tensor> tensors = golden::run_all(graph, inputs);
  Candidate candidate;
  candidate.method = std::string(quantize::name(session.numerics.method.kind));
  candidate.real = compare_with_float(session, network, tensors);
  candidate.figures = task_figures(session, candidate.real, real_output(graph, tensors));
  return candidate;
}

std::optional<double> worst(const Candidate& candidate) {
  std::optional<double> least;
  for (const auto& sqnr : candidate.real.sqnr_db) {
    if (sqnr && (!least || *sqnr < *least)) least = sqnr;
  }
  return least;
}

std::string number_text(std::optional<double> value, const char* format) {
  if (!value) return "";
  return std::isinf(*value) ? "exact" : fmt::format(fmt::runtime(format), *value);
}

/// One row a node that has a float tensor to compare with, one column a candidate.
std::string layer_table(const network::QuantizedGraph& graph, const std::vector<Candidate>& candidates) {
  using Align = base::TextTable::Align;
  std::vector<base::TextTable::Column> columns{{"SQNR dB of", Align::kLeft}, {"kind", Align::kLeft}};
  for (const Candidate& c : candidates) columns.push_back({c.method});
  base::TextTable table(columns);
  for (const network::QuantizedNode& node : graph.nodes) {
    const auto id = static_cast<std::size_t>(node.outputs[0]);
    if (id >= candidates[0].real.sqnr_db.size() || !candidates[0].real.sqnr_db[id]) continue;
    std::vector<std::string> row{node.name, std::string(network::name(node.operation))};
    for (const Candidate& c : candidates) row.push_back(number_text(c.real.sqnr_db[id], "{:.1f}"));
    table.add_row(row);
  }
  std::vector<std::string> row{"worst layer", ""};
  for (const Candidate& c : candidates) row.push_back(number_text(worst(c), "{:.1f}"));
  table.add_row(row);
  for (std::size_t f = 0; f < candidates[0].figures.size(); ++f) {
    const report::TaskFigure& figure = candidates[0].figures[f];
    row = {figure.name, figure.unit};
    for (const Candidate& c : candidates) row.push_back(number_text(c.figures[f].integer_value, "{:.4g}"));
    table.add_row(row);
  }
  return table.to_string(120);
}

/// The same figures as a picture.
std::string picture(const network::QuantizedGraph& graph, const std::vector<Candidate>& candidates) {
  std::vector<std::string> layers;
  std::vector<report::MethodCurve> curves;
  for (const Candidate& c : candidates) curves.push_back({c.method, {}});
  for (const network::QuantizedNode& node : graph.nodes) {
    const auto id = static_cast<std::size_t>(node.outputs[0]);
    if (id >= candidates[0].real.sqnr_db.size() || !candidates[0].real.sqnr_db[id]) continue;
    layers.push_back(node.name);
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      curves[c].sqnr_db.push_back(candidates[c].real.sqnr_db[id]);
    }
  }
  return report::to_svg(graph.name, layers, curves);
}

nlohmann::ordered_json json_number(std::optional<double> value) {
  if (!value) return nullptr;
  return std::isfinite(*value) ? nlohmann::ordered_json(*value) : nlohmann::ordered_json("exact");
}

std::string to_json(const network::QuantizedGraph& graph, const std::vector<Candidate>& candidates) {
  nlohmann::ordered_json j;
  for (const Candidate& c : candidates) {
    nlohmann::ordered_json entry{{"method", c.method}, {"worst_sqnr_db", json_number(worst(c))}};
    for (const report::TaskFigure& f : c.figures) {
      entry["figures"][f.name] = {{"unit", f.unit}, {"integer", json_number(f.integer_value)}};
      if (f.float_value) entry["figures"][f.name]["float"] = *f.float_value;
    }
    for (const network::QuantizedNode& node : graph.nodes) {
      const auto id = static_cast<std::size_t>(node.outputs[0]);
      if (id < c.real.sqnr_db.size() && c.real.sqnr_db[id]) {
        entry["layers"][node.name] = json_number(c.real.sqnr_db[id]);
      }
    }
    j["candidates"].push_back(std::move(entry));
  }
  return j.dump(2) + "\n";
}

std::string tensors_text(int count) {
  return count == 1 ? "1 tensor" : fmt::format("{} tensors", count);
}

void choose_numerics(const QuantizeOptions& options, Session& session) {
  if (session.imported) {
    if (!options.scheme.empty() || !options.method.empty() || options.table || options.compare) {
      throw base::UnsupportedError(
          "the network is quantised already: --scheme, --method, --calibration-table and --compare have "
          "nothing "
          "to choose");
    }
    return;
  }
  Numerics& numerics = session.numerics;
  const bool chooses_ranges = !options.method.empty() || options.table || options.compare;
  if (numerics.staged && options.scheme.empty() && chooses_ranges) {
    throw base::UnsupportedError(
        "number formats are chosen by their own methods: --method, --calibration-table and --compare are for "
        "integer schemes");
  }
  if (!options.scheme.empty()) {
    std::string keys = fmt::format("scheme: {}", quantize::preset_from_name(options.scheme).name);
    for (const auto& [key, value] : options.settings) keys += fmt::format(", {}: {}", key, value);
    const auto document = base::YamlDocument::from_string("{" + keys + "}", "command line");
    numerics = read_numerics(document.root());
    document.finish();
  }
  if (!options.method.empty()) numerics.method.kind = quantize::calibration_method_from_name(options.method);
  if (options.table) session.calibration_table = quantize::read_calibration_table(*options.table);
}

std::vector<Candidate> compare_methods(Session session) {
  std::vector<Candidate> candidates;
  constexpr std::array kKinds{MethodKind::kMinMax, MethodKind::kMovingAverage, MethodKind::kPercentile,
                              MethodKind::kMse, MethodKind::kEntropy};
  base::Progress progress("comparing", static_cast<std::int64_t>(kKinds.size()));
  for (const MethodKind kind : kKinds) {
    session.numerics.method.kind = kind;
    candidates.push_back(evaluate(session, quantize_session(session)));
    progress.advance(1);
  }
  return candidates;
}

int quantize_network(const QuantizeOptions& options) {
  SessionOptions session_options = options.session;
  if (options.scheme.empty()) {
    for (const auto& [key, value] : options.settings) {
      session_options.assignments.push_back(fmt::format("numerics.{}={}", key, value));
    }
  }
  Session session = open_session(session_options);
  base::OutputDirectory directory(session.output_directory);
  choose_numerics(options, session);
  const QuantizedNetwork network = quantize_session(session);
  const std::vector<Candidate> candidates =
      options.compare ? compare_methods(session) : std::vector{evaluate(session, network)};
  const std::string table = layer_table(network.integer, candidates);
  const int recorded =
      session.imported || session.numerics.staged ? 0 : quantize::count_recorded(network.real);

  quantize::save_quantized(network.integer, directory.path() / "network.json");
  base::write_file_atomically(directory.path() / "methods.json", to_json(network.integer, candidates));
  base::write_file_atomically(directory.path() / "methods.txt", table);
  base::write_file_atomically(directory.path() / "methods.svg", picture(network.integer, candidates));
  directory.commit();
  fmt::print("{} in {}, calibrated by {}{}\n\n{}\nquantised network in {}\n", network.integer.name,
             session.numerics.name,
             session.imported ? "nobody" : quantize::name(session.numerics.method.kind),
             recorded == 0 ? "" : fmt::format("; {} fixed by recorded ranges", tensors_text(recorded)), table,
             (session.output_directory / "network.json").string());
  return kDone;
}

}  // namespace

void add_quantize(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* verb = app.add_subcommand("quantize", "Calibrate, quantise and save a network, judged on golden");
  add_session_options(*verb, options->session);
  verb->add_option("--data", options->session.data,
                   "Calibration clip in place of the configuration's: .wav, or .npy of an input");
  verb->add_option("--method", options->method,
                   "Calibration: min_max, moving_average, percentile, mse, entropy");
  verb->add_option("--scheme", options->scheme,
                   "As a tool does it: tflite, pytorch, tensorrt, ncnn, amct, tidl, ristretto");
  verb->add_option("--calibration-table", options->table,
                   "TensorRT cache or NCNN table whose ranges replace the calibrated ones");
  const auto setting = [&](const char* option, const char* key, const char* help) {
    verb->add_option_function<std::string>(
            option, [options, key](const std::string& value) { options->settings[key] = value; }, help)
        ->group("Numerics (keys of the section `numerics`)");
  };
  setting("--weights", "weights", "per_channel or per_tensor");
  setting("--weight-type", "weight_type", "int8 or int4");
  setting("--weight-codes", "weight_codes", "restricted (-127..127), all, reduced (a bit spared)");
  setting("--weight-zero-point", "weight_zero_point", "zero (symmetric) or free (asymmetric)");
  setting("--activation-zero-point", "activation_zero_point", "zero (symmetric) or free (asymmetric)");
  setting("--activation-codes", "activation_codes", "all or reduced (a bit spared)");
  setting("--scales", "scales", "real or power_of_two");
  setting("--bias-bits", "bias_bits", "Biases first in fixed point of so many bits");
  setting("--multiplier-bits", "multiplier_bits", "Significant bits of the multipliers, 2 to 31");
  setting("--rounding", "rounding", "double, single or pytorch");
  const auto flag = [&](const char* option, const char* key, const char* help) {
    verb->add_flag_callback(
            option, [options, key] { options->settings[key] = "true"; }, help)
        ->group("Numerics (keys of the section `numerics`)");
  };
  flag("--equalize", "equalize", "Equalise the channels between neighbouring layers first");
  flag("--bias-correction", "bias_correction", "Take the mean of the weights' rounding back in the biases");
  verb->add_flag("--compare", options->compare, "Try every calibration method and compare them on golden");
  verb->callback([options, &chosen] { chosen = [options] { return quantize_network(*options); }; });
}

}  // namespace dlasim::cli
