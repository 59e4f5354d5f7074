#include "conformance/verify.h"

#include <fmt/core.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "base/error.h"
#include "base/text_table.h"
#include "conformance/json_reader.h"
#include "conformance/operator_vector.h"

namespace dlasim::conformance {
namespace {

namespace fs = std::filesystem;
using network::Tensor;

/// "(n, y, x, c)" of element i.
std::string coordinates(const network::Shape& shape, std::int64_t i) {
  std::string text;
  for (std::size_t d = shape.size(); d-- > 0;) {
    text = std::to_string(i % shape[d]) + (text.empty() ? "" : ", ") + text;
    i /= shape[d];
  }
  return "(" + text + ")";
}

std::string element(const Tensor& tensor, std::int64_t i) {
  if (tensor.dtype() == network::DType::kFloat32)
    return fmt::format("{}", tensor.data<float>()[static_cast<std::size_t>(i)]);
  return std::to_string(tensor.integer(i));
}

bool same_element(const Tensor& a, const Tensor& b, std::int64_t i) {
  const auto bytes = static_cast<std::size_t>(network::bytes_per_element(a.dtype()));
  const std::size_t at = static_cast<std::size_t>(i) * bytes;
  return std::memcmp(&a.bytes()[at], &b.bytes()[at], bytes) == 0;
}

/// The file's `format`, empty if it has none.
std::string format_of(const nlohmann::json& document) {
  if (!document.is_object() || !document.contains("format") || !document["format"].is_string()) return {};
  return document["format"].get<std::string>();
}

/// What every vector format's name begins with.
constexpr std::string_view kAnyVector = "dla-";

/// The JSON files to look at, sorted, and whether each was named rather than found.
std::map<fs::path, bool> candidates(std::span<const fs::path> paths) {
  std::map<fs::path, bool> files;
  for (const fs::path& path : paths) {
    if (!fs::exists(path)) throw base::InputError(path.string() + ": no such file or directory");
    if (!fs::is_directory(path)) {
      files[path] = true;
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && entry.path().extension() == ".json")
        files.try_emplace(entry.path(), false);
    }
  }
  return files;
}

std::string run_on_engine(const Engine& engine, const OperatorVector& vector) {
  const auto outputs = engine.run(vector.graph, vector.inputs);
  if (outputs.size() != 1) return fmt::format("{} outputs, 1 is expected", outputs.size());
  return first_difference(vector.expected, outputs[0]).value_or("");
}

}  // namespace

Verifier::Verifier(const Engine& engine) : engine_(engine) {}

void Verifier::handle_op(std::string op, VectorHandler handler) {
  op_handlers_[std::move(op)] = std::move(handler);
}

void Verifier::handle_networks(VectorHandler handler) {
  network_handler_ = std::move(handler);
}

void Verifier::observe(std::function<void(const Outcome&)> observer) {
  observer_ = std::move(observer);
}

std::string Verifier::run_document(const nlohmann::json& document, const fs::path& file,
                                   Outcome& outcome) const {
  const std::string format = format_of(document);
  if (format == "dla-network-vector/1") {
    outcome.op = "network";
    if (!network_handler_) throw base::UnsupportedError("network vectors are not run here");
    return network_handler_(document, file);
  }
  if (format != "dla-vector/1") {
    if (format.starts_with(kAnyVector)) throw base::UnsupportedError("format '" + format + "'");
    throw base::InputError("'format' is '" + format + "', expected 'dla-vector/1' or 'dla-network-vector/1'");
  }
  outcome.op = JsonReader(document, file.string()).at("op").string();
  const auto handler = op_handlers_.find(outcome.op);
  if (handler != op_handlers_.end()) return handler->second(document, file);
  return run_on_engine(engine_, parse_operator_vector(document, file));
}

std::optional<Outcome> Verifier::run_candidate(const fs::path& file, bool is_named) const {
  Outcome outcome{file, "unreadable", Verdict::kPassed, {}};
  try {
    const nlohmann::json document = read_json(file);
    if (!is_named && !format_of(document).starts_with(kAnyVector)) return std::nullopt;
    outcome.detail = run_document(document, file, outcome);
    if (!outcome.detail.empty()) outcome.verdict = Verdict::kFailed;
  } catch (const base::UnsupportedError& e) {
    outcome.verdict = Verdict::kUnsupported;
    outcome.detail = e.what();
  } catch (const std::exception& e) {
    outcome.verdict = Verdict::kFailed;
    outcome.detail = e.what();
  }
  return outcome;
}

Outcome Verifier::run_file(const fs::path& file) const {
  return *run_candidate(file, true);
}

std::vector<Outcome> Verifier::run(std::span<const fs::path> paths) const {
  std::vector<Outcome> outcomes;
  for (const auto& [file, is_named] : candidates(paths)) {
    auto outcome = run_candidate(file, is_named);
    if (!outcome) continue;
    outcomes.push_back(std::move(*outcome));
    if (observer_) observer_(outcomes.back());
  }
  if (outcomes.empty()) throw base::InputError("no vectors found below the given paths");
  return outcomes;
}

void Tally::add(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      ++passed;
      break;
    case Verdict::kFailed:
      ++failed;
      break;
    case Verdict::kUnsupported:
      ++unsupported;
      break;
  }
}

Tally tally(std::span<const Outcome> outcomes) {
  Tally result;
  for (const Outcome& o : outcomes) result.add(o.verdict);
  return result;
}

std::map<std::string, Tally> tally_by_op(std::span<const Outcome> outcomes) {
  std::map<std::string, Tally> result;
  for (const Outcome& o : outcomes) result[o.op].add(o.verdict);
  return result;
}

std::optional<std::string> first_difference(const Tensor& expected, const Tensor& got) {
  if (expected.dtype() != got.dtype() || expected.shape() != got.shape()) {
    return fmt::format("expected {} {}, got {} {}", network::name(expected.dtype()),
                       network::to_string(expected.shape()), network::name(got.dtype()),
                       network::to_string(got.shape()));
  }
  std::int64_t first = -1;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    if (same_element(expected, got, i)) continue;
    if (first < 0) first = i;
    ++count;
  }
  if (first < 0) return std::nullopt;
  return fmt::format("element {} of {}: expected {}, got {}; {} of {} differ",
                     coordinates(expected.shape(), first), network::to_string(expected.shape()),
                     element(expected, first), element(got, first), count, expected.size());
}

void print(std::ostream& out, std::span<const Outcome> outcomes) {
  for (const Outcome& o : outcomes) {
    if (o.verdict == Verdict::kFailed)
      fmt::print(out, "FAILED {} ({}): {}\n", o.file.string(), o.op, o.detail);
  }
  std::map<std::pair<std::string, std::string>, int> reasons;
  for (const Outcome& o : outcomes) {
    if (o.verdict == Verdict::kUnsupported) ++reasons[{o.op, o.detail}];
  }
  for (const auto& [reason, count] : reasons)
    fmt::print(out, "unsupported: {} ({}): {}\n", reason.first, count, reason.second);

  using base::TextTable;
  TextTable table({{"operator", TextTable::Align::kLeft}, {"passed"}, {"failed"}, {"unsupported"}});
  for (const auto& [op, counts] : tally_by_op(outcomes)) {
    table.add_row({op, std::to_string(counts.passed), std::to_string(counts.failed),
                   std::to_string(counts.unsupported)});
  }
  out << table.to_string();
  const Tally total = tally(outcomes);
  fmt::print(out, "{} passed, {} failed, {} skipped\n", total.passed, total.failed, total.unsupported);
}

}  // namespace dlasim::conformance
