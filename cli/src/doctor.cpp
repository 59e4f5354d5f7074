#include <fmt/format.h>

#include <memory>
#include <systemc>
#include <thread>

#include "base/cpu.h"
#include "base/version.h"
#include "cli/main.h"
#include "engines.h"
#include "sim/compiler/support.h"
#include "tools.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

struct DoctorOptions {
  bool support = false;
};

void print_versions() {
  std::string engines;
  for (const std::string& name : engine_names()) engines += (engines.empty() ? "" : ", ") + name;
  fmt::print("dlasim       {}\n", base::version());
  fmt::print("compiler     {}, C++ {}\n", __VERSION__, __cplusplus);
#ifdef _GLIBCXX_USE_CXX11_ABI
  fmt::print("library ABI  libstdc++ {}, {} strings\n", _GLIBCXX_RELEASE,
             _GLIBCXX_USE_CXX11_ABI != 0 ? "C++11" : "old");
#endif
  fmt::print("SystemC      {}\n", sc_core::sc_version());
  fmt::print("engines      {}\n", engines);
  fmt::print("processor    {} threads, vector level {} (detected {})\n", std::thread::hardware_concurrency(),
             base::name(base::cpu_level()), base::name(base::detected_cpu_level()));
  const bool is_held = base::cpu_level() != base::detected_cpu_level();
  fmt::print("             DLASIM_CPU=scalar|sse2|avx2|avx512|avx512_vnni holds it down{}\n",
             is_held ? ", as it does now: unset it for full speed" : "");
}

void print_tools() {
  fmt::print("\n");
  for (const Tool& tool : find_tools()) {
    fmt::print(
        "{:<12} {}\n", tool.name,
        tool.found.value_or("off: " + tool.job + "; turn it on with: apt-get install " + tool.package));
  }
}

int examine(const DoctorOptions& options) {
  if (options.support) {
    fmt::print("{}", sim::compiler::support_page());
    return kDone;
  }
  print_versions();
  print_tools();
  return kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* verb = app.add_subcommand("doctor", "Versions and tools found, and what is off");
  verb->add_flag("--support", options->support,
                 "Print what runs where: operators, element types, attributes");
  verb->callback([options, &chosen] { chosen = [options] { return examine(*options); }; });
}

}  // namespace dlasim::cli
