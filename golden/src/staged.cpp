#include "golden/staged.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "staged_engine.inl.h"
#include "staged_run.h"

namespace dlasim::golden {

using network::Tensor;

std::string_view name(Point point) {
  constexpr std::array<std::string_view, kPoints> names = {"product", "accumulator", "tree",   "partial_sum",
                                                           "bias",    "activation",  "output", "block"};
  return names.at(static_cast<std::size_t>(point));
}

void PointEvents::record(const Converted& result) {
  ++count;
  if (result.flags != 0) {
    inexact += (result.flags & kInexact) != 0 ? 1 : 0;
    overflow += (result.flags & kOverflow) != 0 ? 1 : 0;
    underflow += (result.flags & kUnderflow) != 0 ? 1 : 0;
    invalid += (result.flags & kInvalid) != 0 ? 1 : 0;
  }
  const double v = to_double(result.value);  // nan compares false
  if (v < min) min = v;
  if (v > max) max = v;
}

PointEvents& PointEvents::operator+=(const PointEvents& other) {
  count += other.count;
  inexact += other.inexact;
  overflow += other.overflow;
  underflow += other.underflow;
  invalid += other.invalid;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  return *this;
}

StageEvents& StageEvents::operator+=(const StageEvents& other) {
  for (std::size_t i = 0; i < points.size(); ++i) points[i] += other.points[i];
  if (tree_levels.size() < other.tree_levels.size()) tree_levels.resize(other.tree_levels.size());
  for (std::size_t i = 0; i < other.tree_levels.size(); ++i) tree_levels[i] += other.tree_levels[i];
  return *this;
}

void place_element(const Geometry& g, std::int64_t position, std::int64_t o,
                   const std::vector<Value>& weights, ElementContext* context) {
  const std::int64_t n = position / (g.out_h * g.out_w);
  const std::int64_t y = position / g.out_w % g.out_h;
  const std::int64_t x = position % g.out_w;
  context->index = position * g.out_c + o;
  context->channel = o;
  context->weights = weights.data();
  context->pixels.clear();
  for (std::int64_t ky = 0; ky < g.kernel_h; ++ky) {
    for (std::int64_t kx = 0; kx < g.kernel_w; ++kx) {
      const std::int64_t pixel = g.input_pixel(n, y, x, ky, kx);
      context->pixels.push_back(pixel < 0 ? -1 : pixel + g.first_channel(o));
    }
  }
}

namespace {

/// Below this many multiply-accumulates threads cost more than they save.
constexpr std::int64_t kWorthThreads = 1000000;

/// Runs all elements of output channels begin .. end - 1.
template <class Store>
StageEvents run_channel_range(const StagedLayer& layer, std::int64_t begin, std::int64_t end,
                              const Store& store) {
  const Geometry& g = layer.geometry();
  ElementEngine engine(layer);
  ElementContext context;
  NoRecorder recorder;
  for (std::int64_t o = begin; o < end; ++o) {
    const std::vector<Value> weights = layer.channel_weights(o);
    for (std::int64_t position = 0; position < g.positions(); ++position) {
      place_element(g, position, o, weights, &context);
      store(context.index, engine.run(context, recorder));
    }
  }
  return engine.events();
}

/// Runs all elements. Each is computed from its own seeds alone, and events are counts and extremes, so
/// neither depends on the number of threads.
template <class Store>
StageEvents run_channels(const StagedLayer& layer, const Store& store) {
  const Geometry& g = layer.geometry();
  const std::int64_t work = g.positions() * g.out_c * g.taps() * g.channels;
  base::ThreadPool pool(work < kWorthThreads ? 1 : 0);
  const std::int64_t parts = std::max<std::int64_t>(1, std::min<std::int64_t>(g.out_c, 4 * pool.threads()));
  std::vector<StageEvents> events(static_cast<std::size_t>(parts));
  pool.parallel_for(parts, [&](std::int64_t part) {
    events[static_cast<std::size_t>(part)] =
        run_channel_range(layer, part * g.out_c / parts, (part + 1) * g.out_c / parts, store);
  });
  StageEvents total;
  for (const StageEvents& part : events) total += part;
  return total;
}

std::vector<Tensor> run_layer(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                              const StagedTensorLookup& lookup, StageEvents* events) {
  const StagedLayer layer(graph, node, lookup);
  const network::QuantizedTensor& info = graph.tensor(node.outputs.at(0));
  Tensor output(info.dtype, info.shape);
  const bool affine = layer.requantization().has_value();
  std::optional<CodeWriter> writer;
  if (!affine) writer.emplace(layer.numerics().output, info.dtype);
  const auto store = [&](std::int64_t index, std::int64_t result) {
    if (affine) {
      output.set_integer(index, result);
    } else {
      writer->write(&output, index, static_cast<std::uint64_t>(result));
    }
  };
  const StageEvents found = run_channels(layer, store);
  if (events != nullptr) *events += found;
  std::vector<Tensor> outputs;
  outputs.push_back(std::move(output));
  return outputs;
}

}  // namespace

bool is_staged_operation(const network::QuantizedOperation& operation) {
  return mac_parameters(operation) != nullptr ||
         std::holds_alternative<network::qop::StagedBinary>(operation) ||
         std::holds_alternative<network::qop::StagedConvert>(operation);
}

std::vector<Tensor> run_staged_node(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                                    const StagedTensorLookup& lookup, StageEvents* events) {
  if (std::holds_alternative<network::qop::StagedBinary>(node.operation)) {
    return run_staged_binary(graph, node, lookup, events);
  }
  if (std::holds_alternative<network::qop::StagedConvert>(node.operation)) {
    return run_staged_convert(graph, node, lookup, events);
  }
  return run_layer(graph, node, lookup, events);
}

}  // namespace dlasim::golden
