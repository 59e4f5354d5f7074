#include "network/shape_inference.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "support/test_support.h"

namespace dlasim::network {
namespace {

using base::error_of;

Shape shape_of(const Operation& operation, const std::vector<Shape>& inputs) {
  std::vector<const Shape*> pointers;
  for (const Shape& shape : inputs) pointers.push_back(&shape);
  return infer_shape(operation, pointers);
}

std::string error(const Operation& operation, const std::vector<Shape>& inputs) {
  return error_of([&] { shape_of(operation, inputs); });
}

/// Counts windows by placing them one by one.
std::int64_t counted_windows(std::int64_t input, std::int64_t kernel, std::int64_t stride,
                             std::int64_t dilation, PaddingEnds padding) {
  std::int64_t count = 0;
  for (std::int64_t start = -padding.before; start + (kernel - 1) * dilation < input + padding.after;
       start += stride) {
    ++count;
  }
  return count;
}

TEST(Padding, SameAndValidMatchWindowsPlacedOneByOne) {
  for (std::int64_t input = 1; input <= 12; ++input) {
    for (std::int64_t kernel = 1; kernel <= 5; ++kernel) {
      for (std::int64_t stride = 1; stride <= 4; ++stride) {
        for (std::int64_t dilation = 1; dilation <= 3; ++dilation) {
          for (const PaddingScheme scheme : {PaddingScheme::kSame, PaddingScheme::kValid}) {
            const PaddingEnds padding = window_padding(scheme, input, kernel, stride, dilation);
            EXPECT_EQ(window_count(scheme, input, kernel, stride, dilation),
                      counted_windows(input, kernel, stride, dilation, padding))
                << input << " " << kernel << " " << stride << " " << dilation;
            EXPECT_LE(padding.after - padding.before, 1);
            EXPECT_GE(padding.after, padding.before);
          }
        }
      }
    }
  }
}

TEST(Padding, SameByHand) {
  EXPECT_EQ(window_padding(PaddingScheme::kSame, 5, 2, 1, 1), (PaddingEnds{0, 1}));
  EXPECT_EQ(window_padding(PaddingScheme::kSame, 224, 3, 2, 1), (PaddingEnds{0, 1}));
  EXPECT_EQ(window_padding(PaddingScheme::kSame, 7, 3, 1, 2), (PaddingEnds{2, 2}));
  EXPECT_EQ(window_padding(PaddingScheme::kSame, Shape{1, 5, 8, 1}, {3, 4}, {1, 2}, {1, 1}),
            (Padding{1, 1, 1, 1}));
}

TEST(Padding, TransposedIsTheConvolutionsCutOut) {
  EXPECT_EQ(transpose_padding(PaddingScheme::kSame, 4, 8, 3, 2), (PaddingEnds{0, 1}));
  EXPECT_EQ(transpose_padding(PaddingScheme::kValid, 4, 9, 3, 2), (PaddingEnds{0, 0}));
  EXPECT_EQ(transpose_padding(PaddingScheme::kSame, 4, 8, 1, 2), (PaddingEnds{0, -1}));
}

TEST(ShapeInference, Conv2d) {
  op::Conv2d conv;
  conv.stride = {2, 1};
  conv.dilation = {1, 3};
  conv.padding = {1, 2, 0, 1};
  // rows: (7 + 1 - 3) / 2 + 1; columns: 10 + 3 - (3 * 2 + 1) + 1 - 1
  EXPECT_EQ(shape_of(conv, {{1, 7, 10, 4}, {8, 3, 3, 4}, {8}}), (Shape{1, 3, 7, 8}));
  EXPECT_EQ(error(conv, {{1, 7, 10, 3}, {8, 3, 3, 4}}),
            "conv2d: input 1x7x10x3 has 3 channels, weight 8x3x3x4 with 1 group wants 4");
  EXPECT_EQ(error(conv, {{1, 7, 3, 4}, {8, 3, 3, 4}}),
            "conv2d: the kernel spans 7 columns, the padded input has 6");
  EXPECT_EQ(error(conv, {{1, 7, 10, 4}, {8, 3, 3, 4}, {7}}), "conv2d: bias 7 must have 8 elements");
  EXPECT_EQ(error(conv, {{7, 10, 4}, {8, 3, 3, 4}}), "conv2d: input 7x10x4 must have four dimensions (NHWC)");
  EXPECT_EQ(error(conv, {{1, 7, 10, 4}}), "conv2d: input 1 is missing");
  conv.groups = 3;
  EXPECT_EQ(error(conv, {{1, 7, 10, 12}, {8, 3, 3, 4}}), "conv2d: 8 output channels cannot form 3 groups");
  conv.groups = 1;
  conv.stride = {0, 1};
  EXPECT_EQ(error(conv, {{1, 7, 10, 4}, {8, 3, 3, 4}}), "conv2d: stride 0 is not between 1 and 2147483648");
}

TEST(ShapeInference, ACausalConvolutionKeepsTheLengthForEveryKernelAndDilation) {
  for (std::int64_t kernel = 1; kernel <= 4; ++kernel) {
    for (std::int64_t dilation = 1; dilation <= 512; dilation *= 2) {
      op::Conv2d conv;
      conv.dilation = {1, dilation};
      conv.padding.left = (kernel - 1) * dilation;
      for (const std::int64_t length : {1, 2, 100}) {
        EXPECT_EQ(shape_of(conv, {{1, 1, length, 5}, {3, 1, kernel, 5}}), (Shape{1, 1, length, 3}));
      }
    }
  }
}

TEST(ShapeInference, OtherMultiplyAccumulateOperators) {
  op::DepthwiseConv2d depthwise;
  depthwise.channel_multiplier = 2;
  EXPECT_EQ(shape_of(depthwise, {{1, 5, 5, 3}, {1, 3, 3, 6}, {6}}), (Shape{1, 3, 3, 6}));
  EXPECT_EQ(error(depthwise, {{1, 5, 5, 3}, {1, 3, 3, 3}}),
            "depthwise_conv2d: input 1x5x5x3 with channel multiplier 2 wants a weight of 6 channels, found "
            "1x3x3x3");
  op::TransposeConv2d transpose;
  transpose.stride = {2, 3};
  transpose.padding = {0, 1, 1, 0};
  EXPECT_EQ(shape_of(transpose, {{1, 4, 2, 3}, {5, 3, 4, 3}}), (Shape{1, 8, 6, 5}));
  transpose.padding = {0, 9, 0, 0};
  EXPECT_EQ(error(transpose, {{1, 4, 2, 3}, {5, 3, 4, 3}}),
            "transpose_conv2d: padding 9 and 0 cannot be cut from 7 columns");
  EXPECT_EQ(shape_of(op::FullyConnected{}, {{2, 7, 12}, {5, 12}}), (Shape{2, 7, 5}));
  EXPECT_EQ(shape_of(op::FullyConnected{}, {{2, 3, 4}, {5, 12}}), (Shape{2, 5}));
  EXPECT_EQ(error(op::FullyConnected{}, {{2, 7}, {5, 12}}),
            "fully_connected: input 2x7 does not divide into rows of 12 elements, which weight 5x12 wants");
  EXPECT_EQ(shape_of(op::BatchMatmul{false, true}, {{2, 1, 3, 4}, {5, 6, 4}}), (Shape{2, 5, 3, 6}));
  EXPECT_EQ(error(op::BatchMatmul{}, {{3, 4}, {3, 4}}),
            "batch_matmul: inputs 3x4 and 3x4 do not match: 4 columns meet 3 rows");
}

TEST(ShapeInference, ElementWiseAndReductions) {
  EXPECT_EQ(shape_of(op::Binary{}, {{2, 1, 4}, {3, 1}}), (Shape{2, 3, 4}));
  EXPECT_EQ(shape_of(op::Binary{}, {{0, 4}, {1, 4}}), (Shape{0, 4}));
  EXPECT_EQ(error(op::Binary{}, {{2, 3}, {4}}), "add: inputs 2x3 and 4 do not broadcast");
  EXPECT_EQ(shape_of(op::Reduce{op::Reduce::Kind::kMean, {1, -2}, false}, {{1, 5, 6, 7}}), (Shape{1, 7}));
  EXPECT_EQ(shape_of(op::Reduce{op::Reduce::Kind::kMean, {1, 2}, true}, {{1, 5, 6, 7}}), (Shape{1, 1, 1, 7}));
  EXPECT_EQ(error(op::Reduce{op::Reduce::Kind::kSum, {4}, true}, {{1, 5, 6, 7}}),
            "sum: axis 4 does not exist in input 1x5x6x7");
  EXPECT_EQ(shape_of(op::Softmax{}, {{1, 9}}), (Shape{1, 9}));
  op::Unary prelu;
  prelu.kind = op::Unary::Kind::kPRelu;
  prelu.parameters = {0.1, 0.2};
  EXPECT_EQ(error(prelu, {{1, 3}}), "prelu: 2 slopes for input 1x3; one, or one a channel, is wanted");
  op::Pool2d pool;
  pool.kernel = {2, 3};
  pool.stride = {2, 2};
  EXPECT_EQ(shape_of(pool, {{1, 5, 5, 4}}), (Shape{1, 2, 2, 4}));
}

TEST(ShapeInference, MovesOfData) {
  EXPECT_EQ(shape_of(op::Slice{{0, 8}, {1, 3}, {1, -4}}, {{1, 9}}), (Shape{1, 3}));
  EXPECT_EQ(error(op::Slice{{0, 8}, {1, 4}, {1, -4}}, {{1, 9}}),
            "slice: element -4 is taken of axis 1, which has 9");
  EXPECT_EQ(error(op::Slice{{0, 9}, {1, 1}, {1, 1}}, {{1, 9}}),
            "slice: begin 9 is not between 0 and 8 in axis 1");
  EXPECT_EQ(shape_of(op::Concat{1}, {{1, 2, 3}, {1, 5, 3}, {1, 1, 3}}), (Shape{1, 8, 3}));
  EXPECT_EQ(error(op::Concat{1}, {{1, 2, 3}, {1, 2, 4}}),
            "concat: inputs 1x2x3 and 1x2x4 differ elsewhere than in axis 1");
  op::Pad pad;
  pad.before = {0, 1};
  pad.after = {0, 2};
  EXPECT_EQ(shape_of(pad, {{4, 4}}), (Shape{4, 7}));
  EXPECT_EQ(error(pad, {{4}}), "pad: before and after need 1 entries for input 4");
  EXPECT_EQ(shape_of(op::Transpose{{2, 0, 1}}, {{4, 5, 6}}), (Shape{6, 4, 5}));
  EXPECT_EQ(error(op::Transpose{{0, 0, 1}}, {{4, 5, 6}}),
            "transpose: perm must name each of the 3 dimensions of input 4x5x6 once");
  EXPECT_EQ(shape_of(op::SpaceToBatch{{1, 2}, {0, 1, 0, 0}}, {{1, 3, 5, 4}}), (Shape{2, 3, 3, 4}));
  EXPECT_EQ(error(op::SpaceToBatch{{1, 2}, {}}, {{1, 3, 5, 4}}),
            "space_to_batch: the padded input of 3x5 does not divide into blocks of 1x2");
  EXPECT_EQ(shape_of(op::BatchToSpace{{1, 2}, {0, 1, 0, 0}}, {{2, 3, 3, 4}}), (Shape{1, 3, 5, 4}));
  EXPECT_EQ(error(op::BatchToSpace{{1, 2}, {}}, {{3, 3, 3, 4}}),
            "batch_to_space: input 3x3x3x4 has 3 batches, no multiple of 2");
}

TEST(ShapeInference, RecurrentOperators) {
  EXPECT_EQ(shape_of(op::Svdf{2, FusedActivation::kNone}, {{1, 8}, {6, 8}, {6, 10}, {3}, {1, 6, 10}}),
            (Shape{1, 3}));
  EXPECT_EQ(error(op::Svdf{4, FusedActivation::kNone}, {{1, 8}, {6, 8}, {6, 10}}),
            "svdf: weight_feature 6x8, weight_time 6x10 and rank 4 do not match");
  std::vector<Shape> lstm{{1, 7, 3}};
  for (int gate = 0; gate < 4; ++gate) lstm.insert(lstm.end(), {{5, 3}, {5, 5}, {5}});
  EXPECT_EQ(shape_of(op::Lstm{}, lstm), (Shape{1, 7, 5}));
  lstm[4] = {5, 4};
  EXPECT_EQ(error(op::Lstm{}, lstm), "lstm: gate 1: weights 5x3 and 5x5 are wanted, found 5x4 and 5x5");
}

TEST(ShapeInference, AbsurdAttributesAreRefusedAndNotComputedWith) {
  op::Conv2d conv;
  conv.dilation = {1, INT64_MAX};
  EXPECT_EQ(error(conv, {{1, 1, 9, 1}, {1, 1, 2, 1}}),
            "conv2d: dilation 9223372036854775807 is not between 1 and 2147483648");
  conv.dilation = {1, 1};
  conv.padding.left = INT64_MAX;
  EXPECT_EQ(error(conv, {{1, 1, 9, 1}, {1, 1, 2, 1}}),
            "conv2d: padding 9223372036854775807 is not between 0 and 2147483648");
  conv.padding.left = std::int64_t{1} << 31;
  EXPECT_EQ(error(conv, {{1, 1, 9, 1}, {1 << 20, 1, 2, 1}}), "shape 1x1x2147483656x1048576 is too large");
}

TEST(Reshape, FillsInTheOpenDimension) {
  EXPECT_EQ(resolve_reshape({2, 3, 4}, {-1, 6}), (Shape{4, 6}));
  EXPECT_EQ(resolve_reshape({2, 3}, {6}), (Shape{6}));
  EXPECT_EQ(error_of([] { resolve_reshape({2, 3}, {4, -1}); }), "reshape: input 2x3 cannot become 4x-1");
  EXPECT_EQ(error_of([] { resolve_reshape({2, 3}, {-1, -1}); }), "reshape: input 2x3 cannot become -1x-1");
  EXPECT_EQ(error_of([] { resolve_reshape({2, 3}, {0, -1}); }), "reshape: input 2x3 cannot become 0x-1");
  EXPECT_EQ(error_of([] { resolve_reshape({2, 3}, {7}); }), "reshape: input 2x3 cannot become 7");
  EXPECT_THROW(shape_of(op::Reshape{}, {{2, 3}}), std::logic_error);
}

TEST(CheckShapes, FindsTheNodeWhoseShapeIsWrong) {
  Graph graph;
  TensorInfo input;
  input.name = "x";
  input.shape = {1, 4};
  const TensorId x = graph.add_tensor(input);
  const TensorId a = graph.add_node("act", op::Softmax{}, {x}, {1, 4});
  const TensorId b = graph.add_node("shaped", op::Reshape{}, {a}, {2, 2});
  check_shapes(graph);
  graph.add_node("wrong", op::Softmax{}, {b}, {4, 1});
  EXPECT_EQ(error_of([&] { check_shapes(graph); }),
            "wrong: softmax: the output is 2x2, the graph declares 4x1");
}

}  // namespace
}  // namespace dlasim::network
