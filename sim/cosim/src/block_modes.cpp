#include "sim/cosim/block_modes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/edit_distance.h"
#include "base/error.h"
#include "sim/cosim/observation.h"

namespace dlasim::sim::cosim {
namespace {

void require_known(const std::string& block) {
  std::vector<std::string> known = block_names();
  known.insert(known.end(), {kAllBlocks, kCore});
  if (std::ranges::find(known, block) != known.end()) return;
  const std::string nearest = base::nearest_name(block, known);
  throw base::InputError(fmt::format("there is no block '{}'{}; blocks: {}", block,
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                     fmt::join(known, ", ")));
}

const char* words_for(Mode mode) {
  switch (mode) {
    case Mode::kModel:
      return "a model";
    case Mode::kRtl:
      return "RTL";
    case Mode::kLockstep:
      return "in lockstep";
  }
  return "";
}

}  // namespace

const std::vector<std::string>& block_names() {
  static const std::vector<std::string> kNames{
      Observer<blocks::WeightLoader>::kName,     Observer<blocks::AddressGenerator>::kName,
      Observer<blocks::ActivationBuffer>::kName, Observer<blocks::PeArray>::kName,
      Observer<blocks::AdderTree>::kName,        Observer<blocks::PartialSumBuffer>::kName,
      Observer<blocks::PostProcessor>::kName,    Observer<blocks::OutputBuffer>::kName};
  return kNames;
}

void BlockModes::set(const std::string& block, Mode mode) {
  require_known(block);
  if (block == kAllBlocks) {
    for (const std::string& each : block_names()) set(each, mode);
    return;
  }
  const auto [at, is_new] = modes_.emplace(block, mode);
  if (!is_new && at->second != mode)
    throw base::InputError(fmt::format("block '{}' is to be {} and {}: choose one", block,
                                       words_for(at->second), words_for(mode)));
  if (of(kCore) != Mode::kModel && rtl_modules().size() > 1)
    throw base::InputError(
        fmt::format("'{}' is the whole datapath as one module: no block beside it", kCore));
}

Mode BlockModes::of(const std::string& block) const {
  const auto found = modes_.find(block);
  return found == modes_.end() ? Mode::kModel : found->second;
}

std::vector<std::string> BlockModes::rtl_modules() const {
  std::vector<std::string> modules;
  for (const auto& [block, mode] : modes_) {
    if (mode != Mode::kModel) modules.push_back(block);
  }
  return modules;
}

}  // namespace dlasim::sim::cosim
