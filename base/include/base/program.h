#pragma once
/// Other programs: finding them, running them, and taking turns with other processes.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dlasim::base {

/// The executable file `name` in the folders of PATH; a name with a slash is a path itself.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Runs the words, whose first is a path, to their end; true if the exit code is 0. Both outputs are appended
/// to `log`, or are ours where there is none.
bool run_program(const std::vector<std::string>& words, const std::optional<std::filesystem::path>& log = {});

/// First line of what the words print; empty if they print nothing or fail.
std::string first_line_of(const std::vector<std::string>& words);

/// Exclusive among processes and threads as long as it lives; waits for its turn. Throws InputError if the
/// file cannot be made.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace dlasim::base
