#include "sim/cosim/cosim_factory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/edit_distance.h"
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

const std::vector<std::string>& block_names() {
  static const std::vector<std::string> kNames{
      Observer<blocks::WeightLoader>::kName,     Observer<blocks::AddressGenerator>::kName,
      Observer<blocks::ActivationBuffer>::kName, Observer<blocks::PeArray>::kName,
      Observer<blocks::AdderTree>::kName,        Observer<blocks::PartialSumBuffer>::kName,
      Observer<blocks::PostProcessor>::kName,    Observer<blocks::OutputBuffer>::kName};
  return kNames;
}

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
  if (modes_.size() > 1) file.replace_extension(block + file.extension().string());
  rtl.module()->dump_fst(file, static_cast<std::uint64_t>(std::llround(1e6 / hardware.clock_mhz)));
}

void CosimFactory::build(const arch::Hardware& hardware) const {
  std::vector<std::string> tops;
  for (const auto& [block, mode] : modes_) {
    if (mode != Mode::kModel) tops.push_back(block);
  }
  build_rtl(hardware, tops, toolchain_);
}

void CosimFactory::set_mode(const std::string& block, Mode mode) {
  if (block == kAllBlocks) {
    for (const std::string& each : block_names()) set_mode(each, mode);
    return;
  }
  std::vector<std::string> known = block_names();
  known.insert(known.end(), {kAllBlocks, kCore});
  if (std::ranges::find(known, block) == known.end()) {
    const std::string nearest = base::nearest_name(block, known);
    throw base::InputError(fmt::format("there is no block '{}'{}; blocks: {}", block,
                                       nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                       fmt::join(known, ", ")));
  }
  const auto [at, is_new] = modes_.emplace(block, mode);
  if (!is_new && at->second != mode)
    throw base::InputError(fmt::format("block '{}' is to be RTL and in lockstep: choose one", block));
  if (modes_.contains(kCore) && modes_.size() > 1)
    throw base::InputError(
        fmt::format("'{}' is the whole datapath as one module: no block beside it", kCore));
}

Mode CosimFactory::mode(const std::string& block) const {
  const auto found = modes_.find(block);
  return found == modes_.end() ? Mode::kModel : found->second;
}

const Difference* CosimFactory::difference() const {
  for (const auto& [block, result] : *results_) {
    if (result.difference) return &*result.difference;
  }
  return nullptr;
}

void CosimFactory::require_compared() const {
  for (const auto& [block, mode] : modes_) {
    if (mode != Mode::kLockstep) continue;
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
