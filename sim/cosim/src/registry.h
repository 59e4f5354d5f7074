#pragma once
/// The Verilated blocks of one hardware configuration.

#include <memory>
#include <string>

#include "sim/cosim/rtl_block.h"
#include "sim/cosim/rtl_core.h"

namespace dlasim::sim::cosim {

template <class Block>
using Maker = std::unique_ptr<Block> (*)(const arch::Hardware&);

/// A null maker: this module was not verilated for this configuration.
struct VerilatedConfiguration {
  const char* name;
  Maker<RtlBlock<blocks::WeightLoader>> weight_loader;
  Maker<RtlBlock<blocks::AddressGenerator>> address_generator;
  Maker<RtlBlock<blocks::ActivationBuffer>> activation_buffer;
  Maker<RtlBlock<blocks::PeArray>> pe_array;
  Maker<RtlBlock<blocks::AdderTree>> adder_tree;
  Maker<RtlBlock<blocks::PartialSumBuffer>> partial_sum_buffer;
  Maker<RtlBlock<blocks::PostProcessor>> post_processor;
  Maker<RtlBlock<blocks::OutputBuffer>> output_buffer;
  Maker<RtlCore> core;
};

/// Null-terminated; written by the build (verilated_configurations.cpp).
extern const VerilatedConfiguration* const kVerilatedConfigurations[];

}  // namespace dlasim::sim::cosim
