#include "random_graph.h"

#include <array>

#include "graph_draft.h"

namespace dlasim::testing {
namespace {

TensorId random_input(GraphDraft& d) {
  Choices& c = d.c;
  const DType type = c.one_of({DType::kInt8, DType::kInt16, DType::kUInt8});
  const bool is_1d = c.chance(25);
  const Shape shape{c.pick(1, 2), is_1d ? 1 : c.pick(1, 7), is_1d ? c.pick(1, 24) : c.pick(1, 9),
                    c.pick(1, 21)};
  return d.input(type, shape);
}

using Adder = TensorId (*)(GraphDraft&, TensorId);

constexpr std::array<Adder, 18> kAdders{
    add_conv,         add_depthwise,     add_transpose_conv, add_fully_connected,
    add_batch_matmul, add_pool,          add_reduce,         add_broadcast_binary,
    add_requantize,   add_clamp,         add_leaky,          add_table,
    add_pad,          add_concat,        add_slice,          add_transpose,
    add_reshape,      add_space_to_batch};

bool needs_images(Adder adder) {
  return adder == add_conv || adder == add_depthwise || adder == add_transpose_conv || adder == add_pool ||
         adder == add_reduce || adder == add_space_to_batch || adder == add_batch_to_space;
}

TensorId add_any(GraphDraft& d, TensorId x) {
  const auto at = static_cast<std::size_t>(d.c.pick(0, static_cast<std::int64_t>(kAdders.size()) + 1));
  const Adder adder = at < kAdders.size() ? kAdders[at]
                      : at == kAdders.size()
                          ? static_cast<Adder>(add_batch_to_space)
                          : [](GraphDraft& g, TensorId t) { return add_curve(g, t, g.c.chance(50)); };
  const bool small = network::element_count(d.shape(x)) <= 4000;
  if ((needs_images(adder) && d.shape(x).size() != 4) || !small) return add_clamp(d, x);
  return adder(d, x);
}

/// Two branches that meet: both convolutions could take the sum into their pass, one must.
TensorId add_meeting_branches(GraphDraft& d, TensorId x) {
  const std::int64_t outputs = d.c.pick(1, 18);
  const std::int64_t kernel = d.c.pick(1, 3);
  const TensorId a = add_same_conv(d, x, outputs, kernel, 1);
  TensorId b = add_same_conv(d, x, outputs, 1, 1);
  if (d.c.chance(50)) b = add_curve(d, b, false);
  if (d.dtype(a) != d.dtype(b)) return a;
  return add_binary(d, a, b);
}

/// What the compiler may run behind a convolution in its pass.
TensorId add_tail(GraphDraft& d, TensorId x) {
  const TensorId y = add_conv(d, x);
  const TensorId t = d.c.chance(60) ? add_curve(d, y, d.c.chance(50)) : y;
  if (!d.c.chance(70)) return t;
  const DType type = d.dtype(t);
  return add_binary(d, t, d.input(type, Shape(d.shape(t))));
}

}  // namespace

RandomGraph random_graph(Choices& choices) {
  GraphDraft d(choices);
  TensorId t = random_input(d);
  const std::int64_t shape = choices.pick(0, 9);
  if (shape == 8) return d.finish(add_meeting_branches(d, t));
  if (shape == 9) return d.finish(add_tail(d, t));
  const std::int64_t length = choices.pick(1, 3);
  for (std::int64_t i = 0; i < length; ++i) t = add_any(d, t);
  return d.finish(t);
}

RandomGraph random_wavenet(Choices& choices) {
  GraphDraft d(choices);
  const DType type = choices.one_of({DType::kInt8, DType::kInt16});
  const std::int64_t residual = choices.pick(1, 19);
  const std::int64_t gate = choices.pick(1, 21);
  TensorId x = d.input(type, {1, 1, choices.pick(2, 40), residual});
  TensorId skip = kNoTensor;
  const std::int64_t layers = choices.pick(1, 2);
  for (std::int64_t i = 0; i < layers; ++i) {
    const TensorId conv =
        add_same_conv(d, x, 2 * gate, choices.pick(1, 3), std::int64_t{1} << choices.pick(0, 3));
    const TensorId filter = add_curve(d, add_channel_slice(d, conv, 0, gate), false);
    const TensorId amount = add_curve(d, add_channel_slice(d, conv, gate, gate), true);
    const TensorId z = choices.chance(50) ? add_product(d, filter, amount) : add_product(d, amount, filter);
    if (choices.chance(50)) {
      const TensorId branch = add_same_conv(d, z, residual, 1, 1);
      skip = skip == kNoTensor ? branch : add_sum(d, skip, branch, false);
    }
    const TensorId back = add_same_conv(d, z, residual, 1, 1);
    x = choices.chance(50) ? add_sum(d, x, back, false) : add_sum(d, back, x, false);
  }
  return d.finish(skip == kNoTensor ? x : add_sum(d, skip, x, false));
}

sim::arch::Hardware random_hardware(Choices& c) {
  sim::arch::Hardware h;
  const auto lanes = [&c] { return static_cast<int>(c.chance(25) ? c.pick(17, 64) : c.pick(1, 16)); };
  h.pe_array.ic_lanes = lanes();
  h.pe_array.oc_lanes = lanes();
  h.pe_array.max_taps = static_cast<int>(c.chance(50) ? c.pick(12, 64) : c.pick(1, 12));
  h.pe_array.activation_bits = c.one_of({16, 32});
  h.pe_array.weight_bits = c.one_of({16, 32});
  h.buffers.activation_kib = static_cast<int>(c.pick(1, 8));
  h.buffers.weight_kib = static_cast<int>(c.pick(1, 8));
  h.buffers.operand_kib = static_cast<int>(c.pick(1, 4));
  h.buffers.output_kib = static_cast<int>(c.pick(1, 4));
  h.buffers.parameter_slots = static_cast<int>(c.pick(2, 6));
  h.buffers.partial_sum_depth = static_cast<int>(c.chance(50) ? c.pick(1, 8) : c.pick(9, 100));
  h.post_processor.latency = static_cast<int>(c.pick(1, 9));
  h.dram.bus_bytes = static_cast<int>(std::int64_t{4} << c.pick(0, 4));
  h.dram.burst_bytes = h.dram.bus_bytes * static_cast<int>(c.pick(1, 4));
  h.dram.row_bytes = std::max(64, h.dram.burst_bytes * static_cast<int>(c.pick(1, 16)));
  h.dram.banks = static_cast<int>(c.pick(1, 4));
  h.dram.latency = static_cast<int>(c.pick(0, 60));
  h.dram.row_miss = static_cast<int>(c.pick(0, 20));
  h.dram.outstanding = static_cast<int>(c.pick(1, 8));
  h.control.command_queue_depth = static_cast<int>(c.pick(1, 8));
  h.control.watchdog_cycles = 5000;
  return h;
}

std::string describe(const sim::arch::Hardware& h) {
  return fmt::format(
      "  hardware: {} ic x {} oc lanes, {} taps, {}/{} bits, KiB {} {} {} {}, {} slots, {} sums, post {}, "
      "bus {}, burst "
      "{}, row {}, latency {}+{}, outstanding {}, queue {}\n",
      h.pe_array.ic_lanes, h.pe_array.oc_lanes, h.pe_array.max_taps, h.pe_array.activation_bits,
      h.pe_array.weight_bits, h.buffers.activation_kib, h.buffers.weight_kib, h.buffers.operand_kib,
      h.buffers.output_kib, h.buffers.parameter_slots, h.buffers.partial_sum_depth, h.post_processor.latency,
      h.dram.bus_bytes, h.dram.burst_bytes, h.dram.row_bytes, h.dram.latency, h.dram.row_miss,
      h.dram.outstanding, h.control.command_queue_depth);
}

}  // namespace dlasim::testing
