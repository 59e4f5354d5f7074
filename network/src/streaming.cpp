#include "network/streaming.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"

namespace dlasim::network {
namespace {

std::size_t index(TensorId id) {
  return static_cast<std::size_t>(id);
}

std::size_t bytes_per_position(const Tensor& tensor) {
  return static_cast<std::size_t>(tensor.shape()[3] * bytes_per_element(tensor.dtype()));
}

/// Copies `count` positions; a position is a row of channels.
void copy_positions(const Tensor& from, std::int64_t from_begin, std::int64_t count, Tensor& to,
                    std::int64_t to_begin) {
  const std::size_t row = bytes_per_position(from);
  std::memcpy(to.bytes().data() + static_cast<std::size_t>(to_begin) * row,
              from.bytes().data() + static_cast<std::size_t>(from_begin) * row,
              static_cast<std::size_t>(count) * row);
}

class Rewriter {
 public:
  Rewriter(const QuantizedGraph& sequence, std::int64_t hop) : sequence_(sequence), hop_(hop) {
    if (hop < 1) throw base::InputError(fmt::format("a hop of {} samples; at least 1 is needed", hop));
    if (sequence.inputs.empty()) throw base::InputError("a network without inputs cannot be streamed");
    const Shape& shape = sequence.tensor(sequence.inputs[0]).shape;
    if (shape.size() != 4) refuse_tensor(sequence.tensor(sequence.inputs[0]));
    length_ = shape[2];
  }

  StreamingGraph run() {
    result_.hop = hop_;
    result_.network_inputs = sequence_.inputs.size();
    result_.network_outputs = sequence_.outputs.size();
    result_.graph = sequence_;
    result_.graph.nodes.clear();
    for (const TensorId id : sequence_.inputs) shorten(id);
    for (const QuantizedNode& node : sequence_.nodes) {
      for (const TensorId id : node.outputs) shorten(id);
      node_ = node;
      std::visit([&](auto& operation) { rewrite(operation); }, node_.operation);
      result_.graph.nodes.push_back(std::move(node_));
    }
    for (const DelayLine& line : result_.delay_lines) {
      result_.graph.inputs.push_back(line.past);
      const auto& outputs = result_.graph.outputs;
      const bool known =
          std::ranges::count(outputs, line.source) + std::ranges::count(sequence_.inputs, line.source) > 0;
      if (!known) result_.graph.outputs.push_back(line.source);
    }
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw base::UnsupportedError(
        fmt::format("node '{}' ({}): {}: it cannot be streamed", node_.name, name(node_.operation), what));
  }
  [[noreturn]] static void refuse_tensor(const QuantizedTensor& tensor) {
    throw base::UnsupportedError(
        fmt::format("tensor '{}' has shape {}; a stream needs [1, 1, T, C] with one T", tensor.name,
                    to_string(tensor.shape)));
  }

  void shorten(TensorId id) {
    QuantizedTensor& tensor = result_.graph.tensors[index(id)];
    const Shape& s = tensor.shape;
    if (s.size() != 4 || s[0] != 1 || s[1] != 1 || s[2] != length_) refuse_tensor(tensor);
    tensor.shape[2] = hop_;
  }

  const QuantizedTensor& input(std::size_t i) const { return result_.graph.tensor(node_.inputs.at(i)); }

  /// Puts [past, new positions] in front of a convolution.
  template <class Conv>
  void rewrite_convolution(Conv& conv) {
    const Shape& kernel = result_.graph.tensor(node_.inputs.at(1)).shape;
    const std::int64_t taps = kernel[2];
    const std::int64_t length = (taps - 1) * conv.dilation[1];
    if (kernel[1] != 1 || conv.stride != Pair{1, 1} || conv.padding != Padding{0, length, 0, 0}) {
      refuse("it is not causal with kernel [1, K], stride 1 and (K-1) d zeros on the left");
    }
    if (taps == 1) return;
    const bool whole_ring = conv.dilation[1] < hop_;
    DelayLine line{node_.inputs[0], kNoTensor, taps, conv.dilation[1], conv.mac.input_zero_point};
    const std::int64_t past = whole_ring ? length : (taps - 1) * hop_;
    line.past = add_like(line.source, "past", past);
    const TensorId window = add_like(line.source, "window", past + hop_);
    result_.graph.nodes.push_back(
        {node_.name + "/window", qop::Concat{2}, {line.past, line.source}, {window}, {}});
    node_.inputs[0] = window;
    conv.padding = {};
    if (!whole_ring) conv.dilation[1] = hop_;
    result_.delay_lines.push_back(line);
  }

  TensorId add_like(TensorId source, const std::string& suffix, std::int64_t positions) {
    QuantizedTensor tensor = result_.graph.tensor(source);
    tensor.name = node_.name + "/" + suffix;
    tensor.shape[2] = positions;
    tensor.constant.reset();
    return result_.graph.add_tensor(std::move(tensor));
  }

  void rewrite(qop::Conv2d& conv) { rewrite_convolution(conv); }
  void rewrite(qop::DepthwiseConv2d& conv) { rewrite_convolution(conv); }
  void rewrite(qop::Concat& concat) const {
    if (concat.axis != 3) refuse("it joins positions");
  }
  void rewrite(qop::Slice& slice) const {
    if (slice.begin[2] != 0 || slice.size[2] != length_ || slice.stride[2] != 1)
      refuse("it takes some positions");
    slice.size[2] = hop_;
  }
  void rewrite(qop::Add&) const { require_one_position(); }
  void rewrite(qop::Mul&) const { require_one_position(); }
  void rewrite(qop::MinMax&) const { require_one_position(); }
  void rewrite(qop::Requantize&) const {}
  void rewrite(qop::ClampOnly&) const {}
  void rewrite(qop::LeakyRelu&) const {}
  void rewrite(qop::TableInt8&) const {}
  void rewrite(qop::ActivationS16&) const {}
  void rewrite(qop::ActivationS16Tflite&) const {}
  void rewrite(qop::Table&) const {}
  void rewrite(qop::Softmax&) const {}
  template <class Operation>
  void rewrite(Operation&) const {
    refuse("the operator is not one that works position by position");
  }

  /// A constant operand must be the same at every position.
  void require_one_position() const {
    for (std::size_t i = 0; i < 2; ++i) {
      const QuantizedTensor& tensor = input(i);
      const std::size_t rank = tensor.shape.size();
      if (tensor.constant && rank >= 2 && tensor.shape[rank - 2] != 1)
        refuse("a constant differs between positions");
    }
  }

  const QuantizedGraph& sequence_;
  const std::int64_t hop_;
  std::int64_t length_ = 0;
  StreamingGraph result_;
  QuantizedNode node_;
};

}  // namespace

StreamingGraph make_streaming(const QuantizedGraph& sequence, std::int64_t hop) {
  return Rewriter(sequence, hop).run();
}

StreamState::StreamState(const StreamingGraph& streaming) : streaming_(streaming) {
  for (const DelayLine& line : streaming.delay_lines) {
    const QuantizedTensor& source = streaming.graph.tensor(line.source);
    Ring ring{Tensor(source.dtype, {1, 1, line.length(), source.shape[3]}), 0};
    for (std::int64_t i = 0; i < ring.data.size(); ++i) ring.data.set_integer(i, line.rest);
    rings_.push_back(std::move(ring));
  }
}

std::vector<Tensor> StreamState::inputs(std::span<const Tensor> network_inputs) const {
  std::vector<Tensor> all(network_inputs.begin(), network_inputs.end());
  for (std::size_t i = 0; i < rings_.size(); ++i)
    all.push_back(past_of(streaming_.delay_lines[i], rings_[i]));
  return all;
}

Tensor StreamState::past_of(const DelayLine& line, const Ring& ring) const {
  const QuantizedTensor& declared = streaming_.graph.tensor(line.past);
  Tensor past(declared.dtype, declared.shape);
  const std::int64_t length = line.length();
  const bool whole_ring = line.dilation < streaming_.hop;
  for (std::int64_t i = 0; i < declared.shape[2]; ++i) {
    // Age in positions before the first new one, the oldest first: (K-1) d .. 1.
    const std::int64_t tap = whole_ring ? 0 : i / streaming_.hop;
    const std::int64_t from_oldest = whole_ring ? i : tap * line.dilation + i % streaming_.hop;
    copy_positions(ring.data, (ring.next + from_oldest) % length, 1, past, i);
  }
  return past;
}

void StreamState::push(const DelayLine& line, Ring& ring, const Tensor& source) const {
  // Of a hop longer than the ring only its end is kept.
  const std::int64_t first = std::max<std::int64_t>(0, streaming_.hop - line.length());
  for (std::int64_t i = first; i < streaming_.hop; ++i) {
    copy_positions(source, i, 1, ring.data, ring.next);
    ring.next = (ring.next + 1) % line.length();
  }
}

void StreamState::advance(std::span<const Tensor> tensors, std::span<const Tensor> network_inputs) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const DelayLine& line = streaming_.delay_lines[i];
    const auto& inputs = streaming_.graph.inputs;
    const auto end = inputs.begin() + static_cast<std::ptrdiff_t>(streaming_.network_inputs);
    const auto found = std::find(inputs.begin(), end, line.source);
    push(line, rings_[i],
         found != end ? network_inputs[static_cast<std::size_t>(found - inputs.begin())]
                      : tensors[index(line.source)]);
  }
}

std::int64_t StreamState::values() const {
  std::int64_t sum = 0;
  for (const Ring& ring : rings_) sum += ring.data.size();
  return sum;
}

Tensor positions(const Tensor& tensor, std::int64_t begin, std::int64_t count) {
  Shape shape = tensor.shape();
  const std::int64_t available = std::clamp<std::int64_t>(shape[2] - begin, 0, count);
  shape[2] = count;
  Tensor result(tensor.dtype(), shape);
  copy_positions(tensor, begin, available, result, 0);
  return result;
}

void place_positions(const Tensor& part, std::int64_t begin, Tensor& whole) {
  copy_positions(part, 0, std::clamp<std::int64_t>(whole.shape()[2] - begin, 0, part.shape()[2]), whole,
                 begin);
}

}  // namespace dlasim::network
