#include "staged_tensor.h"

#include <fmt/core.h>

#include "base/error.h"

namespace dlasim::golden {

using network::DType;
using network::QuantizedGraph;
using network::QuantizedTensor;
using network::Tensor;
using network::TensorId;

namespace {

std::uint64_t low_bits(std::uint64_t x, int bits) {
  return bits >= 64 ? x : x & ((std::uint64_t{1} << bits) - 1);
}

/// Rounding and overflow matter where codes are made, not where they are read.
network::OperandFormat as_read(network::OperandFormat format) {
  format.element.rounding = network::Rounding::kNearestEven;
  format.element.overflow = network::Overflow::kSaturate;
  format.element.lfsr.reset();
  return format;
}

std::int64_t last_dimension(const network::Shape& shape) {
  return shape.empty() ? 1 : shape.back();
}

const Tensor& mx_scales(const QuantizedGraph& graph, const StagedTensorLookup& lookup,
                        const QuantizedTensor& info, std::int64_t blocks, std::string_view what) {
  const Tensor& scales = staged_tensor(graph, lookup, info.mx_scales, fmt::format("the scales of {}", what));
  network::Shape expected = info.shape;
  if (expected.empty()) expected.push_back(1);
  expected.back() = blocks;
  if (scales.dtype() != DType::kUInt8 || scales.size() != network::element_count(expected)) {
    throw base::InputError(fmt::format("the scales of {} are {} {}, not uint8 {}", what,
                                       network::name(scales.dtype()), network::to_string(scales.shape()),
                                       network::to_string(expected)));
  }
  return scales;
}

}  // namespace

const Tensor& staged_tensor(const QuantizedGraph& graph, const StagedTensorLookup& lookup, TensorId id,
                            std::string_view what) {
  const bool declared = id >= 0 && static_cast<std::size_t>(id) < graph.tensors.size();
  const Tensor* tensor = declared ? lookup(id) : nullptr;
  if (tensor == nullptr) throw base::InputError(fmt::format("{} is missing", what));
  const QuantizedTensor& info = graph.tensor(id);
  if (tensor->dtype() == DType::kFloat32 || tensor->size() != network::element_count(info.shape)) {
    throw base::InputError(fmt::format("{} is {} {}, declared as {} {}", what, network::name(tensor->dtype()),
                                       network::to_string(tensor->shape()), network::name(info.dtype),
                                       network::to_string(info.shape)));
  }
  return *tensor;
}

OperandReader OperandReader::codes(const QuantizedGraph& graph, const StagedTensorLookup& lookup, TensorId id,
                                   const network::OperandFormat& format, std::string_view what) {
  OperandReader reader;
  reader.tensor_ = &staged_tensor(graph, lookup, id, what);
  const QuantizedTensor& info = graph.tensor(id);
  check_format(format.element, std::string(what).c_str());
  if (format.element.code_bits() == 0)
    throw base::InputError(fmt::format("{} has a format without codes", what));
  if (info.format && as_read(*info.format) != as_read(format)) {
    throw base::InputError(
        fmt::format("{}: the format of the tensor is not that of the layer's operand", what));
  }
  reader.converter_.emplace_back(format.element);
  if (format.mx_block == 0) return reader;
  if (format.mx_block < 0) throw base::InputError(fmt::format("{}: MX block {}", what, format.mx_block));
  reader.channels_ = std::max<std::int64_t>(1, last_dimension(info.shape));
  reader.block_ = format.mx_block;
  reader.blocks_ = (reader.channels_ + reader.block_ - 1) / reader.block_;
  reader.scales_ = &mx_scales(graph, lookup, info, reader.blocks_, what);
  return reader;
}

OperandReader OperandReader::affine(const QuantizedGraph& graph, const StagedTensorLookup& lookup,
                                    TensorId id, std::int64_t zero_point, std::string_view what) {
  OperandReader reader;
  reader.tensor_ = &staged_tensor(graph, lookup, id, what);
  constexpr std::int64_t limit = std::int64_t{1} << 32;
  if (zero_point < -limit || zero_point > limit) {
    throw base::InputError(fmt::format("zero point {} of {} is beyond +-2^32", zero_point, what));
  }
  if (reader.tensor_->dtype() == DType::kInt64) {
    throw base::UnsupportedError(fmt::format("{}: int64 operands of an affine layer", what));
  }
  reader.zero_point_ = zero_point;
  return reader;
}

Value OperandReader::value(std::int64_t i) const {
  if (converter_.empty()) return Value::integer(tensor_->integer(i) - zero_point_);
  const Value v = element(i);
  if (!is_mx()) return v;
  const std::optional<int> exponent = mx_scale_exponent(scale(i));
  return exponent ? scale_by_power(v, *exponent) : Value::nan();
}

Value OperandReader::element(std::int64_t i) const {
  return converter_.front().decode(static_cast<std::uint64_t>(tensor_->integer(i)));
}

std::uint8_t OperandReader::scale(std::int64_t i) const {
  const std::int64_t block = i / channels_ * blocks_ + i % channels_ / block_;
  return static_cast<std::uint8_t>(scales_->integer(block));
}

std::uint64_t OperandReader::code(std::int64_t i) const {
  const auto bits = static_cast<std::uint64_t>(tensor_->integer(i));
  return converter_.empty() ? bits : low_bits(bits, converter_.front().format().code_bits());
}

CodeWriter::CodeWriter(const network::NumberFormat& format, DType dtype)
    : bits_(format.code_bits()), sign_extend_(dtype != DType::kUInt8) {
  if (bits_ == 0) throw base::InputError("the output format has no codes");
  if (dtype == DType::kFloat32 || dtype == DType::kBool || 8 * network::bytes_per_element(dtype) < bits_ ||
      (dtype == DType::kInt4 && bits_ > 4)) {
    throw base::InputError(
        fmt::format("the output is {}, which cannot hold codes of {} bits", network::name(dtype), bits_));
  }
}

void CodeWriter::write(Tensor* tensor, std::int64_t i, std::uint64_t code) const {
  const int unused = 64 - bits_;
  const std::uint64_t shifted = code << unused;
  tensor->set_integer(i, sign_extend_ ? static_cast<std::int64_t>(shifted) >> unused
                                      : static_cast<std::int64_t>(shifted >> unused));
}

}  // namespace dlasim::golden
