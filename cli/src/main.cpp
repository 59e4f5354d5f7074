#include "cli/main.h"

#include <string>
#include <vector>

int main(int argc, char* argv[]) {
  return dlasim::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
