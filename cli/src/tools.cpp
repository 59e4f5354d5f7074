#include "tools.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace dlasim::cli {
namespace {

namespace fs = std::filesystem;

/// The first line that `file ARGUMENT` prints; empty if it prints none.
std::string first_line_of(const fs::path& file, const std::string& argument) {
  struct Close {
    void operator()(std::FILE* f) const { pclose(f); }
  };
  // The path comes from PATH; quotes keep its spaces together.
  const std::string command = "'" + file.string() + "' " + argument + " 2>/dev/null </dev/null";
  const std::unique_ptr<std::FILE, Close> pipe(popen(command.c_str(), "r"));
  std::array<char, 256> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return {};
  std::string text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// Importing a large module takes seconds: its folder says as much.
std::optional<std::string> find_python_module(const std::string& module) {
  const fs::path folder = fs::path("/usr/lib/python3/dist-packages") / module;
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return folder.string();
  return std::nullopt;
}

}  // namespace

std::optional<fs::path> find_program(const std::string& program, const std::string& path) {
  std::istringstream folders(path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const fs::path file = fs::path(folder.empty() ? "." : folder) / program;
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored) && access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

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
  const char* const path = std::getenv("PATH");
  std::vector<Tool> tools;
  for (const Program& p : kPrograms) {
    Tool tool{p.name, p.job, p.package, std::nullopt};
    if (const auto file = find_program(p.name, path == nullptr ? "" : path)) {
      const std::string version = p.argument == nullptr ? "" : first_line_of(*file, p.argument);
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
