#include "quantize/quantized_file.h"

#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "json_fields.h"
#include "network/quantized_graph.h"
#include "quantized_fields.h"

namespace dlasim::quantize {
namespace {

namespace fs = std::filesystem;
using network::QuantizedGraph;
using network::QuantizedTensor;
using network::Tensor;
using network::TensorId;

constexpr const char* kFormat = "dla-quantized-network/1";

/// A tensor's declaration as it stands in the file: the constant itself lies in the .npz.
struct TensorEntry {
  std::string name;
  network::DType dtype = network::DType::kInt8;
  network::Shape shape;
  std::optional<network::Affine> affine;
  std::optional<network::OperandFormat> format;
  bool constant = false;
  TensorId mx_scales = network::kNoTensor;
};

struct FileContent {
  std::string format, name;
  int reduction_lanes = 16;
  std::vector<TensorId> inputs, outputs;
  std::vector<TensorEntry> tensors;
  std::vector<network::QuantizedNode> nodes;
};

template <class Io>
void fields(Io& io, TensorEntry& value) {
  io("name", value.name);
  io("dtype", value.dtype);
  io("shape", value.shape);
  io("affine", value.affine);
  io("format", value.format);
  io("constant", value.constant);
  io("mx_scales", value.mx_scales);
}

template <class Io>
void fields(Io& io, FileContent& value) {
  io("format", value.format);
  io("name", value.name);
  io("reduction_lanes", value.reduction_lanes);
  io("inputs", value.inputs);
  io("outputs", value.outputs);
  io("tensors", value.tensors);
  io("nodes", value.nodes);
}

/// NumPy's name of a tensor's element type.
const char* npy_type(network::DType dtype) {
  switch (dtype) {
    case network::DType::kFloat32:
      return "f4";
    case network::DType::kInt4:
    case network::DType::kInt8:
      return "i1";
    case network::DType::kUInt8:
    case network::DType::kBool:
      return "u1";
    case network::DType::kInt16:
      return "i2";
    case network::DType::kInt32:
      return "i4";
    case network::DType::kInt64:
      return "i8";
  }
  return "";
}

std::string array_name(std::size_t id) {
  return "tensor" + std::to_string(id);
}

fs::path arrays_of(const fs::path& path) {
  if (path.extension() != ".json")
    throw base::InputError(path.string() + ": a quantised network's file ends in .json");
  fs::path arrays = path;
  return arrays.replace_extension(".npz");
}

Tensor tensor_from(const base::NpyArray& array, const TensorEntry& entry, const std::string& where) {
  if (array.dtype != npy_type(entry.dtype) || array.shape != entry.shape) {
    throw base::InputError(where + ": " + array.dtype + " " + base::npy_shape_text(array.shape) +
                           " is not the declared " + std::string(network::name(entry.dtype)) + " " +
                           network::to_string(entry.shape));
  }
  Tensor tensor(entry.dtype, entry.shape);
  std::memcpy(tensor.bytes().data(), array.data.data(), array.data.size());
  const bool narrow = entry.dtype == network::DType::kInt4 || entry.dtype == network::DType::kBool;
  for (std::int64_t i = 0; narrow && i < tensor.size(); ++i) {
    if (tensor.integer(i) < network::lowest(entry.dtype) ||
        tensor.integer(i) > network::highest(entry.dtype)) {
      throw base::InputError(where + ": " + std::to_string(tensor.integer(i)) + " does not fit " +
                             std::string(network::name(entry.dtype)));
    }
  }
  return tensor;
}

[[noreturn]] void invalid(const QuantizedTensor& tensor, const std::string& what) {
  throw base::InputError("tensor '" + tensor.name + "': " + what);
}

void validate_tensor(const QuantizedGraph& graph, const QuantizedTensor& tensor) {
  const std::int64_t elements = network::element_count(tensor.shape);
  if (tensor.constant &&
      (tensor.constant->dtype() != tensor.dtype || tensor.constant->shape() != tensor.shape)) {
    invalid(tensor, "the constant is not what is declared");
  }
  if (tensor.mx_scales < network::kNoTensor ||
      tensor.mx_scales >= static_cast<TensorId>(graph.tensors.size())) {
    invalid(tensor, "its scales are a tensor that is not there");
  }
  if (!tensor.affine || elements == 0) return;
  const network::Affine& a = *tensor.affine;
  if (a.scale.empty() || a.scale.size() != a.zero_point.size())
    invalid(tensor, "scales and zero points do not match");
  const bool on_axis =
      a.axis >= 0 && a.axis < static_cast<int>(tensor.shape.size()) &&
      tensor.shape[static_cast<std::size_t>(a.axis)] == static_cast<std::int64_t>(a.scale.size());
  if (a.scale.size() > 1 && !on_axis)
    invalid(tensor, "the scales do not fit the shape " + network::to_string(tensor.shape));
  for (const float s : a.scale) {
    if (!std::isfinite(s) || s <= 0.0F) invalid(tensor, "a scale is not positive");
  }
}

}  // namespace

void validate(const QuantizedGraph& graph) {
  for (const QuantizedTensor& tensor : graph.tensors) validate_tensor(graph, tensor);
  if (graph.reduction_lanes < 1 || graph.reduction_lanes > 65536) {
    throw base::InputError("reduction_lanes: " + std::to_string(graph.reduction_lanes) +
                           " is not between 1 and 65536");
  }
  std::vector<bool> ready(graph.tensors.size(), false);
  for (std::size_t i = 0; i < ready.size(); ++i) ready[i] = graph.tensors[i].constant.has_value();
  const auto check = [&](TensorId id, const std::string& where) {
    if (id < 0 || static_cast<std::size_t>(id) >= graph.tensors.size()) {
      throw base::InputError(where + ": tensor " + std::to_string(id) + " is not there");
    }
    return static_cast<std::size_t>(id);
  };
  const auto write = [&](TensorId id, const std::string& where) {
    const std::size_t i = check(id, where);
    if (ready[i])
      throw base::InputError(where + ": tensor '" + graph.tensors[i].name + "' is written twice or constant");
    ready[i] = true;
  };
  for (const TensorId id : graph.inputs) write(id, "inputs");
  for (const network::QuantizedNode& node : graph.nodes) {
    const std::string where = "node '" + node.name + "'";
    for (const TensorId id : node.inputs) {
      if (id != network::kNoTensor && !ready[check(id, where)]) {
        throw base::InputError(where + ": tensor '" + graph.tensor(id).name +
                               "' is read before it is written");
      }
    }
    for (const TensorId id : node.outputs) write(id, where);
  }
  for (const TensorId id : graph.outputs) {
    if (!ready[check(id, "outputs")])
      throw base::InputError("outputs: tensor '" + graph.tensor(id).name + "' is never written");
  }
}

void save_quantized(const QuantizedGraph& graph, const fs::path& path) {
  const fs::path arrays_file = arrays_of(path);
  FileContent content{kFormat, graph.name, graph.reduction_lanes, graph.inputs, graph.outputs,
                      {},      graph.nodes};
  base::NpzArrays arrays;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const QuantizedTensor& t = graph.tensors[i];
    content.tensors.push_back(
        {t.name, t.dtype, t.shape, t.affine, t.format, t.constant.has_value(), t.mx_scales});
    if (!t.constant) continue;
    base::NpyArray array{npy_type(t.dtype), t.shape, {}};
    array.data.assign(t.constant->bytes().begin(), t.constant->bytes().end());
    arrays.emplace(array_name(i), std::move(array));
  }
  if (arrays.empty()) arrays.emplace("none", base::NpyArray{"i1", {0}, {}});  // an archive is never empty
  // The arrays first: whoever finds the new .json finds what it refers to.
  base::write_npz(arrays_file, arrays, base::NpzCompression::kDeflated);
  base::write_file_atomically(path, to_json(content).dump(1) + "\n");
}

QuantizedGraph load_quantized(const fs::path& path) {
  const fs::path arrays_file = arrays_of(path);
  Json json;
  try {
    json = Json::parse(base::read_file(path));
  } catch (const Json::exception& error) {
    throw base::InputError(path.string() + ": " + error.what());
  }
  FileContent content;
  from_json(json, content, path.string());
  if (content.format != kFormat) {
    throw base::InputError(path.string() + ": format '" + content.format + "'; '" + kFormat + "' is allowed");
  }
  const base::NpzArrays arrays = base::read_npz(arrays_file);
  QuantizedGraph graph;
  graph.name = std::move(content.name);
  graph.reduction_lanes = content.reduction_lanes;
  graph.inputs = std::move(content.inputs);
  graph.outputs = std::move(content.outputs);
  graph.nodes = std::move(content.nodes);
  for (std::size_t i = 0; i < content.tensors.size(); ++i) {
    TensorEntry& entry = content.tensors[i];
    QuantizedTensor tensor{entry.name,   entry.dtype, entry.shape,    entry.affine,
                           entry.format, {},          entry.mx_scales};
    if (entry.constant) {
      const auto found = arrays.find(array_name(i));
      if (found == arrays.end()) {
        throw base::InputError(arrays_file.string() + ": array '" + array_name(i) + "' of tensor '" +
                               entry.name + "' is missing");
      }
      tensor.constant =
          tensor_from(found->second, entry, arrays_file.string() + ": array '" + array_name(i) + "'");
    }
    graph.tensors.push_back(std::move(tensor));
  }
  try {
    validate(graph);
  } catch (const base::InputError& error) {
    throw base::InputError(path.string() + ": " + error.what());
  }
  return graph;
}

}  // namespace dlasim::quantize
