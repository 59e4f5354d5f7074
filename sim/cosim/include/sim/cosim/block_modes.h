#pragma once
/// What stands for each block of the datapath in a co-simulation.

#include <map>
#include <string>
#include <vector>

namespace dlasim::sim::cosim {

/// What stands in the netlist for a block.
enum class Mode {
  kModel,     ///< the model alone
  kRtl,       ///< the Verilated RTL alone
  kLockstep,  ///< the model, and the RTL beside it on the same inputs; outputs compared in every cycle
};

/// The datapath's blocks in the order of the data.
const std::vector<std::string>& block_names();
/// Stands for each of them, as a module of its own.
inline constexpr const char* kAllBlocks = "blocks";
/// The datapath as one module with its own wiring: rtl_models/core.sv.
inline constexpr const char* kCore = "core";

/// A mode for each block; a block that none was set for is a model.
class BlockModes {
 public:
  /// `block` is one of block_names(), "blocks" or "core". Throws base::InputError for other names, for a
  /// block that has another mode already, and where the core and a block of it are to be RTL.
  void set(const std::string& block, Mode mode);
  Mode of(const std::string& block) const;
  /// The modules that have RTL, alone or in lockstep: names of blocks, or the core.
  std::vector<std::string> rtl_modules() const;
  bool operator==(const BlockModes&) const = default;

 private:
  std::map<std::string, Mode> modes_;
};

}  // namespace dlasim::sim::cosim
