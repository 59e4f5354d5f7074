#include "cli/main.h"

#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace {

/// Beyond the machine's memory an allocation fails, and the command says so, where otherwise the kernel would
/// kill it: a file of some bytes may ask for tensors of any size.
void limit_memory_to_the_machine() {
#if !defined(__SANITIZE_ADDRESS__)  // whose shadow memory alone is larger
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  rlimit limit{};
  if (pages <= 0 || page <= 0 || getrlimit(RLIMIT_DATA, &limit) != 0) return;
  const auto memory = static_cast<rlim_t>(pages) * static_cast<rlim_t>(page);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= memory) return;
  limit.rlim_cur = memory;
  setrlimit(RLIMIT_DATA, &limit);
#endif
}

}  // namespace

int main(int argc, char* argv[]) {
  limit_memory_to_the_machine();
  return dlasim::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
