#include "sim/cosim/cosim_factory.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "core_module.h"
#include "sim/netlist/block_modules.h"

namespace dlasim::sim::cosim {
namespace {

/// The model with its RTL beside it: to the netlist it is the model.
template <class Model>
class LockstepBlock final : public Model {
 public:
  LockstepBlock(const arch::Hardware& hardware, std::unique_ptr<RtlBlock<Model>> rtl, LockstepResult& result)
      : Model(hardware), lockstep_(hardware, std::move(rtl)), result_(result) {
    result_ = {};
  }
  void configure(const arch::Configure& settings) {
    Model::configure(settings);
    lockstep_.configure(settings);
  }
  void configure(const arch::ConfigureStaged& settings) requires requires(Model& model) {
    model.configure(settings);
  }
  {
    Model::configure(settings);
    lockstep_.configure(settings);
  }
  void step(const typename Model::In& in) {
    lockstep_.step(*this, in);
    ++result_.cycles;
    result_.values = lockstep_.comparison().values();
    result_.difference = lockstep_.comparison().difference();
    if (result_.difference) throw base::SimulationError("lockstep: " + to_string(*result_.difference));
    Model::step(in);
  }

 private:
  Lockstep<Model> lockstep_;
  LockstepResult& result_;
};

}  // namespace

CosimFactory::CosimFactory(RtlToolchain toolchain) : toolchain_(std::move(toolchain)) {
  const auto set = [this]<class Model>(RtlMaker<Model>& maker) {
    maker = [this](const arch::Hardware& h) { return make_rtl<Model>(h, toolchain_); };
  };
  std::apply([&set](auto&... makers) { (set(makers), ...); }, makers_);
  core_maker_ = [this](const arch::Hardware& h) { return make_rtl_core(h, toolchain_); };
}

void CosimFactory::inject(const arch::Fault& fault) {
  if (mode(fault.block) == Mode::kModel)
    throw base::InputError(
        fmt::format("--fault: '{}' is not RTL here: name it in --rtl or --lockstep, or try the "
                    "fault in the models with dlasim run",
                    fault.block));
  faults_.push_back(fault);
}

void CosimFactory::equip(const std::string& block, RtlInstance& rtl, const arch::Hardware& hardware) const {
  if (rtl.module() == nullptr) return;
  for (const arch::Fault& fault : faults_) {
    if (fault.block == block) rtl.module()->inject(fault);
  }
  if (fst_.empty()) return;
  std::filesystem::path file = fst_;
  if (modes_.rtl_modules().size() > 1) file.replace_extension(block + file.extension().string());
  rtl.module()->dump_fst(file, static_cast<std::uint64_t>(std::llround(1e6 / hardware.clock_mhz)));
}

void CosimFactory::build(const arch::Hardware& hardware) const {
  build_rtl(hardware, modes_.rtl_modules(), toolchain_);
}

const Difference* CosimFactory::difference() const {
  for (const auto& [block, result] : *results_) {
    if (result.difference) return &*result.difference;
  }
  return nullptr;
}

void CosimFactory::require_compared() const {
  for (const std::string& block : modes_.rtl_modules()) {
    if (mode(block) != Mode::kLockstep) continue;
    const auto found = results_->find(block);
    if (found == results_->end() || found->second.values == 0)
      throw base::SimulationError(fmt::format("lockstep: {}: nothing has been compared", block));
  }
}

template <class Model, template <class> class Module, class Ports>
std::unique_ptr<Ports> CosimFactory::make(const arch::Hardware& h) const {
  const char* name = Observer<Model>::kName;
  const auto rtl = [this, name, &maker = std::get<RtlMaker<Model>>(makers_)](const arch::Hardware& of) {
    auto made = maker(of);
    equip(name, *made, of);
    return made;
  };
  const auto hardware = std::make_shared<const arch::Hardware>(h);  // blocks may refer to it
  switch (mode(name)) {
    case Mode::kRtl:
      return std::make_unique<Module<RtlBlock<Model>>>(name, [rtl, hardware] { return rtl(*hardware); });
    case Mode::kLockstep: {
      LockstepResult& result = (*results_)[name];
      return std::make_unique<Module<LockstepBlock<Model>>>(name, [rtl, hardware, &result] {
        return std::make_unique<LockstepBlock<Model>>(*hardware, rtl(*hardware), result);
      });
    }
    case Mode::kModel:
      break;
  }
  return std::make_unique<Module<Model>>(name, h);
}

using namespace netlist;

std::unique_ptr<DatapathPorts> CosimFactory::datapath(const arch::Hardware& h,
                                                      const blocks::StallPlan& stalls) const {
  const auto hardware = std::make_shared<const arch::Hardware>(h);
  const CoreMaker make = [this, hardware] {
    auto made = core_maker_(*hardware);
    equip(kCore, *made, *hardware);
    return made;
  };
  switch (mode(kCore)) {
    case Mode::kRtl:
      return std::make_unique<CoreModule>("datapath", stalls, make);
    case Mode::kLockstep:
      return std::make_unique<CoreLockstepModule>("datapath", h, stalls, *this, make, (*results_)[kCore]);
    case Mode::kModel:
      break;
  }
  return BlockFactory::datapath(h, stalls);
}

std::unique_ptr<WeightLoaderPorts> CosimFactory::weight_loader(const arch::Hardware& h) const {
  return make<blocks::WeightLoader, WeightLoaderModule, WeightLoaderPorts>(h);
}
std::unique_ptr<AddressGeneratorPorts> CosimFactory::address_generator(const arch::Hardware& h) const {
  return make<blocks::AddressGenerator, AddressGeneratorModule, AddressGeneratorPorts>(h);
}
std::unique_ptr<ActivationBufferPorts> CosimFactory::activation_buffer(const arch::Hardware& h) const {
  return make<blocks::ActivationBuffer, ActivationBufferModule, ActivationBufferPorts>(h);
}
std::unique_ptr<PeArrayPorts> CosimFactory::pe_array(const arch::Hardware& h) const {
  return make<blocks::PeArray, PeArrayModule, PeArrayPorts>(h);
}
std::unique_ptr<AdderTreePorts> CosimFactory::adder_tree(const arch::Hardware& h) const {
  return make<blocks::AdderTree, AdderTreeModule, AdderTreePorts>(h);
}
std::unique_ptr<PartialSumBufferPorts> CosimFactory::partial_sum_buffer(const arch::Hardware& h) const {
  return make<blocks::PartialSumBuffer, PartialSumBufferModule, PartialSumBufferPorts>(h);
}
std::unique_ptr<PostProcessorPorts> CosimFactory::post_processor(const arch::Hardware& h) const {
  return make<blocks::PostProcessor, PostProcessorModule, PostProcessorPorts>(h);
}
std::unique_ptr<OutputBufferPorts> CosimFactory::output_buffer(const arch::Hardware& h) const {
  return make<blocks::OutputBuffer, OutputBufferModule, OutputBufferPorts>(h);
}

}  // namespace dlasim::sim::cosim
