#include "sim/cosim/cosim_factory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/edit_distance.h"
#include "base/error.h"
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

void CosimFactory::set_mode(const std::string& block, Mode mode) {
  if (block == kAllBlocks) {
    for (const std::string& each : block_names()) set_mode(each, mode);
    return;
  }
  if (std::ranges::find(block_names(), block) == block_names().end()) {
    std::vector<std::string> known = block_names();
    known.emplace_back(kAllBlocks);
    const std::string nearest = base::nearest_name(block, known);
    throw base::InputError(fmt::format("there is no block '{}'{}; blocks: {}", block,
                                       nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                       fmt::join(known, ", ")));
  }
  const auto [at, is_new] = modes_.emplace(block, mode);
  if (!is_new && at->second != mode)
    throw base::InputError(fmt::format("block '{}' is to be RTL and in lockstep: choose one", block));
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
  const auto& rtl = std::get<RtlMaker<Model>>(makers_);
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
