#include "sim/cosim/divergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace dlasim::sim::cosim {
namespace {

using blocks::Handshake;
using trace::AcceleratorView;

constexpr const char* kProduct = "product";

/// FNV-1a over values; names need not be mixed in, their order is fixed by what is valid.
std::uint64_t digest_of(const PairedCycle& cycle) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const BlockView& block : cycle.blocks) {
    for (const PortValue& v : block.expected.values())
      hash = (hash ^ static_cast<std::uint64_t>(v.value)) * 0x100000001b3U;
  }
  return hash;
}

/// The hand-shake at which a block's outputs are offered.
Handshake handshake_of(std::string_view block) {
  static const std::map<std::string_view, Handshake> kOf{{"address_generator", Handshake::kTapRequest},
                                                         {"activation_buffer", Handshake::kActivation},
                                                         {kProduct, Handshake::kActivation},
                                                         {"pe_array", Handshake::kLaneSums},
                                                         {"adder_tree", Handshake::kChannelSums},
                                                         {"partial_sum_buffer", Handshake::kTotals},
                                                         {"weight_loader", Handshake::kTapRequest}};
  const auto found = kOf.find(block);
  return found == kOf.end() ? Handshake::kOutput : found->second;
}

std::optional<std::uint32_t> tap_of(const Observation& o) {
  for (const PortValue& v : o.values()) {
    if (std::string_view(v.port) == "tap") return static_cast<std::uint32_t>(v.value);
  }
  return std::nullopt;
}

std::string stage_of(const BlockView& view, const PortValue& at, int oc_lanes) {
  const std::string block = view.block, port = at.port;
  const int ic = at.lane / oc_lanes, oc = at.lane % oc_lanes;
  if (block == kProduct)
    return fmt::format("product of tap {} and ic lane {}, oc lane {}", view.tap.value_or(0), ic, oc);
  if (block == "pe_array" && port == "sum")
    return fmt::format("accumulator of ic lane {}, oc lane {}", ic, oc);
  if (block == "activation_buffer" && port == "x")
    return fmt::format("activation of tap {}, ic lane {}", view.tap.value_or(0), at.lane);
  if (block == "address_generator" && view.place.known)
    return fmt::format("request of tap {}", view.tap.value_or(0));
  if (block == "adder_tree" && port == "sum") return fmt::format("adder tree of oc lane {}", at.lane);
  if (block == "partial_sum_buffer" && port == "sum")
    return fmt::format("partial sum of oc lane {}", at.lane);
  if (block == "post_processor" && port == "value") return fmt::format("post-processor, oc lane {}", at.lane);
  if (block == "weight_loader" && port == "w") return fmt::format("weight of oc lane {}", at.lane);
  return fmt::format("control of {}", block);
}

std::optional<Divergence> difference_of(const BlockView& view, std::uint64_t cycle, int oc_lanes) {
  const auto &e = view.expected.values(), &g = view.got.values();
  for (std::size_t i = 0; i < std::min(e.size(), g.size()); ++i) {
    if (e[i].value == g[i].value) continue;
    Divergence d{view.block, e[i].port, e[i].lane,  cycle,     e[i].value,
                 g[i].value, {},        view.place, view.tile, 0};
    d.stage = stage_of(view, e[i], oc_lanes);
    const bool per_pe = d.block == kProduct || d.block == "pe_array";
    if (e[i].lane >= 0 && d.block != "activation_buffer")
      d.oc_lane = per_pe ? e[i].lane % oc_lanes : e[i].lane;
    if (d.block == kProduct) d.block = "pe_array";
    return d;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Divergence> first_divergence(const std::vector<PairedCycle>& cycles,
                                           const arch::Hardware& hardware) {
  for (const PairedCycle& cycle : cycles) {
    for (const BlockView& view : cycle.blocks) {
      if (auto d = difference_of(view, cycle.cycle, hardware.pe_array.oc_lanes)) return d;
    }
  }
  return std::nullopt;
}

void TileFollower::sample(const AcceleratorView& v) {
  const DatapathInputs in(v);
  const auto count = [&](Handshake h, bool last) {
    const auto i = static_cast<std::size_t>(h);
    if (in.moves[i] && last) ++done_[i];
  };
  const auto ends = [](const blocks::TapRequest& r) { return r.last_tap && r.position.last_of_tile; };
  count(Handshake::kTapRequest, ends(v.address_generator.out()));
  count(Handshake::kActivation, ends(v.activation_buffer.out().request));
  count(Handshake::kLaneSums, v.pe_array.out().position.last_of_tile);
  count(Handshake::kChannelSums, v.adder_tree.out().position.last_of_tile);
  count(Handshake::kTotals, v.partial_sum_buffer.out().position.last_of_tile);
  count(Handshake::kOutput, v.post_processor.out().last_of_tile);
}

ModelRecorder::ModelRecorder(const arch::Hardware& hardware, std::optional<CycleWindow> window)
    : hardware_(hardware),
      window_(window),
      context_{static_cast<std::size_t>(hardware.pe_array.oc_lanes), false} {}

void ModelRecorder::sample(const AcceleratorView& v) {
  PairedCycle cycle{v.cycle, {}};
  observe(v, cycle);
  digests_.push_back(digest_of(cycle));
  if (window_ && v.cycle >= window_->from && v.cycle <= window_->to) cycles_.push_back(std::move(cycle));
  if (const auto* settings = DatapathInputs(v).configure) context_.wide = settings->wide_accumulator != 0;
  tiles_.sample(v);
}

void ModelRecorder::observe(const AcceleratorView& v, PairedCycle& cycle) const {
  const auto add = [&]<class Model>(const Model& model, std::optional<std::uint32_t> tap) {
    BlockView& view = cycle.blocks.emplace_back(BlockView{Observer<Model>::kName, {}, {}, {}, 0, tap});
    view.place = Observer<Model>::observe(model, context_, view.expected);
    view.tile = tiles_.tile(handshake_of(view.block));
  };
  add(v.weight_loader, std::nullopt);
  add(v.address_generator, v.address_generator.out().tap);
  add(v.activation_buffer, v.activation_buffer.out().request.tap);
  observe_products(v, cycle.blocks.emplace_back(BlockView{kProduct, {}, {}, {}, 0, {}}));
  add(v.pe_array, std::nullopt);
  add(v.adder_tree, std::nullopt);
  add(v.partial_sum_buffer, std::nullopt);
  add(v.post_processor, std::nullopt);
  add(v.output_buffer, std::nullopt);
}

/// What the multipliers compute in this cycle, [ic][oc] as the accumulators: none while no beat comes in.
void ModelRecorder::observe_products(const AcceleratorView& v, BlockView& out) const {
  if (!v.activation_buffer.valid() || !v.pe_array.ready()) return;
  const blocks::ActivationBeat& beat = v.activation_buffer.out();
  const auto ic_lanes = static_cast<std::size_t>(hardware_.pe_array.ic_lanes);
  const auto oc_lanes = static_cast<std::size_t>(hardware_.pe_array.oc_lanes);
  const std::size_t taps = static_cast<std::size_t>(hardware_.pe_array.max_taps);
  const std::size_t first = (beat.request.bank * taps + beat.request.tap) * ic_lanes * oc_lanes;
  const auto& weights = v.pe_array.weight_registers();
  for (std::size_t ic = 0; ic < std::min<std::size_t>(beat.request.lanes_active, ic_lanes); ++ic) {
    for (std::size_t oc = 0; oc < oc_lanes; ++oc) {
      const std::size_t pe = ic * oc_lanes + oc;
      out.expected("product", std::int64_t{beat.x[ic]} * weights[first + pe], pe);
    }
  }
  out.tap = beat.request.tap;
  out.place = {true, beat.request.position.layer, beat.request.position.index};
  out.tile = tiles_.tile(Handshake::kActivation);
}

std::optional<std::uint64_t> first_difference(const std::vector<std::uint64_t>& a,
                                              const std::vector<std::uint64_t>& b) {
  const auto [at, other] = std::ranges::mismatch(a, b);
  if (at == a.end() && other == b.end()) return std::nullopt;
  return static_cast<std::uint64_t>(at - a.begin());
}

std::vector<PairedCycle> paired(const std::vector<PairedCycle>& expected,
                                const std::vector<PairedCycle>& got) {
  std::vector<PairedCycle> both = expected;
  for (std::size_t i = 0; i < std::min(both.size(), got.size()); ++i) {
    for (std::size_t b = 0; b < both[i].blocks.size(); ++b) both[i].blocks[b].got = got[i].blocks[b].expected;
  }
  both.resize(std::min(expected.size(), got.size()));
  return both;
}

RtlRecorder::RtlRecorder(What what, const arch::Hardware& hardware, const RtlToolchain& toolchain,
                         const std::vector<arch::Fault>& faults, std::optional<CycleWindow> window)
    : window_(window) {
  if (what == What::kBlocks) {
    blocks_ = std::make_unique<BlocksLockstep>(hardware, toolchain);
  } else {
    core_ = std::make_unique<CoreLockstep>(make_rtl_core(hardware, toolchain));
  }
  for (const arch::Fault& fault : faults) {
    if (blocks_ && fault.block != "core") blocks_->inject(fault);
    if (core_ && fault.block == "core") core_->inject(fault);
  }
}

void RtlRecorder::sample(const AcceleratorView& v) {
  trace::TraceSink& lockstep = blocks_ ? static_cast<trace::TraceSink&>(*blocks_) : *core_;
  lockstep.sample(v);
  if (window_ && v.cycle >= window_->from && v.cycle <= window_->to) {
    PairedCycle& cycle = cycles_.emplace_back(PairedCycle{v.cycle, {}});
    if (blocks_) {
      for (const BlocksLockstep::Result& r : blocks_->results())
        cycle.blocks.push_back(
            {r.block, *r.expected, *r.got, r.place, tiles_.tile(handshake_of(r.block)), tap_of(*r.expected)});
    } else {
      const CoreComparison& last = core_->last();
      cycle.blocks.push_back(
          {"core", last.expected, last.got, last.place, tiles_.tile(Handshake::kOutput), {}});
    }
  }
  tiles_.sample(v);
}

std::optional<std::uint64_t> RtlRecorder::first_cycle() const {
  if (core_) {
    const auto& difference = core_->comparison().difference();
    return difference ? std::optional(difference->cycle) : std::nullopt;
  }
  std::optional<std::uint64_t> first;
  for (const BlocksLockstep::Result& r : blocks_->results()) {
    const auto& difference = r.comparison->difference();
    if (difference && (!first || difference->cycle < *first)) first = difference->cycle;
  }
  return first;
}

std::uint64_t RtlRecorder::values() const {
  if (core_) return core_->comparison().values();
  std::uint64_t values = 0;
  for (const BlocksLockstep::Result& r : blocks_->results()) values += r.comparison->values();
  return values;
}

}  // namespace dlasim::sim::cosim
