#pragma once
/// The tables of a .tflite file as plain, checked data.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flat_buffer.h"
#include "network/graph.h"

namespace dlasim::network::tflite {

/// One entry of the file's tensor table.
struct FileTensor {
  TensorInfo info;
  bool is_variable = false;
};

/// One call. Indices of tensors are checked; -1 is an absent input.
struct FileOperator {
  int code = 0;             ///< builtin code, 32 is CUSTOM
  std::string custom_name;  ///< only CUSTOM
  std::vector<TensorId> inputs, outputs;
  int options_type = 0;
  std::optional<FlatTable> options;
};

struct Model {
  std::vector<FileTensor> tensors;
  std::vector<FileOperator> operators;
  std::vector<TensorId> inputs, outputs;
};

/// Throws base::InputError or base::UnsupportedError.
Model parse_model(Bytes file);

}  // namespace dlasim::network::tflite
