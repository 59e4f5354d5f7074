#pragma once
/// Reading whole files, and writing so that a run that dies leaves no half result.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dlasim::base {

/// A limit that no honest input reaches.
inline constexpr std::uint64_t kLargestFile = std::uint64_t{8} << 30;

/// The file's bytes. Throws InputError if it is missing, no regular file, unreadable or longer than
/// `max_bytes`; the size is checked before anything is allocated.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes = kLargestFile);
/// The same as text.
std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes = kLargestFile);

/// Writes to a temporary name in the same directory and renames: whoever reads `path` sees the old content
/// or the new one, never a part. Makes missing parent directories. Throws InputError.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// A directory of results that appears as a whole or not at all.
///
/// Files are written below `path()`, a hidden sibling of the final directory; `commit()` puts it in its
/// place. Make one before long work: whatever is wrong with the name shows at once, and nothing is written
/// until the first use of `path()`. A directory of an earlier run is replaced; one that dlasim did not make
/// is never touched.
class OutputDirectory {
 public:
  /// Throws InputError if `final_path` is a file, or a directory with content that is not dlasim's.
  explicit OutputDirectory(std::filesystem::path final_path);
  /// Without a commit, removes what was written.
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  /// Where to write now.
  const std::filesystem::path& path();
  /// Where to write a file now that shall be `file`: below path() if it lies in the final directory.
  std::filesystem::path staged(const std::filesystem::path& file);
  /// Where the files are after `commit()`.
  const std::filesystem::path& final_path() const { return final_; }
  /// Renames the directory to its final name, replacing an earlier one. Call once.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path staging_;
};

}  // namespace dlasim::base
