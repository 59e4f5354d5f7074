#include "session.h"
#include "verbs.h"

namespace dlasim::cli {

void add_session_options(CLI::App& verb, SessionOptions& options) {
  verb.add_option("config", options.config, "Configuration file (YAML)")->required();
  verb.add_option("--set", options.assignments, "Override a key: a.b.c=value (may be given several times)")
      ->allow_extra_args(false);
  verb.add_option("-o,--out", options.output_directory,
                  "Directory of the results (default: out/<config name>)");
  verb.add_option("--samples", options.samples, "Only the first samples of the test clip");
}

}  // namespace dlasim::cli
