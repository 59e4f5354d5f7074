#pragma once
/// The layer that the benchmarks of the engines run: a WaveNet's dilated convolution, on random codes.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::benchmarks {

/// L1 of docs/performance.md unless said otherwise.
struct LayerShape {
  std::int64_t positions = 2048, inputs = 64, outputs = 128, taps = 2, dilation = 8;
  std::int64_t macs() const { return positions * inputs * outputs * taps; }
};

/// "1e6" for the next power of ten below or at `n`.
inline std::string power_of_ten(std::int64_t n) {
  int exponent = 0;
  for (; n >= 10; n /= 10) ++exponent;
  return "1e" + std::to_string(exponent);
}

struct Layer {
  network::QuantizedGraph graph;
  std::vector<network::Tensor> inputs;
};

/// Uniform codes; of a minifloat those of up to 72 of 128 magnitudes, as a calibrated network has them: no
/// nan, and no sum that overflows.
inline network::Tensor random_codes(const network::Shape& shape, bool minifloat) {
  std::mt19937_64 random(1);
  network::Tensor t(network::DType::kInt8, shape);
  for (std::int64_t i = 0; i < t.size(); ++i) {
    const auto r = static_cast<std::int64_t>(random() % 200);
    t.set_integer(i, minifloat ? r % 72 - 128 * (r / 100) : r - 100);
  }
  return t;
}

/// Makes the builder of one layer of int8 codes, in integer arithmetic or staged.
class LayerBuilder {
 public:
  LayerBuilder(const LayerShape& shape, const std::optional<network::StagedNumerics>& numerics)
      : shape_(shape), numerics_(numerics) {}

  Layer build() {
    const LayerShape& s = shape_;
    const network::Shape input{1, 1, s.positions + (s.taps - 1) * s.dilation, s.inputs};
    network::qop::Conv2d op;
    op.dilation = {1, s.dilation};
    op.mac.multiplier = {{1 << 30, -8}};
    network::QuantizedNode node;
    node.name = "conv";
    const network::TensorId x = add("input", input, {});
    const network::TensorId w =
        add("weight", {s.outputs, 1, s.taps, s.inputs}, codes({s.outputs, 1, s.taps, s.inputs}));
    node.inputs = {x, w, network::kNoTensor};
    node.outputs = {add("output", {1, 1, s.positions, s.outputs}, {})};
    layer_.graph.inputs = {x};
    layer_.graph.outputs = node.outputs;
    layer_.inputs = {codes(input)};
    if (numerics_) {
      give_format(x, numerics_->input);
      give_format(w, numerics_->weight);
      layer_.graph.tensors[static_cast<std::size_t>(node.outputs[0])].format =
          network::OperandFormat{numerics_->output, 0};
    }
    node.operation = op;
    node.staged = numerics_;
    layer_.graph.nodes.push_back(std::move(node));
    return std::move(layer_);
  }

 private:
  network::Tensor codes(const network::Shape& shape) const {
    return random_codes(
        shape, numerics_ && numerics_->input.element.kind == network::NumberFormat::Kind::kMinifloat);
  }

  network::TensorId add(std::string name, const network::Shape& shape, network::Tensor constant) {
    network::QuantizedTensor t;
    t.name = std::move(name);
    t.dtype = network::DType::kInt8;
    t.shape = shape;
    if (constant.size() != 0) t.constant = std::move(constant);
    return layer_.graph.add_tensor(std::move(t));
  }

  /// MX operands get block scales of 1.
  void give_format(network::TensorId id, const network::OperandFormat& format) {
    constexpr std::int64_t kScaleOfOne = 127;
    layer_.graph.tensors[static_cast<std::size_t>(id)].format = format;
    if (format.mx_block == 0) return;
    network::QuantizedTensor scales;
    const network::QuantizedTensor& of = layer_.graph.tensor(id);
    scales.name = of.name + ".scales";
    scales.dtype = network::DType::kUInt8;
    scales.shape = of.shape;
    scales.shape.back() = (of.shape.back() + format.mx_block - 1) / format.mx_block;
    network::Tensor ones(network::DType::kUInt8, scales.shape);
    for (std::int64_t i = 0; i < ones.size(); ++i) ones.set_integer(i, kScaleOfOne);
    const bool is_input = !of.constant;
    if (!is_input) scales.constant = ones;
    const network::TensorId scales_id = layer_.graph.add_tensor(std::move(scales));
    layer_.graph.tensors[static_cast<std::size_t>(id)].mx_scales = scales_id;
    if (!is_input) return;
    layer_.graph.inputs.push_back(scales_id);
    layer_.inputs.push_back(std::move(ones));
  }

  LayerShape shape_;
  std::optional<network::StagedNumerics> numerics_;
  Layer layer_;
};

inline Layer convolution(const LayerShape& shape = {},
                         const std::optional<network::StagedNumerics>& numerics = {}) {
  return LayerBuilder(shape, numerics).build();
}

}  // namespace dlasim::benchmarks
