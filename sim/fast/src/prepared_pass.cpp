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

/// Packed weights of tiles, each set once.
template <class Packed>
class WeightStore {
 public:
  /// Those of the tiles of a slice.
  WeightStore(const PassContext& context, const WeightSets& sets, std::span<const Unit> slice,
              base::ThreadPool& pool)
      : first_tile_(slice.front().begin) {
    std::vector<bool> is_wanted(sets.count(), false);
    std::vector<std::size_t> wanted;
    for (std::size_t tile = first_tile_; tile < slice.back().end; ++tile) {
      if (!is_wanted[sets.of(tile)]) wanted.push_back(sets.of(tile));
      is_wanted[sets.of(tile)] = true;
    }
    packed_.resize(sets.count());
    std::vector<char> is_fixed(sets.count(), 1);  // a byte each: they are written side by side
    pool.parallel_for(static_cast<std::int64_t>(wanted.size()), [&](std::int64_t i) {
      const std::size_t set = wanted[static_cast<std::size_t>(i)];
      const Tile& tile = sets.tile(set);
      const RegionView view(context.memory, context.pass.loads[tile.weights].region);
      const WeightReader reader(view, tile, context.ic_lanes, context.oc_lanes);
      packed_[set] = std::make_unique<const Packed>(reader);
      is_fixed[set] = view.is_fixed();
    });
    is_fixed_ = std::ranges::all_of(is_fixed, [](char fixed) { return fixed != 0; });
    for (std::size_t tile = first_tile_; tile < slice.back().end; ++tile)
      of_tile_.push_back(packed_[sets.of(tile)].get());
  }

  /// Whether they are the same in every run.
  bool is_fixed() const { return is_fixed_; }
  /// One entry a tile of the unit.
  std::span<const Packed* const> of(const Unit& unit) const {
    return std::span(of_tile_).subspan(unit.begin - first_tile_, unit.end - unit.begin);
  }

 private:
  std::size_t first_tile_;
  bool is_fixed_ = true;
  std::vector<std::unique_ptr<const Packed>> packed_;  // by set
  std::vector<const Packed*> of_tile_;
};

/// Runs `chain(tiles, weights)` for each chain of a unit that ends in an output.
template <class Packed, class Strip, class Run>
void for_each_chain(std::span<const Tile> tiles, std::span<const Packed* const> weights, Strip& strip,
                    const Run& run) {
  for (std::size_t begin = 0; begin < tiles.size();) {
    const std::size_t end = end_of_chain(tiles, begin);
    strip.begin(tiles[begin]);
    if (tiles[end - 1].run.hold_sum == 0)
      run(tiles.subspan(begin, end - begin), weights.subspan(begin, end - begin));
    begin = end;
  }
}

// What one thread at a time runs units with.

class ProductWorker {
 public:
  using Weights = ProductWeights;
  ProductWorker(const Pass& /*pass*/, const PassContext& /*context*/) {}
  void run(const PassContext& context, std::span<const Tile> tiles,
           std::span<const ProductWeights* const> weights) {
    ProductStrip strip = product_strip(context, tables_);
    for_each_chain(tiles, weights, strip, [&](auto chain, auto chain_weights) {
      run_product_chain(context, strip, chain, chain_weights);
    });
  }

 private:
  TileTables tables_;
};

class ExactWorker {
 public:
  using Weights = ExactWeights;
  ExactWorker(const Pass& /*pass*/, const PassContext& /*context*/) {}
  void run(const PassContext& context, std::span<const Tile> tiles,
           std::span<const ExactWeights* const> weights) {
    ExactStrip strip = exact_strip(context, tables_);
    for_each_chain(tiles, weights, strip, [&](auto chain, auto chain_weights) {
      run_exact_chain(context, strip, chain, chain_weights);
    });
  }

 private:
  TileTables tables_;
};

class StagedWorker {
 public:
  using Weights = ExactWeights;
  StagedWorker(const Pass& pass, const PassContext& context)
      : chain_(*pass.staged, context.ic_lanes, context.oc_lanes, most_taps(pass.tiles)) {}
  void run(const PassContext& context, std::span<const Tile> tiles,
           std::span<const ExactWeights* const> weights) {
    ExactStrip strip = staged_strip(context, tables_);
    for_each_chain(tiles, weights, strip,
                   [&](auto chain, auto chain_weights) { chain_.run(context, strip, chain, chain_weights); });
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
      : PreparedPass(std::move(pass), hardware), plan_(this->pass(), hardware, threads) {
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
      if (!weights_[i]) weights_[i].emplace(context, plan_.weight_sets(), slice, chosen);
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
    worker->run(context, std::span(pass().tiles).subspan(unit.begin, unit.end - unit.begin),
                weights.of(unit));
    const std::lock_guard lock(mutex_);
    workers_.push_back(std::move(worker));
  }

  std::unique_ptr<Worker> acquire(const PassContext& context) {
    const std::lock_guard lock(mutex_);
    if (workers_.empty()) return std::make_unique<Worker>(pass(), context);
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
