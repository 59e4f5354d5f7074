#pragma once
/// The hardware description: sizes and rates of one accelerator instance, checked when read and constant
/// afterwards. YAML keys are the member names (`hardware.pe_array.ic_lanes`).

#include <cstdint>
#include <string>

#include "sim/arch/truncation.h"

namespace dlasim::sim::arch {

/// The PE array. The PE of (oc, ic) multiplies one activation by one weight a cycle and accumulates the
/// taps of its own input channel; each oc lane has an adder tree over its ic lanes.
struct PeArray {
  int ic_lanes = 16;         ///< 1..1024 input channels in parallel
  int oc_lanes = 16;         ///< 1..1024 output channels in parallel
  int max_taps = 64;         ///< 1..4096 kernel taps that a PE's weight registers hold, in each of two banks
  int activation_bits = 16;  ///< 8, 16 or 32: width of an activation lane
  int weight_bits = 16;      ///< 4, 8, 16 or 32: width of a weight lane
};

/// On-chip buffers. A word of the activation buffer is ic_lanes activations; a word of the weight,
/// operand and output buffers is oc_lanes values.
struct Buffers {
  int activation_kib = 256;
  int weight_kib = 128;
  int operand_kib = 32;
  int output_kib = 32;
  int parameter_slots = 16;     ///< oc tiles whose bias, multiplier and shift are on chip
  int partial_sum_depth = 512;  ///< positions of the partial-sum buffer
};

struct PostProcessor {
  int table_entries = 256;  ///< entries of each of the two look-up tables
  int latency = 6;          ///< pipeline stages: bias, multiply, round, table, combine, clamp
};

/// DRAM and the DMA's port to it; times in accelerator clock cycles.
struct Dram {
  int bus_bytes = 32;    ///< transferred a cycle
  int burst_bytes = 64;  ///< longest transfer of one request
  int latency = 30;      ///< from the last data cycle's slot to its arrival
  int row_bytes = 2048;  ///< size of an open row
  int banks = 8;         ///< each has a row open; neighbouring rows lie in neighbouring banks
  int row_miss = 12;     ///< extra cycles when a request opens another row of its bank
  int outstanding = 64;  ///< requests in flight a channel
};

struct Control {
  int command_queue_depth = 8;            ///< commands waiting in front of each of the three engines
  std::int64_t watchdog_cycles = 100000;  ///< cycles without any progress that end the run
};

/// One accelerator. Units: MHz, KiB, bytes, cycles.
struct Hardware {
  std::string name = "default";
  double clock_mhz = 200.0;
  PeArray pe_array;
  Buffers buffers;
  PostProcessor post_processor;
  Dram dram;
  Control control;
  Truncation truncation;

  int activation_bytes() const { return pe_array.activation_bits / 8; }
  /// Capacities in words.
  int activation_words() const;
  int weight_words() const;
  int operand_words() const;
  int output_words() const;
  /// Levels of the adder tree: ceil(log2(ic_lanes)).
  int tree_levels() const;
};

/// Throws base::InputError naming the key, what it is and what is allowed.
void check(const Hardware& hardware);

}  // namespace dlasim::sim::arch
