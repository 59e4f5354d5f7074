#include "model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "network/importers/names.h"

namespace dlasim::network::tflite {
namespace {

/// Field ids of spec/tflite_import.md.
namespace field {
constexpr int kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4;
constexpr int kDeprecatedCode = 0, kCustomCode = 1, kBuiltinCode = 3;
constexpr int kTensors = 0, kGraphInputs = 1, kGraphOutputs = 2, kOperators = 3;
constexpr int kData = 0, kExternalOffset = 1, kExternalSize = 2;
constexpr int kShape = 0, kType = 1, kBuffer = 2, kName = 3, kQuantization = 4, kIsVariable = 5,
              kSparsity = 6;
constexpr int kScale = 2, kZeroPoint = 3, kDetailsType = 4, kDetails = 5, kDimension = 6;
constexpr int kOpcode = 0, kInputs = 1, kOutputs = 2, kOptionsType = 3, kOptions = 4;
}  // namespace field

constexpr std::uint32_t kMostDimensions = 8;
constexpr std::uint32_t kMostOperands = 4096;
constexpr std::int64_t kMostElements = (std::int64_t{1} << 31) - 1;

/// What a hostile file may make us copy: many tensors can name the same bytes.
class CopyBudget {
 public:
  explicit CopyBudget(std::size_t file_size) : left_(16 * std::uint64_t{file_size} + (1U << 16)) {}
  void spend(std::uint64_t bytes) {
    if (bytes > left_) damaged("its tensors share the same bytes too often");
    left_ -= bytes;
  }

 private:
  std::uint64_t left_;
};

DType dtype_of(int type) {
  switch (type) {
    case 0:
      return DType::kFloat32;
    case 2:
      return DType::kInt32;
    case 3:
      return DType::kUInt8;
    case 4:
      return DType::kInt64;
    case 6:
      return DType::kBool;
    case 7:
      return DType::kInt16;
    case 9:
      return DType::kInt8;
    case 17:
      return DType::kInt4;
    default:
      break;
  }
  // The types of the format that no quantised or float32 model of ours can hold.
  constexpr std::array<std::pair<int, const char*>, 9> kOthers{{{1, "float16"},
                                                                {5, "string"},
                                                                {8, "complex64"},
                                                                {10, "float64"},
                                                                {11, "complex128"},
                                                                {12, "uint64"},
                                                                {13, "resource"},
                                                                {15, "uint32"},
                                                                {16, "uint16"}}};
  for (const auto& [code, text] : kOthers) {
    if (code == type) throw base::UnsupportedError(std::string("element type ") + text);
  }
  throw base::UnsupportedError("element type number " + std::to_string(type));
}

Shape parse_shape(const FlatTable& table) {
  const auto dimensions = table.vector<std::int32_t>(field::kShape);
  if (dimensions.size() > kMostDimensions) {
    throw base::UnsupportedError(std::to_string(dimensions.size()) + " dimensions; at most 8 are supported");
  }
  Shape shape;
  for (std::uint32_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i] < 0) throw base::UnsupportedError("dynamic shape (a dimension of -1)");
    shape.push_back(dimensions[i]);
  }
  if (element_count(shape) > kMostElements)
    throw base::InputError("shape " + to_string(shape) + " is too large");
  return shape;
}

Tensor unpack_int4(Bytes data, const Shape& shape) {
  Tensor tensor(DType::kInt4, shape);
  auto values = tensor.data<std::int8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto pair = std::to_integer<unsigned>(data[i / 2]);
    const unsigned nibble = i % 2 == 0 ? pair & 15U : pair >> 4U;
    values[i] = static_cast<std::int8_t>(static_cast<int>(nibble ^ 8U) - 8);
  }
  return tensor;
}

Tensor parse_constant(Bytes data, DType dtype, const Shape& shape) {
  const auto count = static_cast<std::uint64_t>(element_count(shape));
  const std::uint64_t needed =
      dtype == DType::kInt4 ? (count + 1) / 2 : count * static_cast<std::uint64_t>(bytes_per_element(dtype));
  if (needed != data.size()) {
    damaged(to_string(shape) + " of " + std::string(name(dtype)) + " needs " + std::to_string(needed) +
            " bytes, its buffer has " + std::to_string(data.size()));
  }
  if (dtype == DType::kInt4) return unpack_int4(data, shape);
  Tensor tensor(dtype, shape);
  std::copy(data.begin(), data.end(), tensor.bytes().begin());
  return tensor;
}

/// Bias scales are not used by any rule, and converters write 0 for a channel whose weights are all 0.
bool is_unused_bias_scale(const TensorInfo& info, const std::vector<float>& scale) {
  const bool wide = info.dtype == DType::kInt32 || info.dtype == DType::kInt64;
  return wide && info.constant && std::find(scale.begin(), scale.end(), 0.0F) != scale.end();
}

std::optional<Affine> parse_affine(const FlatTable& table, const TensorInfo& info, CopyBudget& budget) {
  const auto quantization = table.table(field::kQuantization);
  if (!quantization) return std::nullopt;
  if (quantization->scalar<std::uint8_t>(field::kDetailsType, 0) != 0 || quantization->has(field::kDetails)) {
    throw base::UnsupportedError("quantization.details (custom quantisation)");
  }
  const auto scales = quantization->vector<float>(field::kScale);
  if (scales.empty()) return std::nullopt;
  budget.spend(std::uint64_t{scales.size()} * (sizeof(float) + sizeof(std::int64_t)));
  Affine affine;
  affine.scale = scales.to_vector();
  const auto zero_points = quantization->vector<std::int64_t>(field::kZeroPoint);
  if (!zero_points.empty() && zero_points.size() != scales.size()) {
    damaged(std::to_string(scales.size()) + " scales with " + std::to_string(zero_points.size()) +
            " zero points");
  }
  affine.zero_point =
      zero_points.empty() ? std::vector<std::int64_t>(scales.size(), 0) : zero_points.to_vector();
  if (scales.size() > 1) {
    const auto axis = quantization->scalar<std::int32_t>(field::kDimension, 0);
    if (axis < 0 || static_cast<std::size_t>(axis) >= info.shape.size() ||
        info.shape[static_cast<std::size_t>(axis)] != scales.size()) {
      damaged(std::to_string(scales.size()) + " scales along dimension " + std::to_string(axis) +
              " of shape " + to_string(info.shape));
    }
    affine.axis = axis;
  }
  if (info.dtype == DType::kFloat32 || info.dtype == DType::kBool) return std::nullopt;
  if (is_unused_bias_scale(info, affine.scale)) return std::nullopt;
  for (const float s : affine.scale) {
    if (!std::isfinite(s) || !(s > 0.0F))
      throw base::InputError("scale " + std::to_string(s) + " is not above 0");
  }
  for (const std::int64_t z : affine.zero_point) {
    if (z < lowest(info.dtype) || z > highest(info.dtype)) {
      throw base::InputError("zero point " + std::to_string(z) + " does not fit " +
                             std::string(name(info.dtype)));
    }
  }
  return affine;
}

FileTensor parse_tensor(const FlatTable& table, const FlatTableVector& buffers, CopyBudget& budget) {
  FileTensor tensor;
  tensor.info.shape = parse_shape(table);
  tensor.info.dtype = dtype_of(table.scalar<std::int8_t>(field::kType, 0));
  tensor.is_variable = table.scalar<std::uint8_t>(field::kIsVariable, 0) != 0;
  if (table.has(field::kSparsity)) throw base::UnsupportedError("sparsity");
  const auto buffer = table.scalar<std::uint32_t>(field::kBuffer, 0);
  if (buffer >= buffers.size() && !(buffer == 0 && buffers.empty())) {
    damaged("buffer " + std::to_string(buffer) + " of " + std::to_string(buffers.size()));
  }
  if (buffer != 0) {
    const FlatTable entry = buffers[buffer];
    if (entry.scalar<std::uint64_t>(field::kExternalOffset, 0) > 1 ||
        entry.scalar<std::uint64_t>(field::kExternalSize, 0) > 1) {
      throw base::UnsupportedError("external buffer data");
    }
    const auto data = entry.vector<std::uint8_t>(field::kData);
    if (!data.empty()) {
      budget.spend(data.size());
      tensor.info.constant = parse_constant(data.bytes(), tensor.info.dtype, tensor.info.shape);
    }
  }
  tensor.info.affine = parse_affine(table, tensor.info, budget);
  return tensor;
}

std::vector<FileTensor> parse_tensors(const FlatTable& graph, const FlatTableVector& buffers,
                                      std::size_t file_size) {
  CopyBudget budget(file_size);
  importers::UniqueNames names;
  std::vector<FileTensor> tensors;
  const auto table = graph.tables(field::kTensors);
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::string text = table[i].string(field::kName);
    budget.spend(text.size());
    text = names.claim(text.empty() ? "tensor_" + std::to_string(i) : text);
    try {
      tensors.push_back(parse_tensor(table[i], buffers, budget));
    } catch (const base::UnsupportedError& e) {
      throw base::UnsupportedError("tensor " + std::to_string(i) + " '" + text + "': " + e.what() +
                                   " is not supported");
    } catch (const base::InputError& e) {
      throw base::InputError("tensor " + std::to_string(i) + " '" + text + "': " + e.what());
    }
    tensors.back().info.name = std::move(text);
  }
  return tensors;
}

/// Absent operands are written -1 and allowed only where `lowest` is -1.
std::vector<TensorId> parse_indices(const FlatTable& table, int list, std::size_t tensors, int lowest_index) {
  const auto indices = table.vector<std::int32_t>(list);
  if (indices.size() > kMostOperands) damaged("a list of " + std::to_string(indices.size()) + " tensors");
  std::vector<TensorId> result;
  for (std::uint32_t i = 0; i < indices.size(); ++i) {
    const std::int32_t index = indices[i];
    if (index < lowest_index || index >= static_cast<std::int64_t>(tensors)) {
      damaged("tensor " + std::to_string(index) + " of " + std::to_string(tensors));
    }
    result.push_back(index);
  }
  return result;
}

FileOperator parse_operator(const FlatTable& table, const FlatTableVector& codes, std::size_t tensors) {
  FileOperator op;
  const auto index = table.scalar<std::uint32_t>(field::kOpcode, 0);
  if (index >= codes.size()) {
    damaged("operator code " + std::to_string(index) + " of " + std::to_string(codes.size()));
  }
  const FlatTable code = codes[index];
  op.code = std::max<std::int32_t>(code.scalar<std::int8_t>(field::kDeprecatedCode, 0),
                                   code.scalar<std::int32_t>(field::kBuiltinCode, 0));
  op.custom_name = code.string(field::kCustomCode);
  op.inputs = parse_indices(table, field::kInputs, tensors, kNoTensor);
  op.outputs = parse_indices(table, field::kOutputs, tensors, 0);
  op.options_type = table.scalar<std::uint8_t>(field::kOptionsType, 0);
  if (op.options_type != 0) op.options = table.table(field::kOptions);
  return op;
}

}  // namespace

Model parse_model(Bytes file) {
  constexpr std::array kIdentifier{'T', 'F', 'L', '3'};
  for (std::size_t i = 0; i < kIdentifier.size(); ++i) {
    if (read_scalar<char>(file, 4 + i) != kIdentifier[i]) {
      throw base::InputError("not a TensorFlow Lite file: bytes 4 to 7 are not 'TFL3'");
    }
  }
  const FlatTable root = FlatTable::root(file);
  const auto version = root.scalar<std::uint32_t>(field::kVersion, 0);
  if (version != 3)
    throw base::UnsupportedError("schema version " + std::to_string(version) + "; 3 is supported");
  const auto subgraphs = root.tables(field::kSubgraphs);
  if (subgraphs.size() != 1) {
    throw base::UnsupportedError(std::to_string(subgraphs.size()) + " subgraphs; exactly 1 is supported");
  }
  const FlatTable graph = subgraphs[0];
  Model model;
  model.tensors = parse_tensors(graph, root.tables(field::kBuffers), file.size());
  model.inputs = parse_indices(graph, field::kGraphInputs, model.tensors.size(), 0);
  model.outputs = parse_indices(graph, field::kGraphOutputs, model.tensors.size(), 0);
  const auto operators = graph.tables(field::kOperators);
  const auto codes = root.tables(field::kOperatorCodes);
  std::uint64_t operands = 0;
  for (std::uint32_t i = 0; i < operators.size(); ++i) {
    model.operators.push_back(parse_operator(operators[i], codes, model.tensors.size()));
    operands += model.operators.back().inputs.size() + model.operators.back().outputs.size();
    if (operands > file.size()) damaged("its operators share the same operand lists too often");
  }
  return model;
}

}  // namespace dlasim::network::tflite
