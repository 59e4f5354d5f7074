#include <fmt/format.h>

#include <systemc>
#include <thread>

#include "base/cpu.h"
#include "base/version.h"
#include "cli/main.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

int examine() {
  fmt::print("dlasim       {}\n", base::version());
  fmt::print("compiler     {}, C++ {}\n", __VERSION__, __cplusplus);
  fmt::print("SystemC      {}\n", sc_core::sc_version());
  fmt::print("processor    {} threads, vector level {} (detected {})\n", std::thread::hardware_concurrency(),
             base::name(base::cpu_level()), base::name(base::detected_cpu_level()));
  return kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  CLI::App* verb = app.add_subcommand("doctor", "Versions and tools found, and what is off");
  verb->callback([&chosen] { chosen = examine; });
}

}  // namespace dlasim::cli
