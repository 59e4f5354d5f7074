#include "registry.h"

#include <fmt/format.h>

#include "base/error.h"
#include "sim/arch/rtl_package.h"
#include "sim/cosim/configurations.h"

namespace dlasim::sim::cosim {
namespace {

/// The configuration whose RTL is that of `hardware`: its generated package is the same.
const VerilatedConfiguration& configuration_for(const arch::Hardware& hardware) {
  if (!is_available()) {
    throw base::UnsupportedError(
        "co-simulation is off: this build did not find Verilator; install the "
        "Debian package verilator, configure and build again");
  }
  const std::string package = arch::rtl_package(hardware);
  for (const VerilatedConfiguration* const* c = kVerilatedConfigurations; *c != nullptr; ++c) {
    if (arch::rtl_package(configuration((*c)->name)) == package) return **c;
  }
  throw base::UnsupportedError(
      fmt::format("the RTL was not verilated for hardware '{}': its sizes are those of none of the built "
                  "configurations",
                  hardware.name));
}

template <class Block>
std::unique_ptr<Block> make(const arch::Hardware& hardware, Maker<Block> VerilatedConfiguration::*maker,
                            const char* block) {
  const VerilatedConfiguration& c = configuration_for(hardware);
  if (c.*maker == nullptr) {
    throw base::UnsupportedError(fmt::format("{} was not verilated for configuration '{}'", block, c.name));
  }
  return (c.*maker)(hardware);
}

}  // namespace

bool is_available() {
  return kVerilatedConfigurations[0] != nullptr;
}

void require_verilated(const arch::Hardware& h) {
  configuration_for(h);
}

template <>
std::unique_ptr<RtlBlock<blocks::WeightLoader>> make_rtl<blocks::WeightLoader>(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::weight_loader, "weight_loader");
}
template <>
std::unique_ptr<RtlBlock<blocks::AddressGenerator>> make_rtl<blocks::AddressGenerator>(
    const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::address_generator, "address_generator");
}
template <>
std::unique_ptr<RtlBlock<blocks::ActivationBuffer>> make_rtl<blocks::ActivationBuffer>(
    const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::activation_buffer, "activation_buffer");
}
template <>
std::unique_ptr<RtlBlock<blocks::PeArray>> make_rtl<blocks::PeArray>(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::pe_array, "pe_array");
}
template <>
std::unique_ptr<RtlBlock<blocks::AdderTree>> make_rtl<blocks::AdderTree>(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::adder_tree, "adder_tree");
}
template <>
std::unique_ptr<RtlBlock<blocks::PartialSumBuffer>> make_rtl<blocks::PartialSumBuffer>(
    const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::partial_sum_buffer, "partial_sum_buffer");
}
template <>
std::unique_ptr<RtlBlock<blocks::PostProcessor>> make_rtl<blocks::PostProcessor>(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::post_processor, "post_processor");
}
template <>
std::unique_ptr<RtlBlock<blocks::OutputBuffer>> make_rtl<blocks::OutputBuffer>(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::output_buffer, "output_buffer");
}

std::unique_ptr<RtlCore> make_rtl_core(const arch::Hardware& h) {
  return make(h, &VerilatedConfiguration::core, "core");
}

}  // namespace dlasim::sim::cosim
