#pragma once
/// Writes small .tflite files through the FlatBuffers library, which shares no code with the importer's
/// reader.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dlasim::tests {

/// Element types as the format numbers them.
enum class FileType : std::int8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt32 = 2,
  kUInt8 = 3,
  kInt64 = 4,
  kInt16 = 7,
  kInt8 = 9,
  kInt4 = 17
};

/// One field of an operator's options.
struct Option {
  int id;
  std::variant<std::int8_t, std::int32_t, float> value;
};

struct FileTensorSpec {
  std::vector<std::int32_t> shape = {};
  FileType type = FileType::kInt8;
  std::vector<std::uint8_t> data = {};  ///< empty: no constant
  std::vector<float> scale = {};
  std::vector<std::int64_t> zero_point = {};
  int dimension = 0;
  bool is_variable = false;
  bool has_sparsity = false;
  std::string name = {};
};

struct FileOperatorSpec {
  int code;
  std::vector<std::int32_t> inputs, outputs;
  int options_type = 0;
  std::vector<Option> options;
  std::string custom_name;
};

struct TfliteFile {
  std::vector<FileTensorSpec> tensors;
  std::vector<FileOperatorSpec> operators;
  std::vector<std::int32_t> inputs, outputs;
  int subgraphs = 1;
  std::uint32_t version = 3;

  /// Adds a tensor and returns its index.
  std::int32_t add(FileTensorSpec tensor);
  /// Adds a constant list of int32.
  std::int32_t add_list(const std::vector<std::int32_t>& values, std::vector<std::int32_t> shape = {});
  std::vector<std::byte> bytes() const;
};

}  // namespace dlasim::tests
