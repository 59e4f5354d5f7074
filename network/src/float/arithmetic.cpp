// Element-wise operators, pooling, reductions, softmax and matrix products in float.

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "float/kernels.h"
#include "float/strided.h"

namespace dlasim::network::float_kernels {
namespace {

/// The approximation of tanh that amplifier models use: spec/nam_wavenet.md section 6.
float fast_tanh(float x) {
  const float a = std::abs(x);
  const float square = x * x;
  return x *
         (2.45550750702956F + 2.45550750702956F * a +
          (0.893229853513558F + 0.821226666969744F * a) * square) /
         (2.44506634652299F + (2.44506634652299F + square) * std::abs(x + 0.814642734961073F * x * a));
}

template <class F>
void map(const Tensor& input, Tensor& output, F f) {
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  std::transform(x.begin(), x.end(), y.begin(), f);
}

float parameter(const op::Unary& op, std::size_t i, double otherwise) {
  return static_cast<float>(i < op.parameters.size() ? op.parameters[i] : otherwise);
}

void prelu(const op::Unary& op, const Tensor& input, Tensor& output) {
  const std::size_t slopes = op.parameters.size();
  const auto channels = input.shape().empty() ? std::int64_t{1} : input.shape().back();
  if (slopes != 1 && static_cast<std::int64_t>(slopes) != channels) {
    throw base::InputError("prelu: " + std::to_string(slopes) + " slopes for " + std::to_string(channels) +
                           " channels; one, or one a channel is allowed");
  }
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] > 0.0F ? x[i] : static_cast<float>(op.parameters[i % slopes]) * x[i];
  }
}

template <class F>
void broadcast(const Tensor& a, const Tensor& b, Tensor& output, F f) {
  const auto x1 = a.data<float>();
  const auto x2 = b.data<float>();
  const auto y = output.data<float>();
  if (a.shape() == b.shape()) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = f(x1[i], x2[i]);
    return;
  }
  walk<2>(output.shape(),
          {broadcast_strides(a.shape(), output.shape()), broadcast_strides(b.shape(), output.shape())},
          {0, 0}, [&](std::int64_t flat, const std::array<std::int64_t, 2>& at) {
            y[static_cast<std::size_t>(flat)] =
                f(x1[static_cast<std::size_t>(at[0])], x2[static_cast<std::size_t>(at[1])]);
          });
}

}  // namespace

void apply(FusedActivation activation, std::span<float> values) {
  const auto clamp = [&](float low, float high) {
    for (float& v : values) v = std::min(std::max(v, low), high);
  };
  switch (activation) {
    case FusedActivation::kNone:
      return;
    case FusedActivation::kRelu:
      return clamp(0.0F, std::numeric_limits<float>::infinity());
    case FusedActivation::kRelu6:
      return clamp(0.0F, 6.0F);
    case FusedActivation::kReluN1To1:
      return clamp(-1.0F, 1.0F);
  }
}

void fake_quantize(const op::FakeQuantize& op, const Tensor& input, Tensor& output) {
  const auto zero_point = static_cast<double>(op.zero_point);
  const auto lowest = static_cast<double>(op.lowest);
  const auto highest = static_cast<double>(op.highest);
  map(input, output, [&](float x) {
    if (std::isnan(x)) return x;
    const double code = std::round(static_cast<double>(x / op.scale)) + zero_point;
    const double kept = std::clamp(code, lowest, highest) - zero_point;
    return static_cast<float>(static_cast<double>(op.scale) * kept);
  });
}

void clip(const op::Clip& op, const Tensor& input, Tensor& output) {
  map(input, output, [&](float x) { return std::clamp(x, op.minimum, op.maximum); });
}

void unary(const op::Unary& op, const Tensor& input, Tensor& output) {
  using Kind = op::Unary::Kind;
  switch (op.kind) {
    case Kind::kRelu:
      return map(input, output, [](float x) { return std::max(x, 0.0F); });
    case Kind::kRelu6:
      return map(input, output, [](float x) { return std::clamp(x, 0.0F, 6.0F); });
    case Kind::kReluN1To1:
    case Kind::kHardtanh:
      return map(input, output, [](float x) { return std::clamp(x, -1.0F, 1.0F); });
    case Kind::kLeakyRelu: {
      const float slope = parameter(op, 0, 0.01);
      return map(input, output, [slope](float x) { return x > 0.0F ? x : slope * x; });
    }
    case Kind::kTanh:
      return map(input, output, [](float x) { return std::tanh(x); });
    case Kind::kSigmoid:
      return map(input, output, sigmoid);
    case Kind::kSilu:
      return map(input, output, [](float x) { return x * sigmoid(x); });
    case Kind::kHardswish:
      return map(input, output, [](float x) { return x * std::clamp(x + 3.0F, 0.0F, 6.0F) / 6.0F; });
    case Kind::kSoftsign:
      return map(input, output, [](float x) { return x / (1.0F + std::abs(x)); });
    case Kind::kLeakyHardtanh: {
      const float low = parameter(op, 0, -1.0);
      const float high = parameter(op, 1, 1.0);
      const float below = parameter(op, 2, 0.01);
      const float above = parameter(op, 3, 0.01);
      return map(input, output, [=](float x) {
        if (x < low) return (x - low) * below + low;
        return x > high ? (x - high) * above + high : x;
      });
    }
    case Kind::kFasttanh:
      return map(input, output, fast_tanh);
    case Kind::kPRelu:
      return prelu(op, input, output);
  }
}

void binary(const op::Binary& op, const Tensor& a, const Tensor& b, Tensor& output) {
  using Kind = op::Binary::Kind;
  switch (op.kind) {
    case Kind::kAdd:
      broadcast(a, b, output, [](float x, float y) { return x + y; });
      break;
    case Kind::kSub:
      broadcast(a, b, output, [](float x, float y) { return x - y; });
      break;
    case Kind::kMul:
      broadcast(a, b, output, [](float x, float y) { return x * y; });
      break;
    case Kind::kMinimum:
      broadcast(a, b, output, [](float x, float y) { return std::min(x, y); });
      break;
    case Kind::kMaximum:
      broadcast(a, b, output, [](float x, float y) { return std::max(x, y); });
      break;
  }
  apply(op.activation, output.data<float>());
}

void pool(const op::Pool2d& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  const Shape& out = output.shape();
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  const std::int64_t channels = out[3];
  const bool average = op.kind == op::Pool2d::Kind::kAverage;
  for (std::int64_t p = 0; p < out[0] * out[1] * out[2]; ++p) {
    const std::int64_t left = p % out[2] * op.stride[1] - op.padding.left;
    const std::int64_t top = p / out[2] % out[1] * op.stride[0] - op.padding.top;
    const std::int64_t n = p / out[2] / out[1];
    const std::int64_t y0 = std::max<std::int64_t>(top, 0);
    const std::int64_t y1 = std::min(top + op.kernel[0], in[1]);
    const std::int64_t x0 = std::max<std::int64_t>(left, 0);
    const std::int64_t x1 = std::min(left + op.kernel[1], in[2]);
    if (y0 >= y1 || x0 >= x1) throw base::InputError("pool: a window holds nothing but padding");
    for (std::int64_t c = 0; c < channels; ++c) {
      float sum = 0.0F;
      float most = -std::numeric_limits<float>::infinity();
      for (std::int64_t iy = y0; iy < y1; ++iy) {
        for (std::int64_t ix = x0; ix < x1; ++ix) {
          const float v = x[static_cast<std::size_t>(((n * in[1] + iy) * in[2] + ix) * channels + c)];
          sum += v;
          most = std::max(most, v);
        }
      }
      const auto count = static_cast<float>((y1 - y0) * (x1 - x0));
      y[static_cast<std::size_t>(p * channels + c)] = average ? sum / count : most;
    }
  }
  apply(op.activation, y);
}

void reduce(const op::Reduce& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  const auto rank = static_cast<int>(in.size());
  Shape kept = in;
  for (const int axis : op.axes) {
    const int a = axis < 0 ? axis + rank : axis;
    if (a < 0 || a >= rank)
      throw base::InputError("reduce: axis " + std::to_string(axis) + " of " + to_string(in));
    kept[static_cast<std::size_t>(a)] = 1;
  }
  if (element_count(kept) != output.size()) {
    throw base::InputError("reduce: " + to_string(in) + " does not reduce to " + to_string(output.shape()));
  }
  std::vector<double> sums(static_cast<std::size_t>(output.size()), 0.0);
  const auto x = input.data<float>();
  walk<1>(in, {broadcast_strides(kept, in)}, {0},
          [&](std::int64_t flat, const std::array<std::int64_t, 1>& at) {
            sums[static_cast<std::size_t>(at[0])] += static_cast<double>(x[static_cast<std::size_t>(flat)]);
          });
  const double count = op.kind == op::Reduce::Kind::kMean
                           ? static_cast<double>(input.size() / std::max<std::int64_t>(output.size(), 1))
                           : 1.0;
  const auto y = output.data<float>();
  std::transform(sums.begin(), sums.end(), y.begin(),
                 [&](double s) { return static_cast<float>(s / count); });
}

void softmax(const op::Softmax& op, const Tensor& input, Tensor& output) {
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  const std::size_t row = input.shape().empty() ? 1 : static_cast<std::size_t>(input.shape().back());
  for (std::size_t r = 0; r + row <= x.size() && row > 0; r += row) {
    const float most = *std::max_element(&x[r], &x[r] + row);
    double sum = 0.0;
    for (std::size_t i = r; i < r + row; ++i) {
      y[i] = std::exp(op.beta * (x[i] - most));
      sum += static_cast<double>(y[i]);
    }
    for (std::size_t i = r; i < r + row; ++i) y[i] = static_cast<float>(static_cast<double>(y[i]) / sum);
  }
}

void batch_matmul(const op::BatchMatmul& op, const Tensor& a, const Tensor& b, Tensor& output) {
  const Shape& sa = a.shape();
  const Shape& sb = b.shape();
  const Shape& so = output.shape();
  if (sa.size() < 2 || sb.size() < 2 || so.size() < 2)
    throw base::InputError("batch_matmul: an operand has no rows and columns");
  const std::int64_t rows = sa[sa.size() - (op.adj_x ? 1 : 2)];
  const std::int64_t inner = sa[sa.size() - (op.adj_x ? 2 : 1)];
  const std::int64_t columns = sb[sb.size() - (op.adj_y ? 2 : 1)];
  if (sb[sb.size() - (op.adj_y ? 1 : 2)] != inner || so[so.size() - 2] != rows || so.back() != columns) {
    throw base::InputError("batch_matmul: " + to_string(sa) + " by " + to_string(sb) + " does not give " +
                           to_string(so));
  }
  const std::int64_t a_row = op.adj_x ? 1 : inner;
  const std::int64_t a_column = op.adj_x ? rows : 1;
  const std::int64_t b_row = op.adj_y ? 1 : columns;
  const std::int64_t b_column = op.adj_y ? inner : 1;
  const auto batch = [](const Shape& s) { return Shape(s.begin(), s.end() - 2); };
  const auto x1 = a.data<float>();
  const auto x2 = b.data<float>();
  const auto y = output.data<float>();
  walk<2>(batch(so), {broadcast_strides(batch(sa), batch(so)), broadcast_strides(batch(sb), batch(so))},
          {0, 0}, [&](std::int64_t flat, const std::array<std::int64_t, 2>& at) {
            const float* pa = x1.data() + at[0] * rows * inner;
            const float* pb = x2.data() + at[1] * inner * columns;
            float* py = y.data() + flat * rows * columns;
            for (std::int64_t m = 0; m < rows; ++m) {
              for (std::int64_t n = 0; n < columns; ++n) {
                float sum = 0.0F;
                for (std::int64_t k = 0; k < inner; ++k)
                  sum += pa[m * a_row + k * a_column] * pb[k * b_row + n * b_column];
                py[m * columns + n] = sum;
              }
            }
          });
}

}  // namespace dlasim::network::float_kernels
