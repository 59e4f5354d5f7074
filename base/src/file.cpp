#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace dlasim::base {
namespace {

namespace fs = std::filesystem;

/// Present in every directory that OutputDirectory made, and the licence to replace it.
constexpr const char* kMarker = ".dlasim-output";

[[noreturn]] void fail(const fs::path& path, std::string_view what, int error) {
  throw InputError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(error)));
}

/// A name that no other process and no other thread of this one uses.
fs::path temporary_sibling(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() / fmt::format(".{}.{}.{}.partial", path.filename().string(), getpid(), counter++);
}

void make_directories(const fs::path& directory) {
  if (directory.empty()) return;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) fail(directory, "cannot make the directory", error.value());
}

/// A POSIX file descriptor that closes itself.
class File {
 public:
  File(const fs::path& path, int flags) : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(path, (flags & O_CREAT) != 0 ? "cannot write" : "cannot read", errno);
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t regular_size() const {
    struct stat facts {};
    if (fstat(fd_, &facts) != 0) fail(path_, "cannot read", errno);
    if (!S_ISREG(facts.st_mode)) throw InputError(path_.string() + ": is not a file");
    return static_cast<std::uint64_t>(facts.st_size);
  }

  void read_all(char* data, std::size_t size) {
    for (std::size_t done = 0; done < size;) {
      const ssize_t n = ::read(fd_, data + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, "cannot read", errno);
      if (n == 0) throw InputError(path_.string() + ": became shorter while it was read");
      done += static_cast<std::size_t>(n);
    }
  }

  void write_all(const std::byte* data, std::size_t size) {
    for (std::size_t done = 0; done < size;) {
      const ssize_t n = ::write(fd_, data + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, "cannot write", errno);
      done += static_cast<std::size_t>(n);
    }
  }

  /// Some file systems report a full disk only here.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0) fail(path_, "cannot write", errno);
  }

 private:
  fs::path path_;
  int fd_;
};

template <class Container>
Container read_whole(const fs::path& path, std::uint64_t max_bytes) {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer before we can refuse it.
  File file(path, O_RDONLY | O_NONBLOCK);
  const std::uint64_t size = file.regular_size();
  if (size > max_bytes) {
    throw InputError(
        fmt::format("{}: {} bytes; at most {} bytes are accepted", path.string(), size, max_bytes));
  }
  Container content(size, {});
  file.read_all(reinterpret_cast<char*>(content.data()), content.size());
  return content;
}

/// Whether replacing `directory` can lose nothing but an earlier result of ours.
bool is_ours_or_empty(const fs::path& directory) {
  return fs::is_empty(directory) || fs::exists(directory / kMarker);
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_whole<std::vector<std::byte>>(path, max_bytes);
}

std::string read_text_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  make_directories(path.parent_path());
  const fs::path temporary = temporary_sibling(path);
  std::error_code ignored;
  try {
    File file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    file.write_all(bytes.data(), bytes.size());
    file.close();
    std::error_code error;
    fs::rename(temporary, path, error);
    if (error) fail(path, "cannot write", error.value());
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

OutputDirectory::OutputDirectory(fs::path final_path) : final_(std::move(final_path)) {
  if (!final_.has_filename()) final_ = final_.parent_path();  // "out/x/" means "out/x"
  if (!final_.has_filename() || final_.filename() == "." || final_.filename() == "..") {
    throw InputError(final_.string() + ": an output directory needs a name of its own");
  }
  std::error_code error;
  const fs::file_status status = fs::status(final_, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw InputError(final_.string() + ": is a file; an output directory is wanted");
  }
  if (fs::exists(status) && !is_ours_or_empty(final_)) {
    throw InputError(final_.string() + ": has files that dlasim did not write; name another directory");
  }
}

const fs::path& OutputDirectory::path() {
  if (staging_.empty()) {
    staging_ = temporary_sibling(final_);
    make_directories(staging_);
    write_file_atomically(staging_ / kMarker, "Made by dlasim, which may replace this directory.\n");
  }
  return staging_;
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  if (!staging_.empty()) fs::remove_all(staging_, ignored);
}

fs::path OutputDirectory::staged(const fs::path& file) {
  const fs::path below = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(final_));
  return below.empty() || below == "." || *below.begin() == ".." ? file : path() / below;
}

void OutputDirectory::commit() {
  std::error_code error;
  path();  // also a directory without files appears
  fs::path old;
  if (fs::exists(final_)) {
    // Looked at again: the content may have changed during a long run.
    if (!is_ours_or_empty(final_)) {
      throw InputError(final_.string() + ": has files that dlasim did not write; name another directory");
    }
    old = temporary_sibling(final_);
    fs::rename(final_, old, error);
    if (error) fail(final_, "cannot replace", error.value());
  }
  fs::rename(staging_, final_, error);
  if (error) {
    std::error_code ignored;
    if (!old.empty()) fs::rename(old, final_, ignored);
    fail(final_, "cannot write", error.value());
  }
  staging_.clear();
  if (!old.empty()) fs::remove_all(old, error);
}

}  // namespace dlasim::base
