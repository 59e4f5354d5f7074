#pragma once
/// One function a verb: adds the subcommand and, when it was chosen, its action.

#include <CLI/CLI.hpp>
#include <functional>

namespace dlasim::cli {

/// What main runs after parsing; returns the exit code.
using Action = std::function<int()>;

struct SessionOptions;

/// The configuration file, --set, --out and --samples.
void add_session_options(CLI::App& verb, SessionOptions& options);

void add_compile(CLI::App& app, Action& chosen);
void add_cosim(CLI::App& app, Action& chosen);
void add_diverge(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_export(CLI::App& app, Action& chosen);
void add_generate(CLI::App& app, Action& chosen);
void add_import(CLI::App& app, Action& chosen);
void add_quantize(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);
void add_study(CLI::App& app, Action& chosen);
void add_verify(CLI::App& app, Action& chosen);
void add_waves(CLI::App& app, Action& chosen);

}  // namespace dlasim::cli
