#include <fmt/core.h>

#include "base/error.h"
#include "staged_engine.inl.h"
#include "staged_layer.h"
#include "staged_run.h"

namespace dlasim::golden {

namespace {

/// Writes every step of an element down.
class TraceRecorder {
 public:
  TraceRecorder(const StagedLayer& layer, ElementTrace* trace) : layer_(layer), trace_(trace) {}

  void start_tile() { trace_->tiles.emplace_back(); }
  void start_lane() { trace_->tiles.back().lanes.emplace_back(); }
  void start_block(const ElementContext& context, std::int64_t first, std::int64_t tap) {
    BlockTrace block;
    const std::int64_t pixel = context.pixels[static_cast<std::size_t>(tap)];
    if (pixel >= 0) block.x_scale = layer_.input().scale(pixel + first);
    block.w_scale = layer_.weight().scale(weight_index(context, first, tap));
    trace_->blocks.push_back(std::move(block));
  }
  void tap(const ElementContext& context, std::int64_t channel, std::int64_t tap, std::int64_t pixel,
           const Value& x, const Value& w, const Converted& product) {
    TapTrace step;
    step.channel = channel;
    step.ky = tap / layer_.geometry().kernel_w;
    step.kx = tap % layer_.geometry().kernel_w;
    step.padded = pixel < 0;
    if (!step.padded) step.x_code = layer_.input().code(pixel + channel);
    step.w_code = layer_.weight().code(weight_index(context, channel, tap));
    step.x = x;
    step.w = w;
    step.product = product;
    auto& steps = layer_.block_mode() ? trace_->blocks.back().elements : trace_->tiles.back().lanes.back();
    steps.push_back(step);
  }
  void accumulator(const Converted& result) { trace_->tiles.back().lanes.back().back().accumulator = result; }
  void start_level() { tree().emplace_back(); }
  void node(const Converted& result) { tree().back().push_back(result); }
  void block(const Converted& result) { trace_->blocks.back().block = result; }
  void partial_sum(const Converted& result) {
    (layer_.block_mode() ? trace_->blocks.back().partial_sum : trace_->tiles.back().partial_sum) = result;
  }
  void bias(const ElementContext& context, const Value& b, const Converted& result) {
    trace_->bias_code = layer_.bias()->code(context.channel);
    trace_->bias_operand = b;
    trace_->bias = result;
  }
  void function(const Value& v) { trace_->function = v; }
  void activation(const Converted& result) { trace_->activation = result; }
  void output(const Converted& result) { trace_->output = result; }
  void affine_output(std::int64_t y) { trace_->affine_output = y; }

 private:
  std::int64_t weight_index(const ElementContext& context, std::int64_t channel, std::int64_t tap) const {
    const Geometry& g = layer_.geometry();
    return g.weight_index(context.channel, tap / g.kernel_w, tap % g.kernel_w, channel);
  }
  std::vector<std::vector<Converted>>& tree() {
    return layer_.block_mode() ? trace_->blocks.back().tree : trace_->tiles.back().tree;
  }

  const StagedLayer& layer_;
  ElementTrace* trace_;
};

}  // namespace

ElementTrace trace_element(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                           const StagedTensorLookup& lookup, std::int64_t element) {
  return with_node_name(node, [&] {
    const StagedLayer layer(graph, node, lookup);
    const Geometry& g = layer.geometry();
    const std::int64_t size = g.positions() * g.out_c;
    if (element < 0 || element >= size) {
      throw base::InputError(fmt::format("the output has no element {}: it has {}", element, size));
    }
    ElementTrace trace;
    trace.element = element;
    ElementContext context;
    const std::int64_t o = element % g.out_c;
    const std::vector<Value> weights = layer.channel_weights(o);
    place_element(g, element / g.out_c, o, weights, &context);
    ElementEngine engine(layer);
    TraceRecorder recorder(layer, &trace);
    engine.run(context, recorder);
    return trace;
  });
}

}  // namespace dlasim::golden
