// Operators that copy or compare codes: spec/tflite_semantics.md sections 5 and 6.

#include <algorithm>
#include <string>

#include "lowering.h"
#include "quantize/recorded.h"

namespace dlasim::quantize {

using network::DType;

network::QuantizedOperation Lowering::convert(const network::op::Pool2d& op, const Node& node) {
  require_activations(node, {&input(node, 0), &output(node)});
  require_same_scale(node, input(node, 0), output(node));
  // PyTorch counts padded pixels, which a description writes as a pad in front; ours does not.
  const bool plain_average =
      op.kind == network::op::Pool2d::Kind::kAverage && op.padding == network::Padding{};
  if (plain_average && pytorch_rule(node)) return pytorch_pool(op, node);
  return network::qop::Pool2d{op.kind, op.kernel, op.stride, op.padding, clamp(node, op.activation)};
}

network::QuantizedOperation Lowering::convert(const network::op::Slice& op, const Node& node) {
  require_same_scale(node, input(node, 0), output(node));
  return network::qop::Slice{op.begin, op.size, op.stride};
}

network::QuantizedOperation Lowering::convert(const network::op::Concat& op, const Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor& x = input(node, i);
    // TFLite does not look at the scales of int16 operands, only at their zero points.
    if (x.dtype == DType::kInt16) {
      require_same_type(node, x, output(node));
      require_activations(node, {&x, &output(node)});
    } else {
      require_same_scale(node, x, output(node));
    }
  }
  const auto rank = static_cast<int>(output(node).shape.size());
  return network::qop::Concat{op.axis < 0 ? op.axis + rank : op.axis};
}

network::QuantizedOperation Lowering::convert(const network::op::Pad& op, const Node& node) {
  const Tensor& y = output(node);
  require_same_scale(node, input(node, 0), y);
  network::qop::Pad pad{op.before, op.after, 0};
  if (op.raw_value) {
    pad.value = *op.raw_value;
  } else if (y.affine) {
    const Scalar a = affine(node, y);
    pad.value = std::clamp(code_of(static_cast<float>(op.value), a.scale, a.zero_point),
                           network::lowest(y.dtype), network::highest(y.dtype));
  } else if (op.value != 0.0) {
    wrong(node, "tensor '" + y.name + "' has no scale to express the padding value in");
  }
  if (pad.value < network::lowest(y.dtype) || pad.value > network::highest(y.dtype)) {
    wrong(node, "padding code " + std::to_string(pad.value) + " does not fit " + std::string(name(y.dtype)));
  }
  return pad;
}

network::QuantizedOperation Lowering::convert(const network::op::Transpose& op, const Node& node) {
  require_same_scale(node, input(node, 0), output(node));
  return network::qop::Transpose{op.perm};
}

network::QuantizedOperation Lowering::convert(const network::op::Reshape&, const Node& node) {
  require_same_scale(node, input(node, 0), output(node));
  operands_.resize(1);  // the new shape, where a file gives it as a tensor, is the output's
  return network::qop::Reshape{};
}

network::QuantizedOperation Lowering::convert(const network::op::SpaceToBatch& op, const Node& node) {
  require_same_scale(node, input(node, 0), output(node));
  return network::qop::SpaceToBatch{op.block, op.padding,
                                    output(node).affine ? affine(node, output(node)).zero_point : 0};
}

network::QuantizedOperation Lowering::convert(const network::op::BatchToSpace& op, const Node& node) {
  require_same_scale(node, input(node, 0), output(node));
  return network::qop::BatchToSpace{op.block, op.crop};
}

network::QuantizedOperation Lowering::convert(const network::op::FakeQuantize& op, const Node& node) {
  require_activations(node, {&input(node, 0), &output(node)});
  require_same_scale(node, input(node, 0), output(node));
  const RecordedCodes codes = recorded_codes(op, output(node).dtype);
  if (output(node).affine != codes.affine) wrong(node, "the output has another scale than was recorded");
  return network::qop::ClampOnly{codes.clamp};
}

network::QuantizedOperation Lowering::convert(const network::op::Clip& op, const Node& node) {
  require_activations(node, {&input(node, 0), &output(node)});
  require_same_scale(node, input(node, 0), output(node));
  const Scalar y = affine(node, output(node));
  const DType dtype = output(node).dtype;
  return network::qop::ClampOnly{
      {std::max(network::lowest(dtype), code_of(op.minimum, y.scale, y.zero_point)),
       std::min(network::highest(dtype), code_of(op.maximum, y.scale, y.zero_point))}};
}

}  // namespace dlasim::quantize
