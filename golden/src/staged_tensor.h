#pragma once
/// Reading and writing codes in tensors.

#include <cstdint>
#include <string_view>
#include <vector>

#include "golden/mx.h"
#include "golden/staged.h"
#include "network/quantized_graph.h"

namespace dlasim::golden {

/// The tensor `id` of the graph. Throws base::InputError that names `what` if it is absent or if its shape
/// or size is not the declared one.
const network::Tensor& staged_tensor(const network::QuantizedGraph& graph, const StagedTensorLookup& lookup,
                                     network::TensorId id, std::string_view what);

/// An operand tensor with the rule that turns its elements into values.
class OperandReader {
 public:
  /// A tensor of codes: its format as declared in the graph must be `format`.
  static OperandReader codes(const network::QuantizedGraph& graph, const StagedTensorLookup& lookup,
                             network::TensorId id, const network::OperandFormat& format,
                             std::string_view what);
  /// A tensor of integers: value = integer - zero_point.
  static OperandReader affine(const network::QuantizedGraph& graph, const StagedTensorLookup& lookup,
                              network::TensorId id, std::int64_t zero_point, std::string_view what);

  const network::Tensor& tensor() const { return *tensor_; }
  bool is_mx() const { return scales_ != nullptr; }
  /// The value: of MX tensors scale * element.
  Value value(std::int64_t i) const;
  /// MX: the element without its scale.
  Value element(std::int64_t i) const;
  /// MX: the scale code of element i's block.
  std::uint8_t scale(std::int64_t i) const;
  /// The low code bits; affine: the integer's 64 bits.
  std::uint64_t code(std::int64_t i) const;

 private:
  const network::Tensor* tensor_ = nullptr;
  const network::Tensor* scales_ = nullptr;
  std::int64_t zero_point_ = 0;
  std::int64_t channels_ = 1;  ///< last dimension
  std::int64_t block_ = 0;
  std::int64_t blocks_ = 0;           ///< a row of channels
  std::vector<Converter> converter_;  ///< empty: affine
};

/// Stores codes, sign-extended from their code bits as QuantizedTensor asks (uint8: as they are).
class CodeWriter {
 public:
  /// Throws base::InputError if `dtype` cannot hold the codes of `format`, or `format` has none.
  CodeWriter(const network::NumberFormat& format, network::DType dtype);
  void write(network::Tensor* tensor, std::int64_t i, std::uint64_t code) const;

 private:
  int bits_;
  bool sign_extend_;
};

}  // namespace dlasim::golden
