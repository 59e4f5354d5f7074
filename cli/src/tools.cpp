#include "tools.h"

#include <array>
#include <filesystem>

#include "base/program.h"

namespace dlasim::cli {
namespace {

namespace fs = std::filesystem;

/// Importing a large module takes seconds: its folder says as much.
std::optional<std::string> find_python_module(const std::string& module) {
  const fs::path folder = fs::path("/usr/lib/python3/dist-packages") / module;
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return folder.string();
  return std::nullopt;
}

}  // namespace

std::vector<Tool> find_tools() {
  struct Program {
    const char *name, *argument;  // null: asking for its version needs a screen
    const char *job, *package;
  };
  constexpr std::array kPrograms{
      Program{"verilator", "--version", "RTL co-simulation", "verilator"},
      Program{"yosys", "-V", "synthesis estimates of the RTL", "yosys"},
      Program{"iverilog", "-V", "a second opinion on the RTL", "iverilog"},
      Program{"gtkwave", nullptr, "looking at waves", "gtkwave"},
      Program{"ccache", "--version", "fast rebuilds", "ccache"},
  };
  std::vector<Tool> tools;
  for (const Program& p : kPrograms) {
    Tool tool{p.name, p.job, p.package, std::nullopt};
    if (const auto file = base::find_program(p.name)) {
      const std::string version =
          p.argument == nullptr ? "" : base::first_line_of({file->string(), p.argument});
      tool.found = version.empty() ? file->string() : version;
    }
    tools.push_back(std::move(tool));
  }
  tools.push_back({"torch", "training and exporting networks (/usr/bin/python3)", "python3-torch",
                   find_python_module("torch")});
  tools.push_back(
      {"onnx", "writing ONNX files (/usr/bin/python3)", "python3-onnx", find_python_module("onnx")});
  return tools;
}

}  // namespace dlasim::cli
