// Writes dla_pkg.sv of a hardware description, or of a named configuration of the tests:
// `dla_rtl_package configs/hardware/small_fp8.yaml FILE`, `dla_rtl_package array_4x4 FILE`.

#include <fstream>
#include <iostream>
#include <string>

#include "base/error.h"
#include "base/yaml.h"
#include "sim/arch/hardware_yaml.h"
#include "sim/arch/rtl_package.h"
#include "sim/cosim/configurations.h"

namespace {

using dlasim::sim::arch::Hardware;

Hardware hardware_of(const std::string& argument) {
  if (!argument.ends_with(".yaml") && !argument.ends_with(".yml"))
    return dlasim::sim::cosim::configuration(argument);
  const auto document = dlasim::base::YamlDocument::from_file(argument);
  const Hardware hardware = dlasim::sim::arch::read_hardware(document.root());
  document.finish();
  return hardware;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::cerr << "usage: dla_rtl_package HARDWARE.yaml|CONFIGURATION FILE\n";
    return 2;
  }
  try {
    std::ofstream file(argv[2]);
    file << dlasim::sim::arch::rtl_package(hardware_of(argv[1]));
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
