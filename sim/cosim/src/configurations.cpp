#include "sim/cosim/configurations.h"

#include "base/error.h"

namespace dlasim::sim::cosim {
namespace {

/// Square, 16-bit lanes, a deep post-processor: layers of any operator fit.
arch::Hardware square() {
  arch::Hardware h;
  h.name = "array_4x4";
  h.pe_array = {.ic_lanes = 4, .oc_lanes = 4, .max_taps = 25, .activation_bits = 16, .weight_bits = 16};
  h.buffers = {.activation_kib = 4,
               .weight_kib = 4,
               .operand_kib = 2,
               .output_kib = 2,
               .parameter_slots = 4,
               .partial_sum_depth = 64};
  return h;
}

/// Nothing is a power of two, the widths differ, and the post-processor is as short as it may be.
arch::Hardware odd() {
  arch::Hardware h;
  h.name = "array_3x5";
  h.pe_array = {.ic_lanes = 3, .oc_lanes = 5, .max_taps = 10, .activation_bits = 16, .weight_bits = 8};
  h.buffers = {.activation_kib = 1,
               .weight_kib = 1,
               .operand_kib = 1,
               .output_kib = 1,
               .parameter_slots = 3,
               .partial_sum_depth = 33};
  h.post_processor = {.table_entries = 300, .latency = 1};
  return h;
}

/// configs/hardware/small.yaml: what `dlasim cosim` runs networks on.
arch::Hardware small() {
  arch::Hardware h;
  h.name = "small";
  h.clock_mhz = 100;
  h.pe_array.ic_lanes = 4;
  h.pe_array.oc_lanes = 8;
  h.pe_array.max_taps = 16;
  h.buffers.activation_kib = 8;
  h.buffers.weight_kib = 8;
  h.buffers.operand_kib = 4;
  h.buffers.output_kib = 4;
  h.buffers.partial_sum_depth = 64;
  return h;
}

}  // namespace

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> kAll{
      {"default", {}}, {"array_4x4", square()}, {"array_3x5", odd()}, {"small", small()}};
  return kAll;
}

const arch::Hardware& configuration(const std::string& name) {
  for (const Configuration& c : configurations()) {
    if (c.name == name) return c.hardware;
  }
  throw base::InputError("hardware configuration '" + name + "' is not one of those that are verilated");
}

}  // namespace dlasim::sim::cosim
