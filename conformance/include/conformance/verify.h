#pragma once
/// Runs conformance vectors and says which agree bit for bit.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/engine.h"
#include "network/tensor.h"

namespace dlasim::conformance {

/// What became of one vector.
enum class Verdict { kPassed, kFailed, kUnsupported };

struct Outcome {
  std::filesystem::path file;
  std::string op;  ///< the row of the table: the operator, or the kind of a network vector
  Verdict verdict = Verdict::kPassed;
  std::string detail;  ///< failed: the first difference or the error; unsupported: the reason
};

/// Runs vectors of one kind: throws base::UnsupportedError for what it does not run; returns an empty
/// string if the vector passes, else what differs first. Any other exception is a failure too.
using VectorHandler =
    std::function<std::string(const nlohmann::json& document, const std::filesystem::path& file)>;

/// Dispatches vectors by their kind and keeps the outcomes.
class Verifier {
 public:
  /// Operator vectors run on `engine`, which must outlive the verifier.
  explicit Verifier(const Engine& engine);

  /// Vectors with this `op` go to `handler` instead of the engine ("number_format").
  void handle_op(std::string op, VectorHandler handler);
  /// Network vectors, which are unsupported without a handler.
  void handle_networks(VectorHandler handler);
  /// Called after each vector; for progress.
  void observe(std::function<void(const Outcome&)> observer);

  /// Runs every vector that `paths` name: files, or directories with all below them, sorted by path. A JSON
  /// file below a directory that does not call itself a vector is passed over. Throws base::InputError if a
  /// path does not exist or nothing is found.
  std::vector<Outcome> run(std::span<const std::filesystem::path> paths) const;

  /// Runs one vector. Never throws for what the file holds: a broken file is a failure.
  Outcome run_file(const std::filesystem::path& file) const;

 private:
  /// Nothing for a file that was found and does not call itself a vector; a broken file might be one.
  std::optional<Outcome> run_candidate(const std::filesystem::path& file, bool is_named) const;
  std::string run_document(const nlohmann::json& document, const std::filesystem::path& file,
                           Outcome& outcome) const;

  const Engine& engine_;
  std::map<std::string, VectorHandler> op_handlers_;
  VectorHandler network_handler_;
  std::function<void(const Outcome&)> observer_;
};

/// Counts of outcomes.
struct Tally {
  int passed = 0, failed = 0, unsupported = 0;
  void add(Verdict verdict);
};
Tally tally(std::span<const Outcome> outcomes);
/// The same for each operator.
std::map<std::string, Tally> tally_by_op(std::span<const Outcome> outcomes);

/// "element (0, 2, 1, 5) of 1x3x2x8: expected 12, got 13; 4 of 48 differ", or nothing if both agree in
/// dtype, shape and every element.
std::optional<std::string> first_difference(const network::Tensor& expected, const network::Tensor& got);

/// Failures, then what is unsupported by name and count, then the table; the last line is
/// "N passed, N failed, N skipped", where skipped counts the unsupported.
void print(std::ostream& out, std::span<const Outcome> outcomes);

}  // namespace dlasim::conformance
