#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/version.h"
#include "cli/main.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

/// CLI11 asks for a verb where it does not know the one that is there.
void require_known_verb(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with("-")) return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) verbs.push_back(verb->get_name());
  if (std::ranges::find(verbs, arguments.front()) != verbs.end()) return;
  const std::string nearest = base::nearest_name(arguments.front(), verbs);
  throw base::InputError(fmt::format("there is no verb '{}'{}; dlasim --help lists them", arguments.front(),
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

/// Help and version go to stdout with exit code 0; anything else is one line.
int explain(const CLI::App& app, const CLI::ParseError& e, const std::vector<std::string>& arguments) {
  if (e.get_exit_code() == 0) return app.exit(e);
  const std::string verb = arguments.empty() ? "" : " " + arguments.front();
  fmt::print(stderr, "dlasim: {}; see dlasim{} --help\n", e.what(), verb);
  return kBadInput;
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
  CLI::App app{"dlasim: a bit-exact, cycle-approximate model of a deep-learning accelerator"};
  app.name("dlasim");
  app.set_version_flag("--version", std::string("dlasim ") + base::version());
  app.require_subcommand(1);
  Action chosen;
  add_run(app, chosen);
  add_verify(app, chosen);
  add_compile(app, chosen);
  add_generate(app, chosen);
  add_cosim(app, chosen);
  add_import(app, chosen);
  add_quantize(app, chosen);
  add_export(app, chosen);
  add_waves(app, chosen);
  add_explain(app, chosen);
  add_study(app, chosen);
  add_diverge(app, chosen);
  add_doctor(app, chosen);
  try {
    require_known_verb(app, arguments);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them reversed
    return chosen();
  } catch (const CLI::ParseError& e) {
    return explain(app, e, arguments);
  } catch (const base::InputError& e) {
    fmt::print(stderr, "dlasim: {}\n", e.what());
    return kBadInput;
  } catch (const base::SimulationError& e) {
    fmt::print(stderr, "dlasim: simulation failed: {}\n", e.what());
    return kSimulationFailed;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "dlasim: the network and its data need more memory than there is\n");
    return kBadInput;
  } catch (const std::exception& e) {
    fmt::print(stderr, "dlasim: internal error: {}\n", e.what());
    return kSimulationFailed;
  }
}

}  // namespace dlasim::cli
