/// Passes of a product of two tensors: one of them lies in DRAM as the weights.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "pass_builder.h"
#include "pass_parts.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

std::vector<Pass> PassBuilder::build(const Node& node, const qop::BatchMatmul& op) {
  if (node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor)
    throw base::UnsupportedError(fmt::format("batch_matmul '{}': a bias", node.name));
  // a [B, M, K] times b [B, K, N]: b's rows are the weights. Zero points are subtracted by a pass of their
  // own, transposed inputs are transposed by one.
  std::vector<Pass> passes;
  struct Operand {
    std::uint64_t address = 0;
    std::vector<std::int64_t> batch;  // dimensions before the matrix
    std::int64_t rows = 0, columns = 0;
    arch::Element element = arch::Element::kInt8;
  };
  const auto prepare = [&](network::TensorId t, bool transpose, std::int64_t zero_point) {
    const network::Shape& shape = tensor(t).shape;
    Operand operand{address(t),
                    {shape.begin(), shape.end() - 2},
                    shape[shape.size() - 2],
                    shape.back(),
                    element_of(tensor(t).dtype)};
    const std::int64_t images =
        std::accumulate(operand.batch.begin(), operand.batch.end(), std::int64_t{1}, std::multiplies<>());
    if (transpose) {
      const std::int64_t size = arch::bytes_of(operand.element);
      const std::uint64_t to =
          image_.reserve(static_cast<std::uint64_t>(images * operand.rows * operand.columns * size));
      move(node, operand.address, to, operand.element,
           {{images, operand.rows * operand.columns * size, operand.rows * operand.columns * size},
            {operand.columns, size, operand.rows * size},
            {operand.rows, operand.columns * size, size}},
           passes);
      operand.address = to;
      std::swap(operand.rows, operand.columns);
    }
    if (zero_point != 0) {
      if (network::bytes_per_element(tensor(t).dtype) > 1) {
        throw base::UnsupportedError(fmt::format("batch_matmul '{}': a zero point of {} tensor '{}'",
                                                 node.name, network::name(tensor(t).dtype), tensor(t).name));
      }
      Pass shift;
      shift.input = dense_view(operand.address, tensor(t).dtype, {images, 1, operand.rows, operand.columns});
      const std::uint64_t to =
          image_.reserve(static_cast<std::uint64_t>(images * operand.rows * operand.columns * 2));
      shift.output = dense_view(to, network::DType::kInt16, {images, 1, operand.rows, operand.columns});
      shift.settings.post = pass_through();
      shift.oc_tiles =
          channelwise_tiles(operand.columns, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
      shift.weights = identity();
      shift.parameters = bias_only(-zero_point);
      passes.push_back(std::move(shift));
      operand.address = to;
      operand.element = arch::Element::kInt16;
    }
    return operand;
  };
  const Operand a = prepare(node.inputs[0], op.adj_x, op.mac.input_zero_point);
  const Operand b = prepare(node.inputs[1], op.adj_y, op.mac.weight_zero_point);

  // The last batch dimension is the pass's images; each index of the one before it is a pass of its own.
  const auto batch_of = [](const Operand& o, std::size_t from_back) {
    return from_back < o.batch.size() ? o.batch[o.batch.size() - 1 - from_back] : 1;
  };
  const std::int64_t images = std::max(batch_of(a, 0), batch_of(b, 0));
  const std::int64_t outer = std::max(batch_of(a, 1), batch_of(b, 1));
  const auto matrix_view = [&](const Operand& o, std::int64_t outer_index) {
    const std::int64_t row = o.columns * arch::bytes_of(o.element);
    const std::int64_t matrix = o.rows * row;
    View v;
    v.address = o.address;
    if (batch_of(o, 1) > 1) v.address += static_cast<std::uint64_t>(outer_index * batch_of(o, 0) * matrix);
    v.element = o.element;
    v.size = {images, 1, o.rows, o.columns};
    v.stride = {batch_of(o, 0) == 1 ? 0 : matrix, matrix, row};
    return v;
  };
  for (std::int64_t i = 0; i < outer; ++i) {
    Pass pass = convolution(node, {}, op.mac);
    pass.input = matrix_view(a, i);
    pass.output =
        dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {images, 1, a.rows, b.columns});
    pass.output.address += static_cast<std::uint64_t>(i * images * pass.output.stride[0]);
    pass.settings.pad_value = 0;
    pass.settings.wide_accumulator =
        a.columns > 1 << 13 || tensor(node.inputs[0]).dtype == network::DType::kInt16;
    pass.oc_tiles = dense_tiles(a.columns, b.columns, 1, true);
    pass.weights = TensorWeights{matrix_view(b, i)};
    pass.parameters = [mac = op.mac](std::int64_t oc) {
      const network::Multiplier& m = entry(mac.multiplier, oc);
      return arch::ChannelParameters{0, m.mantissa, m.shift};
    };
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace dlasim::sim::compiler
