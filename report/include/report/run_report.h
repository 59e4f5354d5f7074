#pragma once
/// What a run found, and its forms: a table for people, CSV and JSON for programs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/hardware.h"

namespace dlasim::report {

/// One pass of the accelerator over a node or a fused group of nodes.
struct LayerRow {
  std::string name;
  std::string kind;          ///< "conv2d+gate", "softmax", ...
  std::string output_shape;  ///< "1x1x8000x32"
  bool on_host = false;
  std::uint64_t macs = 0;  ///< of the network
  std::uint64_t cycles = 0;
  std::uint64_t busy_cycles = 0;           ///< in which the PE array worked
  double utilisation = 0.0;                ///< macs / (cycles * PEs)
  double stall_share = 0.0;                ///< cycles without work for the array
  std::optional<double> sqnr_db;           ///< output against float; none where there is no float tensor
  std::optional<std::uint64_t> differing;  ///< values that differ from golden; none where not compared
  std::uint64_t values = 0;
};

/// A figure of the task, such as a cross-entropy, of the float and the integer network.
struct TaskFigure {
  std::string name;
  std::string unit;
  std::optional<double> float_value;  ///< none for a figure that compares the two
  double integer_value = 0.0;
};

struct RunReport {
  std::string config;
  std::string network;
  std::string numerics;
  std::string engine;
  sim::arch::Hardware hardware;
  std::vector<LayerRow> layers;
  std::uint64_t cycles = 0;
  std::uint64_t macs = 0;    ///< of the layers on the accelerator
  std::int64_t samples = 0;  ///< positions of the output sequence; 0 where that has no meaning
  std::uint64_t dram_bytes = 0;
  double dram_row_hit_share = 0.0;
  double simulation_seconds = 0.0;  ///< wall time of the engine alone
  double total_seconds = 0.0;       ///< wall time of the whole run
  std::uint64_t peak_memory_bytes = 0;
  std::optional<double> sample_rate;  ///< Hz
  std::vector<TaskFigure> figures;
  bool compared = false;  ///< with golden

  /// Layers that the host computes: they take none of the cycles.
  std::size_t host_layers() const;
  /// The multiplications of these layers, and their share of all.
  std::uint64_t host_macs() const;
  double host_mac_share() const;
  /// Values that differ in all layers.
  std::uint64_t differing() const;
  /// "bit-exact: ...", "MISMATCH: ...", or "not compared ..."
  std::string verdict() const;
};

/// The layer table, totals and the verdict; no line is wider than 100 columns.
std::string to_text(const RunReport& report);
std::string to_csv(const RunReport& report);
std::string to_json(const RunReport& report);

}  // namespace dlasim::report
