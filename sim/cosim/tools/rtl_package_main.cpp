// Writes dla_pkg.sv of a named configuration: `dla_rtl_package array_4x4 FILE`.

#include <fstream>
#include <iostream>

#include "base/error.h"
#include "sim/arch/rtl_package.h"
#include "sim/cosim/configurations.h"

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::cerr << "usage: dla_rtl_package CONFIGURATION FILE\n";
    return 2;
  }
  try {
    std::ofstream file(argv[2]);
    file << dlasim::sim::arch::rtl_package(dlasim::sim::cosim::configuration(argv[1]));
    if (!file.flush()) {
      std::cerr << "dla_rtl_package: cannot write " << argv[2] << '\n';
      return 2;
    }
  } catch (const dlasim::base::InputError& e) {
    std::cerr << "dla_rtl_package: " << e.what() << '\n';
    return 2;
  }
  return 0;
}
