#pragma once
/// A project that the exporter made: written, compiled with the C compiler and run.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "export/cmsis_nn.h"
#include "support/places.h"

namespace dlasim::exporter::test {

struct RunResult {
  int exit_code = -1;
  std::string output;  ///< stdout and stderr
};

inline RunResult run_command(const std::string& command) {
  RunResult result;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

inline void write_project(const CmsisNnProject& project, const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  for (const SourceFile& file : project.files) std::ofstream(directory / file.name) << file.text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// `make test` in the project, linked with golden behind CMSIS-NN's interface. Warnings are errors.
inline RunResult make_and_run(const std::filesystem::path& directory) {
  const bool single =
      read_text(directory / "Makefile").find("-DCMSIS_NN_USE_SINGLE_ROUNDING") != std::string::npos;
  const std::filesystem::path library = single ? DLA_CMSIS_NN_SINGLE : DLA_CMSIS_NN_DOUBLE;
  return run_command("make -s -C '" + directory.string() +
                     "' test CC='" DLA_CC "' CFLAGS='-O0 -Werror' CMSIS_NN='" +
                     places::source("tests/support/cmsis_nn").string() + "' CMSIS_NN_LIB='" +
                     library.string() + "' LDFLAGS='-Wl,-rpath," + library.parent_path().string() + "'");
}

}  // namespace dlasim::exporter::test
