#include "conformance/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/main.h"
#include "engines.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

struct VerifyOptions {
  std::vector<std::filesystem::path> paths;
  std::string engine = "golden";
};

}  // namespace

void add_verify(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* verb = app.add_subcommand("verify", "Run conformance vectors on an engine");
  verb->add_option("paths", options->paths, "Vector files, or folders with vectors below them")->required();
  verb->add_option("--engine", options->engine,
                   "Who computes: layers, and single number format units of golden, of the model (cycle, "
                   "fast) or of the RTL")
      ->check(CLI::IsMember(engine_names()));
  verb->callback([options, &chosen] {
    chosen = [options] {
      const auto engine = make_engine(options->engine, vector_hardware());
      conformance::Verifier verifier(*engine);
      register_handlers(verifier, *engine);
      const auto outcomes = verifier.run(options->paths);
      conformance::print(std::cout, outcomes);
      return conformance::tally(outcomes).failed == 0 ? kDone : kMismatch;
    };
  });
}

}  // namespace dlasim::cli
