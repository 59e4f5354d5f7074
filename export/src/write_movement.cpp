/// Pooling, reductions and operators that move codes.

#include <algorithm>

#include "c_text.h"
#include "writers.h"

namespace dlasim::exporter {

namespace qop = network::qop;
using network::DType;
using network::Shape;
using Strides = std::vector<std::int64_t>;

namespace {

/// "{1, 2, 3}"
std::string list(const std::vector<std::int64_t>& values) {
  return fmt::format("{{{}}}", fmt::join(values, ", "));
}

void require_same_type(const LayerWriter& layer) {
  LayerWriter::require(layer.input(0).dtype == layer.output().dtype, "changes the type");
}

/// An array of int32 in front of the function.
std::string int32_list(std::string_view what, const std::vector<std::int64_t>& values, LayerWriter& layer) {
  layer.define("int32_t", fmt::format("{}[{}]", what, values.size()), list(values));
  return layer.name(what);
}

}  // namespace

Strides dense_strides(const Shape& shape) {
  Strides strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

void write_move(const Move& move, DType dtype, const std::string& from, const std::string& to,
                std::size_t number, LayerWriter& layer) {
  layer.use(HelperKind::kMove, dtype);
  const std::string shape = int32_list(fmt::format("move{}_shape", number), move.shape, layer);
  const std::string read = int32_list(fmt::format("move{}_from", number), move.from_strides, layer);
  const std::string write = int32_list(fmt::format("move{}_to", number), move.to_strides, layer);
  const auto at = [](const std::string& pointer, std::int64_t start) {
    return start == 0 ? pointer : fmt::format("{} + {}", pointer, start);
  };
  layer.line("move_{}({}, {}, {},\n      {}, {}, {});", suffix(dtype), move.shape.size(), shape,
             at(from, move.from_start), read, at(to, move.to_start), write);
}

std::string broadcast_input(std::size_t position, std::string_view name, LayerWriter& layer) {
  const auto& tensor = layer.input(position);
  const Shape& wanted = layer.output().shape;
  if (network::element_count(tensor.shape) == network::element_count(wanted)) {
    return layer.input_pointer(position, name);
  }
  LayerWriter::require(tensor.shape.size() <= wanted.size(),
                       "an operand with more dimensions than the result");
  const std::string from = layer.input_pointer(position, fmt::format("{}_as_given", name));
  const std::string to = layer.temporary(name, tensor.dtype, network::element_count(wanted));
  Move move{wanted, 0, 0, Strides(wanted.size(), 0), dense_strides(wanted)};
  const Strides given = dense_strides(tensor.shape);
  const std::size_t ahead = wanted.size() - tensor.shape.size();
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    LayerWriter::require(tensor.shape[d] == 1 || tensor.shape[d] == wanted[ahead + d],
                         "{} does not become {}", network::to_string(tensor.shape),
                         network::to_string(wanted));
    if (tensor.shape[d] > 1) move.from_strides[ahead + d] = given[d];
  }
  write_move(move, tensor.dtype, from, to, position, layer);
  return to;
}

void write(const qop::Pool2d& op, LayerWriter& layer) {
  const DType dtype = layer.output().dtype;
  LayerWriter::require(dtype == DType::kInt8 || dtype == DType::kInt16, "{} elements", network::name(dtype));
  require_same_type(layer);
  auto in = as_nhwc(layer.input(0).shape);
  auto out = as_nhwc(layer.output().shape);
  const std::int64_t batches = in[0];
  const std::int64_t in_image = in[1] * in[2] * in[3];
  const std::int64_t out_image = out[1] * out[2] * out[3];
  in[0] = out[0] = 1;
  layer.define("cmsis_nn_dims", "input_dims", dims(in));
  layer.define("cmsis_nn_dims", "filter_dims", dims({1, op.kernel[0], op.kernel[1], 1}));
  layer.define("cmsis_nn_dims", "output_dims", dims(out));
  layer.define(
      "cmsis_nn_pool_params", "params",
      fmt::format("{{\n    .stride = {}, .padding = {}, .activation = {{.min = {}, .max = {}}}}}",
                  tile(op.stride), tile({op.padding.top, op.padding.left}), op.clamp.min, op.clamp.max));
  layer.input_pointer(0, "input");
  layer.output_pointer();
  const bool average = op.kind == network::op::Pool2d::Kind::kAverage;
  if (average) {
    layer.scratch(fmt::format("arm_avgpool_{}_get_buffer_size({}, {})", suffix(dtype), out[2], out[3]));
    layer.context();
  } else {
    layer.line("const cmsis_nn_context ctx = {{NULL, 0}};");
  }
  const std::string function = fmt::format("arm_{}_{}", average ? "avgpool" : "max_pool", suffix(dtype));
  const std::string& p = layer.prefix();
  if (batches == 1) {
    layer.call(
        "{1}(&ctx, &{0}params, &{0}input_dims, input,\n      &{0}filter_dims, &{0}output_dims, output)", p,
        function);
    return;
  }
  layer.line("for (int32_t n = 0; n < {}; ++n) {{", batches);
  layer.line("  const arm_cmsis_nn_status status = {1}(&ctx, &{0}params, &{0}input_dims, input + n * {2},", p,
             function, in_image);
  layer.line("      &{0}filter_dims, &{0}output_dims, output + n * {1});", p, out_image);
  layer.line("  if (status != ARM_CMSIS_NN_SUCCESS) return status;");
  layer.line("}}");
}

void write(const qop::Reduce& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  LayerWriter::require(op.rule != network::RequantRule::kInt64, "64-bit accumulators");
  const DType in = layer.input(0).dtype;
  const DType out = layer.output().dtype;
  for (const DType dtype : {in, out}) {
    LayerWriter::require(dtype == DType::kInt8 || dtype == DType::kInt16, "{} elements",
                         network::name(dtype));
  }
  const Shape& shape = layer.input(0).shape;
  Shape kept = shape;
  std::int64_t count = 1;
  for (const int axis : op.axes) {
    const auto d = static_cast<std::size_t>(axis < 0 ? axis + static_cast<int>(shape.size()) : axis);
    kept.at(d) = 1;
  }
  Strides strides = dense_strides(kept);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (kept[d] == shape[d]) continue;
    strides[d] = 0;
    count *= shape[d];
  }
  const std::int64_t results = network::element_count(layer.output().shape);
  layer.use(HelperKind::kReduce, in, out);
  const std::string extents = int32_list("shape", shape, layer);
  const std::string steps = int32_list("sum_strides", strides, layer);
  layer.input_pointer(0, "input");
  const std::string sums = layer.temporary("sums", DType::kInt32, results);
  layer.output_pointer();
  layer.line("reduce_{}_{}({}, {}, input, {}, {}, {}, {},\n      {}, {}, {}, {}, output, {});", suffix(in),
             suffix(out), shape.size(), extents, steps, sums, -op.input_zero_point * count,
             literal(op.multiplier.mantissa), op.multiplier.shift, op.output_zero_point, op.clamp.min,
             op.clamp.max, results);
}

void write(const qop::Pad& op, LayerWriter& layer) {
  require_same_type(layer);
  const DType dtype = layer.output().dtype;
  const Shape& in = layer.input(0).shape;
  const Shape& out = layer.output().shape;
  layer.input_pointer(0, "input");
  layer.output_pointer();
  if (dtype == DType::kInt8 && in.size() <= 4) {
    const auto four = [](std::vector<std::int64_t> values) {
      values.insert(values.begin(), 4 - values.size(), 0);
      return values;
    };
    layer.define("cmsis_nn_dims", "input_dims", dims(as_nhwc(in)));
    layer.define("cmsis_nn_dims", "before", dims(four(op.before)));
    layer.define("cmsis_nn_dims", "after", dims(four(op.after)));
    layer.call("arm_pad_s8(input, output, {1}, &{0}input_dims, &{0}before, &{0}after)", layer.prefix(),
               op.value);
    return;
  }
  layer.use(HelperKind::kFill, dtype);
  layer.line("fill_{}(output, {}, {});", suffix(dtype), literal(op.value), network::element_count(out));
  Move move{in, 0, 0, dense_strides(in), dense_strides(out)};
  for (std::size_t d = 0; d < in.size(); ++d) move.to_start += op.before[d] * move.to_strides[d];
  write_move(move, dtype, "input", "output", 0, layer);
}

void write(const qop::Transpose& op, LayerWriter& layer) {
  require_same_type(layer);
  const DType dtype = layer.output().dtype;
  const Shape& in = layer.input(0).shape;
  layer.input_pointer(0, "input");
  layer.output_pointer();
  if (dtype == DType::kInt8 && in.size() <= 4) {
    // All ranks as four dimensions, whose path is the plainest.
    const std::size_t ahead = 4 - in.size();
    std::vector<std::int64_t> perm;
    for (std::size_t d = 0; d < ahead; ++d) perm.push_back(static_cast<std::int64_t>(d));
    for (const int p : op.perm) perm.push_back(p + static_cast<std::int64_t>(ahead));
    layer.define("uint32_t", "perm[4]", list(perm));
    layer.define("cmsis_nn_transpose_params", "params",
                 fmt::format("{{.num_dims = 4, .permutations = {}}}", layer.name("perm")));
    layer.define("cmsis_nn_dims", "input_dims", dims(as_nhwc(in)));
    layer.define("cmsis_nn_dims", "output_dims", dims(as_nhwc(layer.output().shape)));
    layer.call("arm_transpose_s8(input, output, &{0}input_dims, &{0}output_dims, &{0}params)",
               layer.prefix());
    return;
  }
  const Strides dense = dense_strides(in);
  Move move{layer.output().shape, 0, 0, {}, dense_strides(layer.output().shape)};
  for (const int p : op.perm) move.from_strides.push_back(dense.at(static_cast<std::size_t>(p)));
  write_move(move, dtype, "input", "output", 0, layer);
}

void write(const qop::Reshape&, LayerWriter& layer) {
  require_same_type(layer);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line("memcpy(output, input, {});",
             network::element_count(layer.output().shape) * network::bytes_per_element(layer.output().dtype));
}

void write(const qop::Concat& op, LayerWriter& layer) {
  const Shape& out = layer.output().shape;
  const DType dtype = layer.output().dtype;
  const auto rank = static_cast<std::int64_t>(out.size());
  const auto axis = static_cast<std::size_t>(op.axis < 0 ? op.axis + rank : op.axis);
  // Elements have no meaning here, so every type is concatenated as bytes: x is one slice along the axis.
  std::int64_t slice = network::bytes_per_element(dtype);
  for (std::size_t d = axis + 1; d < out.size(); ++d) slice *= out[d];
  std::int64_t outer = 1;
  for (std::size_t d = 0; d < axis; ++d) outer *= out[d];
  constexpr std::int64_t kMost = 65535;
  const bool fits = slice <= kMost && outer <= kMost && out.at(axis) <= kMost;
  std::int64_t done = 0;
  for (std::size_t i = 0; i < layer.node().inputs.size(); ++i) {
    LayerWriter::require(layer.input(i).dtype == dtype, "operands of two types");
    const std::string name = layer.input_pointer(i, fmt::format("input{}", i));
    const std::int64_t extent = layer.input(i).shape.at(axis);
    if (fits) {
      layer.line(
          "arm_concatenation_s8_y((const int8_t *){}, {}, {}, {}, 1,\n      (int8_t *)output, {}, {});", name,
          slice, extent, outer, out[axis], done);
    } else {
      const Move move{layer.input(i).shape, 0, done * dense_strides(out)[axis],
                      dense_strides(layer.input(i).shape), dense_strides(out)};
      write_move(move, dtype, name, "output", i, layer);
    }
    done += extent;
  }
  layer.output_pointer();
}

void write(const qop::Slice& op, LayerWriter& layer) {
  require_same_type(layer);
  const Strides dense = dense_strides(layer.input(0).shape);
  Move move{op.size, 0, 0, dense, dense_strides(op.size)};
  for (std::size_t d = 0; d < dense.size(); ++d) {
    move.from_start += op.begin[d] * dense[d];
    move.from_strides[d] *= op.stride[d];
  }
  layer.input_pointer(0, "input");
  layer.output_pointer();
  write_move(move, layer.output().dtype, "input", "output", 0, layer);
}

namespace {

/// Pixels of one phase of a block grid along one dimension: those of the whole image that are
/// `first + k * block`, k from `index`, `count` of them.
struct Phase {
  std::int64_t first = 0, index = 0, count = 0;
};

/// `offset`: the image starts that many pixels into the grid; `extent`: its size.
Phase phase_of(std::int64_t phase, std::int64_t block, std::int64_t offset, std::int64_t extent) {
  Phase result;
  result.index = phase >= offset ? 0 : (offset - phase + block - 1) / block;
  result.first = phase + result.index * block - offset;
  result.count = result.first < extent ? (extent - 1 - result.first) / block + 1 : 0;
  return result;
}

struct BlockMove {
  network::Pair block, offset;
  Shape whole, cut;  ///< image; batches of its phases
  bool to_batches;
};

/// One box for each phase of the block: pixels of the whole image, and the batch that holds them.
void write_blocks(const BlockMove& blocks, LayerWriter& layer) {
  const Strides whole = dense_strides(blocks.whole);
  const Strides cut = dense_strides(blocks.cut);
  const std::int64_t batches = blocks.whole[0];
  std::size_t number = 0;
  for (std::int64_t by = 0; by < blocks.block[0]; ++by) {
    for (std::int64_t bx = 0; bx < blocks.block[1]; ++bx) {
      const Phase y = phase_of(by, blocks.block[0], blocks.offset[0], blocks.whole[1]);
      const Phase x = phase_of(bx, blocks.block[1], blocks.offset[1], blocks.whole[2]);
      const std::int64_t rows = std::min(y.count, blocks.cut[1] - y.index);
      const std::int64_t columns = std::min(x.count, blocks.cut[2] - x.index);
      if (rows <= 0 || columns <= 0) continue;
      const std::int64_t batch = (by * blocks.block[1] + bx) * batches;
      const std::int64_t in_whole = y.first * whole[1] + x.first * whole[2];
      const std::int64_t in_cut = batch * cut[0] + y.index * cut[1] + x.index * cut[2];
      const Strides apart{whole[0], whole[1] * blocks.block[0], whole[2] * blocks.block[1], 1};
      const Shape shape{batches, rows, columns, blocks.whole[3]};
      const Move move = blocks.to_batches ? Move{shape, in_whole, in_cut, apart, cut}
                                          : Move{shape, in_cut, in_whole, cut, apart};
      write_move(move, layer.output().dtype, "input", "output", number++, layer);
    }
  }
}

}  // namespace

void write(const qop::SpaceToBatch& op, LayerWriter& layer) {
  require_same_type(layer);
  const DType dtype = layer.output().dtype;
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.use(HelperKind::kFill, dtype);
  layer.line("fill_{}(output, {}, {});", suffix(dtype), literal(op.value),
             network::element_count(layer.output().shape));
  write_blocks({op.block,
                {op.padding.top, op.padding.left},
                as_nhwc(layer.input(0).shape),
                as_nhwc(layer.output().shape),
                true},
               layer);
}

void write(const qop::BatchToSpace& op, LayerWriter& layer) {
  require_same_type(layer);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  write_blocks({op.block,
                {op.crop.top, op.crop.left},
                as_nhwc(layer.output().shape),
                as_nhwc(layer.input(0).shape),
                false},
               layer);
}

}  // namespace dlasim::exporter
