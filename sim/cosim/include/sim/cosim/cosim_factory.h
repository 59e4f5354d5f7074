#pragma once
/// RTL in the netlist: a factory that puts the Verilated twin, or model and twin in lockstep, in the place of
/// the blocks that are named.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/cosim/block_modes.h"
#include "sim/cosim/lockstep.h"
#include "sim/cosim/rtl_core.h"
#include "sim/netlist/block_factory.h"

namespace dlasim::sim::cosim {

/// What a lockstep has seen so far.
struct LockstepResult {
  std::uint64_t cycles = 0;
  std::uint64_t values = 0;  ///< output values compared
  std::optional<Difference> difference;
};

template <class Model>
using RtlMaker = std::function<std::unique_ptr<RtlBlock<Model>>(const arch::Hardware&)>;

/// Hand it to netlist::run_netlist; it has to outlive the run. A lockstep that sees a difference records it
/// and ends the run with base::SimulationError.
class CosimFactory final : public netlist::BlockFactory {
 public:
  explicit CosimFactory(RtlToolchain toolchain = RtlToolchain::from_environment());
  CosimFactory(const CosimFactory&) = delete;  // its makers refer to it
  CosimFactory& operator=(const CosimFactory&) = delete;
  void set_modes(BlockModes modes) { modes_ = std::move(modes); }
  /// As BlockModes::set.
  void set_mode(const std::string& block, Mode mode) { modes_.set(block, mode); }
  Mode mode(const std::string& block) const { return modes_.of(block); }
  /// A wrong bit at a port of RTL, from each reset on. Throws base::InputError if the fault's block is a
  /// model.
  void inject(const arch::Fault& fault);
  /// Every signal inside the RTL as FST: `file` for one module; for several, the block's name before the
  /// extension. The toolchain has to have `fst` set.
  void dump_fst(const std::filesystem::path& file) { fst_ = file; }
  /// Builds the RTL that the modes ask for, where the cache does not have it. Throws as build_rtl does.
  void build(const arch::Hardware& hardware) const;
  /// Takes the place of make_rtl<Model>: another implementation, or a faulty one to test the comparison.
  template <class Model>
  void set_rtl(RtlMaker<Model> maker) {
    std::get<RtlMaker<Model>>(makers_) = std::move(maker);
  }

  /// The same for the core.
  void set_core(std::function<std::unique_ptr<RtlCore>(const arch::Hardware&)> maker) {
    core_maker_ = std::move(maker);
  }

  /// By block, for every block in lockstep that has been built.
  const std::map<std::string, LockstepResult>& results() const { return *results_; }
  /// The difference that ended the run.
  const Difference* difference() const;
  /// Throws base::SimulationError if a block in lockstep has compared nothing.
  void require_compared() const;

  std::unique_ptr<netlist::DatapathPorts> datapath(const arch::Hardware& h,
                                                   const blocks::StallPlan& stalls) const override;
  std::unique_ptr<netlist::WeightLoaderPorts> weight_loader(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::AddressGeneratorPorts> address_generator(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::ActivationBufferPorts> activation_buffer(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::PeArrayPorts> pe_array(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::AdderTreePorts> adder_tree(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::PartialSumBufferPorts> partial_sum_buffer(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::PostProcessorPorts> post_processor(const arch::Hardware& h) const override;
  std::unique_ptr<netlist::OutputBufferPorts> output_buffer(const arch::Hardware& h) const override;

 private:
  template <class Model, template <class> class Module, class Ports>
  std::unique_ptr<Ports> make(const arch::Hardware& hardware) const;

  /// What every instance of the block's RTL gets: faults and a dump.
  void equip(const std::string& block, RtlInstance& rtl, const arch::Hardware& hardware) const;

  const RtlToolchain toolchain_;
  std::vector<arch::Fault> faults_;
  std::filesystem::path fst_;
  BlockModes modes_;
  std::tuple<RtlMaker<blocks::WeightLoader>, RtlMaker<blocks::AddressGenerator>,
             RtlMaker<blocks::ActivationBuffer>, RtlMaker<blocks::PeArray>, RtlMaker<blocks::AdderTree>,
             RtlMaker<blocks::PartialSumBuffer>, RtlMaker<blocks::PostProcessor>,
             RtlMaker<blocks::OutputBuffer>>
      makers_;
  std::function<std::unique_ptr<RtlCore>(const arch::Hardware&)> core_maker_;
  // Written by the modules while the factory itself is const.
  const std::unique_ptr<std::map<std::string, LockstepResult>> results_ =
      std::make_unique<std::map<std::string, LockstepResult>>();
};

}  // namespace dlasim::sim::cosim
