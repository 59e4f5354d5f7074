#include "staged_layers.h"

#include <bit>
#include <string>
#include <utility>

#include "staged_stimulus.h"

namespace dlasim::sim::cosim {
namespace {

using network::NumberFormat;
using network::Shape;
using network::TensorId;
namespace qop = network::qop;

NumberFormat number_format(const fixed_point::Format& f) {
  NumberFormat n;
  n.kind = static_cast<NumberFormat::Kind>(f.kind);
  n.bits = f.bits, n.fl = f.fl, n.is_signed = f.is_signed;
  n.exp = f.exp, n.man = f.man, n.bias = f.bias;
  n.exp_zero = static_cast<network::ExpZero>(f.exp_zero);
  n.specials = static_cast<network::Specials>(f.specials);
  n.rounding = static_cast<network::Rounding>(f.rounding);
  n.overflow = static_cast<network::Overflow>(f.overflow);
  if (f.lfsr.bits != 0) n.lfsr = network::Lfsr{f.lfsr.bits, f.lfsr.seed};
  return n;
}

class StagedBuilder {
 public:
  StagedBuilder(const arch::Hardware& h, std::uint64_t seed) : h_(h), s_(h, seed) {
    layer_.graph.name = "staged";
    layer_.graph.reduction_lanes = h.pe_array.ic_lanes;
  }

  SmallLayer reduction() {
    settings_ = random_staged(s_, h_);
    tame_ = s_.chance(60);
    const std::int64_t kind = s_.uniform(0, 4);
    const std::int64_t groups = kind == 1 ? 2 : 1;
    const std::int64_t channels = s_.uniform(1, 7) * groups;
    const std::int64_t outputs = kind == 2 ? channels : s_.uniform(1, 5) * groups;
    const std::int64_t kh = s_.uniform(1, 3), kw = s_.uniform(1, 3);
    const network::Pair dilation{s_.uniform(1, 2), s_.uniform(1, 2)},
        stride{s_.uniform(1, 2), s_.uniform(1, 2)};
    const network::Padding p{s_.uniform(0, 2), s_.uniform(0, 2), s_.uniform(0, 1), s_.uniform(0, 1)};
    Shape in{1, kHeight, kWidth, channels}, weight{outputs, kh, kw, channels / groups};
    Shape out{1, (kHeight + p.top + p.bottom - (kh - 1) * dilation[0] - 1) / stride[0] + 1,
              (kWidth + p.left + p.right - (kw - 1) * dilation[1] - 1) / stride[1] + 1, outputs};
    network::QuantizedOperation op = qop::Conv2d{stride, dilation, p, groups, {}};
    if (kind == 2) op = qop::DepthwiseConv2d{stride, dilation, p, 1, {}}, weight = {1, kh, kw, outputs};
    if (kind == 3) {
      const std::int64_t rows = kHeight;
      op = qop::FullyConnected{}, in = {rows, channels}, weight = {outputs, channels}, out = {rows, outputs};
    }
    const bool has_bias = settings_.has_bias != 0;
    const TensorId x = codes("input", settings_.input, in, false);
    const TensorId w = codes("weight", settings_.weight, weight, true);
    const TensorId b = has_bias ? codes("bias", settings_.bias_operand, {outputs}, true) : network::kNoTensor;
    return finish(std::move(op), {x, w, b}, out);
  }

  SmallLayer elementwise() {
    settings_ = random_elementwise(s_, h_);
    const Shape shape{1, s_.uniform(1, 5), s_.uniform(1, 5), s_.uniform(1, 7)};
    const TensorId a = codes("a", settings_.input, shape, false);
    if (settings_.elementwise == arch::StagedElementwise::kConvert)
      return finish(qop::StagedConvert{}, {a}, shape);
    using Kind = network::op::Binary::Kind;
    const Kind kinds[] = {Kind::kAdd, Kind::kSub, Kind::kMul, Kind::kMinimum, Kind::kMaximum};
    const TensorId b = codes("b", settings_.weight, shape, false);
    return finish(qop::StagedBinary{kinds[s_.below(5)]}, {a, b}, shape);
  }

 private:
  static constexpr std::int64_t kHeight = 5, kWidth = 6;

  static network::DType dtype_of(int bits) {
    return bits <= 8    ? network::DType::kInt8
           : bits <= 16 ? network::DType::kInt16
           : bits <= 32 ? network::DType::kInt32
                        : network::DType::kInt64;
  }

  /// Any code, or, of a tame layer of minifloat, numbers near 1.
  std::int64_t random_code(const fixed_point::Format& f) {
    const int bits = f.code_bits();
    std::int64_t code = s_.uniform(0, static_cast<std::int64_t>(fixed_point::low_mask(bits)));
    if (f.kind == fixed_point::Kind::kMinifloat && tame_ && s_.chance(97)) {
      const std::int64_t exponent = std::max<std::int64_t>(0, f.bias + s_.uniform(-3, 1));
      const std::int64_t mantissa = code & static_cast<std::int64_t>(fixed_point::low_mask(f.man));
      code = s_.uniform(0, 1) << (bits - 1) | exponent << f.man | mantissa;
    }
    return sign_extended(static_cast<std::uint64_t>(code), bits);
  }
  static std::int64_t sign_extended(std::uint64_t code, int bits) {
    return static_cast<std::int64_t>(code << (64 - bits)) >> (64 - bits);
  }

  TensorId codes(const char* name, const fixed_point::Format& f, const Shape& shape, bool is_constant) {
    network::QuantizedTensor t;
    t.name = name, t.shape = shape, t.dtype = dtype_of(f.code_bits());
    t.format = network::OperandFormat{number_format(f), 0};
    network::Tensor values(t.dtype, shape);
    for (std::int64_t i = 0; i < values.size(); ++i) values.set_integer(i, random_code(f));
    if (is_constant) t.constant = values;
    const TensorId id = layer_.graph.add_tensor(std::move(t));
    if (!is_constant) layer_.graph.inputs.push_back(id), layer_.inputs.push_back(std::move(values));
    return id;
  }

  network::StagedNumerics numerics() const {
    const arch::StagedSettings& r = settings_;
    network::StagedNumerics n;
    n.input.element = number_format(r.input), n.weight.element = number_format(r.weight);
    if (r.has_bias != 0) n.bias_operand = number_format(r.bias_operand);
    n.product = number_format(r.product), n.accumulator = number_format(r.accumulator);
    for (int level = 0; level < h_.tree_levels(); ++level)
      n.tree.push_back(number_format(r.tree.at(static_cast<std::size_t>(level))));
    if (n.tree.empty()) n.tree.push_back(n.accumulator);
    n.partial_sum = number_format(r.partial_sum), n.bias = number_format(r.bias);
    n.output = number_format(r.output);
    n.function.type = static_cast<network::StagedActivation::Type>(r.function);
    n.function.slope = std::bit_cast<double>(r.slope);
    n.function.min = std::bit_cast<double>(r.minimum), n.function.max = std::bit_cast<double>(r.maximum);
    return n;
  }

  SmallLayer finish(network::QuantizedOperation op, std::vector<TensorId> inputs, const Shape& shape) {
    network::QuantizedTensor t;
    t.name = "output", t.shape = shape, t.dtype = dtype_of(settings_.output.code_bits());
    t.format = network::OperandFormat{number_format(settings_.output), 0};
    const TensorId out = layer_.graph.add_tensor(std::move(t));
    layer_.graph.nodes.push_back({"layer", std::move(op), std::move(inputs), {out}, numerics()});
    layer_.graph.outputs = {out};
    return std::move(layer_);
  }

  const arch::Hardware& h_;
  Stimulus s_;
  arch::StagedSettings settings_;
  bool tame_ = false;
  SmallLayer layer_;
};

}  // namespace

SmallLayer staged_layer(const arch::Hardware& hardware, std::uint64_t seed) {
  StagedBuilder b(hardware, seed);
  return seed % 4 == 0 ? b.elementwise() : b.reduction();
}

}  // namespace dlasim::sim::cosim
