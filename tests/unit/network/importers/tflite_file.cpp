#include "tflite_file.h"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

namespace dlasim::tests {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::voffset_t;
struct AnyTable {};
using Table = Offset<AnyTable>;

voffset_t slot(int field) {
  return static_cast<voffset_t>(4 + 2 * field);
}

/// Collects the offsets of a table's children before the table itself is begun.
class TableWriter {
 public:
  explicit TableWriter(FlatBufferBuilder& builder) : builder_(builder), start_(builder.StartTable()) {}
  template <class T>
  TableWriter& scalar(int field, T value) {
    builder_.ForceDefaults(true);  // zero is not every field's default
    builder_.AddElement<T>(slot(field), value, T{});
    return *this;
  }
  template <class T>
  TableWriter& offset(int field, Offset<T> value) {
    if (!value.IsNull()) builder_.AddOffset(slot(field), value);
    return *this;
  }
  Table end() { return Table(builder_.EndTable(start_)); }

 private:
  FlatBufferBuilder& builder_;
  flatbuffers::uoffset_t start_;
};

Table write_quantization(FlatBufferBuilder& b, const FileTensorSpec& tensor) {
  if (tensor.scale.empty()) return {};
  const auto scale = b.CreateVector(tensor.scale);
  const auto zero_point = b.CreateVector(tensor.zero_point);
  TableWriter table(b);
  table.offset(2, scale).scalar<std::int32_t>(6, tensor.dimension);
  if (!tensor.zero_point.empty()) table.offset(3, zero_point);
  return table.end();
}

Table write_tensor(FlatBufferBuilder& b, const FileTensorSpec& tensor, std::uint32_t buffer) {
  const auto quantization = write_quantization(b, tensor);
  const auto shape = b.CreateVector(tensor.shape);
  const auto name = b.CreateString(tensor.name);
  Table sparsity;
  if (tensor.has_sparsity) sparsity = TableWriter(b).end();
  return TableWriter(b)
      .offset(0, shape)
      .scalar<std::int8_t>(1, static_cast<std::int8_t>(tensor.type))
      .scalar<std::uint32_t>(2, buffer)
      .offset(3, name)
      .offset(4, quantization)
      .scalar<std::uint8_t>(5, tensor.is_variable ? 1 : 0)
      .offset(6, sparsity)
      .end();
}

Table write_operator(FlatBufferBuilder& b, const FileOperatorSpec& op, std::uint32_t opcode) {
  const auto inputs = b.CreateVector(op.inputs);
  const auto outputs = b.CreateVector(op.outputs);
  TableWriter options(b);
  for (const Option& option : op.options) {
    std::visit([&](auto value) { options.scalar(option.id, value); }, option.value);
  }
  const Table options_table = options.end();
  TableWriter table(b);
  table.scalar<std::uint32_t>(0, opcode).offset(1, inputs).offset(2, outputs);
  if (op.options_type != 0) {
    table.scalar<std::uint8_t>(3, static_cast<std::uint8_t>(op.options_type)).offset(4, options_table);
  }
  return table.end();
}

Table write_code(FlatBufferBuilder& b, const FileOperatorSpec& op) {
  const auto custom = b.CreateString(op.custom_name);
  return TableWriter(b)
      .scalar<std::int8_t>(0, static_cast<std::int8_t>(op.code > 127 ? 127 : op.code))
      .offset(1, custom)
      .scalar<std::int32_t>(3, op.code)
      .end();
}

}  // namespace

std::int32_t TfliteFile::add(FileTensorSpec tensor) {
  if (tensor.name.empty()) tensor.name = "t" + std::to_string(tensors.size());
  tensors.push_back(std::move(tensor));
  return static_cast<std::int32_t>(tensors.size()) - 1;
}

std::int32_t TfliteFile::add_list(const std::vector<std::int32_t>& values, std::vector<std::int32_t> shape) {
  FileTensorSpec tensor;
  tensor.type = FileType::kInt32;
  tensor.shape =
      shape.empty() ? std::vector<std::int32_t>{static_cast<std::int32_t>(values.size())} : std::move(shape);
  tensor.data.resize(values.size() * sizeof(std::int32_t));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return add(std::move(tensor));
}

std::vector<std::byte> TfliteFile::bytes() const {
  FlatBufferBuilder b;
  std::vector<Table> codes;
  std::vector<Table> buffers{TableWriter(b).end()};
  std::vector<Table> file_tensors;
  std::vector<Table> file_operators;
  for (const auto& tensor : tensors) {
    std::uint32_t buffer = 0;
    if (!tensor.data.empty()) {
      buffer = static_cast<std::uint32_t>(buffers.size());
      const auto data = b.CreateVector(tensor.data);
      buffers.push_back(TableWriter(b).offset(0, data).end());
    }
    file_tensors.push_back(write_tensor(b, tensor, buffer));
  }
  for (std::size_t i = 0; i < operators.size(); ++i) {
    codes.push_back(write_code(b, operators[i]));
    file_operators.push_back(write_operator(b, operators[i], static_cast<std::uint32_t>(i)));
  }
  const auto tensor_list = b.CreateVector(file_tensors);
  const auto operator_list = b.CreateVector(file_operators);
  const auto input_list = b.CreateVector(inputs);
  const auto output_list = b.CreateVector(outputs);
  const auto graph = TableWriter(b)
                         .offset(0, tensor_list)
                         .offset(1, input_list)
                         .offset(2, output_list)
                         .offset(3, operator_list)
                         .end();
  const auto graph_list = b.CreateVector(std::vector<Table>(static_cast<std::size_t>(subgraphs), graph));
  const auto code_list = b.CreateVector(codes);
  const auto buffer_list = b.CreateVector(buffers);
  const auto model = TableWriter(b)
                         .scalar<std::uint32_t>(0, version)
                         .offset(1, code_list)
                         .offset(2, graph_list)
                         .offset(4, buffer_list)
                         .end();
  b.Finish(model, "TFL3");
  const auto* data = reinterpret_cast<const std::byte*>(b.GetBufferPointer());
  return {data, data + b.GetSize()};
}

}  // namespace dlasim::tests
