#include "value_pass.h"

#include <utility>

#include "pass_reader.h"

namespace dlasim::sim::fast {
namespace {

/// As much as a large layer has packed at a time (pass_plan.cpp): what is kept adds little to the peak.
constexpr std::size_t kRoom = 20'000'000;

}  // namespace

ValuePass::ValuePass(const arch::Hardware& hardware, std::size_t layers, base::ThreadPool& pool)
    : hardware_(hardware),
      pool_(pool),
      arithmetic_(hardware.post_processor.table_entries),
      room_(kRoom),
      events_(layers) {}

void ValuePass::run(const compiler::CommandStream& stream, memory::DramContents& memory) {
  auto passes = passes_.find(stream.address);
  if (passes == passes_.end()) passes = passes_.emplace(stream.address, prepare_all(stream, memory)).first;
  for (const auto& pass : passes->second) pass->run(memory, arithmetic_, pool_, events_);
}

ValuePass::Passes ValuePass::prepare_all(const compiler::CommandStream& stream,
                                         const memory::DramContents& memory) {
  Passes passes;
  PassReader reader(memory, stream, hardware_);
  for (Pass pass; reader.next(pass);)
    passes.push_back(prepare(std::move(pass), hardware_, pool_.threads(), room_));
  return passes;
}

std::vector<fixed_point::PointEvents> ValuePass::take_events() {
  return std::exchange(events_, std::vector<fixed_point::PointEvents>(events_.size()));
}

}  // namespace dlasim::sim::fast
