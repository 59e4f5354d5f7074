#include "prepared_pass.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "integer_chain.h"
#include "pass_plan.h"
#include "product_kernels.h"
#include "staged_chain.h"

namespace dlasim::sim::fast {
namespace {

/// Packed weights of a slice, each set once.
template <class Packed>
class WeightStore {
 public:
  WeightStore(const PassContext& context, const PassPlan& plan, std::span<const Unit> slice,
              base::ThreadPool& pool)
      : first_group_(slice.front().begin) {
    const WeightSets& sets = plan.weight_sets();
    std::vector<bool> is_wanted(sets.count(), false);
    std::vector<std::size_t> wanted;
    const auto groups = plan.groups().subspan(first_group_, slice.back().end - first_group_);
    for (const ChainGroup& group : groups) {
      for (std::size_t tile = group.begin; tile < group.begin + group.length; ++tile) {
        if (!is_wanted[sets.of(tile)]) wanted.push_back(sets.of(tile));
        is_wanted[sets.of(tile)] = true;
      }
    }
    packed_.resize(sets.count());
    std::vector<char> is_fixed(sets.count(), 1);  // a byte each: they are written side by side
    pool.parallel_for(static_cast<std::int64_t>(wanted.size()), [&](std::int64_t i) {
      const std::size_t set = wanted[static_cast<std::size_t>(i)];
      std::vector<WeightReader> readers;
      for (const Tile* tile : sets.tiles(set)) {
        const RegionView view(context.memory, context.pass.loads[tile->weights].region);
        readers.emplace_back(view, *tile, context.ic_lanes, context.oc_lanes);
        if (!view.is_fixed()) is_fixed[set] = 0;
      }
      packed_[set] = std::make_unique<const Packed>(readers);
    });
    is_fixed_ = std::ranges::all_of(is_fixed, [](char fixed) { return fixed != 0; });
    for (const ChainGroup& group : groups) {
      std::vector<const Packed*> chain;
      for (std::size_t i = 0; i < group.length; ++i) chain.push_back(packed_[sets.of(group.begin + i)].get());
      of_group_.push_back(std::move(chain));
    }
  }

  /// Whether they are the same in every run.
  bool is_fixed() const { return is_fixed_; }
  /// One entry a tile of the group's chains.
  std::span<const Packed* const> of(std::size_t group) const { return of_group_[group - first_group_]; }

 private:
  std::size_t first_group_;
  bool is_fixed_ = true;
  std::vector<std::unique_ptr<const Packed>> packed_;  // by set
  std::vector<std::vector<const Packed*>> of_group_;
};

/// Groups of a unit with their weights.
template <class Packed>
struct UnitWork {
  const PassPlan& plan;
  const Unit& unit;
  const WeightStore<Packed>& weights;
};

/// Runs `run(group, weights)` for each group whose chains end in an output.
template <class Packed, class Strip, class Run>
void for_each_group(const PassContext& context, const UnitWork<Packed>& work, Strip& strip, const Run& run) {
  for (std::size_t i = work.unit.begin; i < work.unit.end; ++i) {
    const ChainGroup& group = work.plan.groups()[i];
    const std::span<const Tile> chain = group.chain(context.pass.tiles, 0);
    strip.begin(chain.front());
    if (chain.back().run.hold_sum == 0) run(group, work.weights.of(i));
  }
}

// What one thread at a time runs units with.

template <class Packed, std::size_t kLanesAtOnce, auto make_strip, auto run_group>
class IntegerWorker {
 public:
  using Weights = Packed;
  static constexpr std::size_t kLanes = kLanesAtOnce;  ///< of chains side by side
  explicit IntegerWorker(const PassContext& /*context*/) {}
  void run(const PassContext& context, const UnitWork<Weights>& work) {
    auto strip = make_strip(context, tables_);
    for_each_group(context, work, strip,
                   [&](const ChainGroup& group, auto weights) { run_group(context, strip, group, weights); });
  }

 private:
  TileTables tables_;
};
using ProductWorker = IntegerWorker<ProductWeights, kBlock, product_strip, run_product_chains>;
using ExactWorker = IntegerWorker<ExactWeights, 1, exact_strip, run_exact_chain>;

class StagedWorker {
 public:
  using Weights = ExactWeights;
  static constexpr std::size_t kLanes = 1;
  explicit StagedWorker(const PassContext& context)
      : chain_(*context.pass.staged, context.ic_lanes, context.oc_lanes, most_taps(context.pass.tiles)) {}
  void run(const PassContext& context, const UnitWork<Weights>& work) {
    ExactStrip strip = staged_strip(context, tables_);
    for_each_group(context, work, strip, [&](const ChainGroup& group, auto weights) {
      chain_.run(context, strip, group.chain(context.pass.tiles, 0), weights);
    });
    chain_.free_sums();
  }
  fixed_point::PointEvents take_events() { return chain_.take_events(); }

 private:
  static std::size_t most_taps(const std::vector<Tile>& tiles) {
    std::size_t most = 1;
    for (const Tile& tile : tiles) most = std::max(most, tile.taps());
    return most;
  }

  TileTables tables_;
  StagedChain chain_;
};

template <class Worker>
class TiledPass final : public PreparedPass {
 public:
  TiledPass(Pass pass, const arch::Hardware& hardware, int threads, std::size_t& room)
      : PreparedPass(std::move(pass), hardware), plan_(this->pass(), hardware, threads, Worker::kLanes) {
    using Value = typename decltype(Weights::values)::value_type;
    const std::size_t bytes = plan_.weight_sets().all_elements() * sizeof(Value);
    may_keep_weights_ = bytes <= room;
    if (may_keep_weights_) room -= bytes;
    weights_.resize(plan_.slices().size());
  }

 private:
  using Weights = typename Worker::Weights;

  void run_tiles(const PassContext& context, base::ThreadPool& pool,
                 std::vector<fixed_point::PointEvents>& events) override {
    base::ThreadPool alone(1);
    base::ThreadPool& chosen = plan_.is_parallel() ? pool : alone;
    for (std::size_t i = 0; i < plan_.slices().size(); ++i) {
      const std::span<const Unit> slice = plan_.slices()[i];
      if (!weights_[i]) weights_[i].emplace(context, plan_, slice, chosen);
      chosen.parallel_for(static_cast<std::int64_t>(slice.size()), [&](std::int64_t unit) {
        run_unit(context, slice[static_cast<std::size_t>(unit)], *weights_[i]);
      });
      if (!may_keep_weights_ || !weights_[i]->is_fixed()) weights_[i].reset();
    }
    if constexpr (std::is_same_v<Worker, StagedWorker>) add_events(events.at(pass().settings.layer));
  }

  void add_events(fixed_point::PointEvents& sum) {
    for (const auto& worker : workers_) {
      const fixed_point::PointEvents events = worker->take_events();
      for (std::size_t point = 0; point < events.size(); ++point) sum[point] += events[point];
    }
  }

  void run_unit(const PassContext& context, const Unit& unit, const WeightStore<Weights>& weights) {
    auto worker = acquire(context);
    worker->run(context, {plan_, unit, weights});
    const std::lock_guard lock(mutex_);
    workers_.push_back(std::move(worker));
  }

  std::unique_ptr<Worker> acquire(const PassContext& context) {
    const std::lock_guard lock(mutex_);
    if (workers_.empty()) return std::make_unique<Worker>(context);
    auto worker = std::move(workers_.back());
    workers_.pop_back();
    return worker;
  }

  const PassPlan plan_;
  bool may_keep_weights_;
  std::vector<std::optional<WeightStore<Weights>>> weights_;  // by slice
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;  // that run nothing
};

}  // namespace

PreparedPass::PreparedPass(Pass pass, const arch::Hardware& hardware)
    : pass_(std::move(pass)),
      ic_lanes_(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)) {}

void PreparedPass::run(memory::DramContents& memory, blocks::PostArithmetic& arithmetic,
                       base::ThreadPool& pool, std::vector<fixed_point::PointEvents>& events) {
  load_tables(memory, arithmetic);
  arithmetic.configure(pass_.settings.post);
  run_tiles({pass_, arithmetic, memory, ic_lanes_, oc_lanes_, product_kernels()}, pool, events);
}

void PreparedPass::load_tables(const memory::DramContents& memory, blocks::PostArithmetic& arithmetic) const {
  for (const arch::Load& load : pass_.tables) {
    const RegionView view(memory, load.region);
    std::vector<std::int32_t> values(load.region.elements);
    view.read(0, 0, values.data());
    arithmetic.write_table(load.word, 0, values);
  }
}

std::unique_ptr<PreparedPass> prepare(Pass pass, const arch::Hardware& hardware, int threads,
                                      std::size_t& room) {
  if (pass.staged) return std::make_unique<TiledPass<StagedWorker>>(std::move(pass), hardware, threads, room);
  if (runs_on_products(pass))
    return std::make_unique<TiledPass<ProductWorker>>(std::move(pass), hardware, threads, room);
  return std::make_unique<TiledPass<ExactWorker>>(std::move(pass), hardware, threads, room);
}

}  // namespace dlasim::sim::fast
