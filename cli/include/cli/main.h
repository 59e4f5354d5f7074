#pragma once
/// The `dlasim` command without the process around it.

#include <string>
#include <vector>

namespace dlasim::cli {

/// Exit codes of the command.
enum ExitCode {
  kDone = 0,              ///< done, and bit-exact where something was compared
  kMismatch = 1,          ///< a value differs, a vector failed
  kBadInput = 2,          ///< bad input or usage
  kSimulationFailed = 3,  ///< deadlock, protocol error
};

/// Runs one command line (without the program's name). Never throws; messages go to stderr.
int run(const std::vector<std::string>& arguments);

}  // namespace dlasim::cli
