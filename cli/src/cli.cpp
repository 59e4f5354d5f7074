#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/version.h"
#include "cli/main.h"
#include "verbs.h"

namespace dlasim::cli {

int run(const std::vector<std::string>& arguments) {
  CLI::App app{"dlasim: a bit-exact, cycle-approximate model of a deep-learning accelerator"};
  app.name("dlasim");
  app.set_version_flag("--version", std::string("dlasim ") + base::version());
  app.require_subcommand(1);
  Action chosen;
  add_run(app, chosen);
  add_verify(app, chosen);
  add_compile(app, chosen);
  add_import(app, chosen);
  add_quantize(app, chosen);
  add_doctor(app, chosen);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them reversed
    return chosen();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kBadInput;
  } catch (const base::InputError& e) {
    fmt::print(stderr, "dlasim: {}\n", e.what());
    return kBadInput;
  } catch (const base::SimulationError& e) {
    fmt::print(stderr, "dlasim: simulation failed: {}\n", e.what());
    return kSimulationFailed;
  } catch (const std::exception& e) {
    fmt::print(stderr, "dlasim: internal error: {}\n", e.what());
    return kSimulationFailed;
  }
}

}  // namespace dlasim::cli
