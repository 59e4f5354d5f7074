#pragma once
/// One writer an operator: definitions and calls that compute the node with CMSIS-NN, or with a helper where
/// CMSIS-NN has no call or departs from the operator's contract. They refuse what neither can.

#include "layer_writer.h"

namespace dlasim::exporter {

// write_mac.cpp
void write(const network::qop::Conv2d& op, LayerWriter& layer);
void write(const network::qop::DepthwiseConv2d& op, LayerWriter& layer);
void write(const network::qop::TransposeConv2d& op, LayerWriter& layer);
void write(const network::qop::FullyConnected& op, LayerWriter& layer);
void write(const network::qop::BatchMatmul& op, LayerWriter& layer);
// write_elementwise.cpp
void write(const network::qop::Add& op, LayerWriter& layer);
void write(const network::qop::Mul& op, LayerWriter& layer);
void write(const network::qop::MinMax& op, LayerWriter& layer);
void write(const network::qop::Requantize& op, LayerWriter& layer);
void write(const network::qop::ClampOnly& op, LayerWriter& layer);
void write(const network::qop::LeakyRelu& op, LayerWriter& layer);
void write(const network::qop::TableInt8& op, LayerWriter& layer);
void write(const network::qop::ActivationS16& op, LayerWriter& layer);
void write(const network::qop::ActivationS16Tflite& op, LayerWriter& layer);
void write(const network::qop::Table& op, LayerWriter& layer);
void write(const network::qop::Softmax& op, LayerWriter& layer);
void write(const network::qop::QuantizeFloat& op, LayerWriter& layer);
void write(const network::qop::DequantizeFloat& op, LayerWriter& layer);
// write_movement.cpp
void write(const network::qop::Pool2d& op, LayerWriter& layer);
void write(const network::qop::Reduce& op, LayerWriter& layer);
void write(const network::qop::Pad& op, LayerWriter& layer);
void write(const network::qop::Transpose& op, LayerWriter& layer);
void write(const network::qop::Reshape& op, LayerWriter& layer);
void write(const network::qop::Concat& op, LayerWriter& layer);
void write(const network::qop::Slice& op, LayerWriter& layer);
void write(const network::qop::SpaceToBatch& op, LayerWriter& layer);
void write(const network::qop::BatchToSpace& op, LayerWriter& layer);
// write_recurrent.cpp
void write(const network::qop::Svdf& op, LayerWriter& layer);
void write(const network::qop::Lstm& op, LayerWriter& layer);
// Number formats that CMSIS-NN does not know.
[[noreturn]] void write(const network::qop::StagedBinary& op, LayerWriter& layer);
[[noreturn]] void write(const network::qop::StagedConvert& op, LayerWriter& layer);

/// A box of elements that is copied: where each side starts and its strides, outermost dimension first.
struct Move {
  network::Shape shape;
  std::int64_t from_start = 0, to_start = 0;
  std::vector<std::int64_t> from_strides, to_strides;
};

/// Strides of a dense row-major tensor.
std::vector<std::int64_t> dense_strides(const network::Shape& shape);
/// Appends a copy between two pointers of the layer; `number` tells several moves of a layer apart.
void write_move(const Move& move, network::DType dtype, const std::string& from, const std::string& to,
                std::size_t number, LayerWriter& layer);
/// The name of a pointer to input `position` in the shape of the output: the input itself, or a copy with
/// the dimensions of 1 repeated.
std::string broadcast_input(std::size_t position, std::string_view name, LayerWriter& layer);

}  // namespace dlasim::exporter
