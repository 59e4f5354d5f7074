#pragma once
/// Lockstep with a running accelerator: its blocks, or the Verilated core, see what the model's blocks see.
///
/// A TraceSink, so that every engine that can be traced can be checked: before each clock edge the RTL's
/// outputs are compared with the model's, then the RTL gets the inputs of that edge.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/cosim/core_outputs.h"
#include "sim/cosim/lockstep.h"
#include "sim/cosim/rtl_core.h"
#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::cosim {

/// The inputs that one clock edge brings to the datapath.
struct DatapathInputs {
  explicit DatapathInputs(const trace::AcceleratorView& view);

  const arch::Configure* configure = nullptr;
  const arch::ConfigureStaged* configure_staged = nullptr;
  const arch::RunTile* tile = nullptr;
  const memory::LoadedWord* load = nullptr;
  blocks::HandshakeFlags moves{};  ///< hand-shakes that take place
};

/// The core as a whole: every hand-shake, counter and word that leaves the datapath.
class CoreLockstep final : public trace::TraceSink {
 public:
  explicit CoreLockstep(const arch::Hardware& hardware) : CoreLockstep(make_rtl_core(hardware)) {}
  explicit CoreLockstep(std::unique_ptr<RtlCore> core) : core_(std::move(core)) {}
  void sample(const trace::AcceleratorView& view) override;
  const Comparison& comparison() const { return comparison_; }
  std::uint64_t cycles() const { return cycles_; }
  /// What was compared last.
  const CoreComparison& last() const { return last_; }
  /// A wrong bit at a port of the RTL. Throws as VerilatedModule::inject.
  void inject(const arch::Fault& fault) { core_->module()->inject(fault); }

 private:
  std::unique_ptr<RtlCore> core_;
  CoreComparison last_;
  std::uint64_t cycles_ = 0;
  Comparison comparison_;
};

/// Every block on its own: each RTL block gets the model's inputs, so that a fault stays where it is made.
class BlocksLockstep final : public trace::TraceSink {
 public:
  explicit BlocksLockstep(const arch::Hardware& hardware,
                          const RtlToolchain& toolchain = RtlToolchain::from_environment());
  void sample(const trace::AcceleratorView& view) override;
  std::uint64_t cycles() const { return cycles_; }
  /// In the order of the data.
  struct Result {
    const char* block;
    const Comparison* comparison;
    const Observation *expected, *got;  ///< what was compared last
    Place place;
  };
  std::vector<Result> results() const;
  /// A wrong bit at a port of the RTL of fault.block. Throws as VerilatedModule::inject.
  void inject(const arch::Fault& fault);

 private:
  void configure(const arch::Configure& settings);
  void configure(const arch::ConfigureStaged& settings);

  Lockstep<blocks::WeightLoader> weight_loader_;
  Lockstep<blocks::AddressGenerator> address_generator_;
  Lockstep<blocks::ActivationBuffer> activation_buffer_;
  Lockstep<blocks::PeArray> pe_array_;
  Lockstep<blocks::AdderTree> adder_tree_;
  Lockstep<blocks::PartialSumBuffer> partial_sum_buffer_;
  Lockstep<blocks::PostProcessor> post_processor_;
  Lockstep<blocks::OutputBuffer> output_buffer_;
  std::uint64_t cycles_ = 0;
};

}  // namespace dlasim::sim::cosim
