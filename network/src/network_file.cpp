#include "network/network_file.h"

#include <fmt/format.h>

#include <iterator>
#include <set>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "base/yaml.h"
#include "graph_fields.h"
#include "network/network_yaml.h"
#include "network/npy_tensor.h"

namespace dlasim::network {
namespace {

/// A YAML string in double quotes.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (code < 0x20) {
      result += fmt::format("\\x{:02x}", code);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// Shortest decimal that reads back as the same double; float32 values are written as the double they are.
std::string text_of(double value) {
  return fmt::format("{}", value);
}
std::string text_of(float value) {
  return text_of(static_cast<double>(value));
}
std::string text_of(std::int64_t value) {
  return std::to_string(value);
}
std::string text_of(int value) {
  return std::to_string(value);
}
std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(FusedActivation value) {
  for (const auto& choice : kActivationNames) {
    if (choice.value == value) return std::string(choice.name);
  }
  return "none";
}
std::string text_of(const Affine& affine);
template <class List>
std::string list_text(const List& values) {
  std::string text;
  for (const auto& v : values) text += (text.empty() ? "" : ", ") + text_of(v);
  return "[" + text + "]";
}
std::string text_of(const Pair& pair) {
  return list_text(pair);
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  return list_text(values);
}
std::string text_of(const Padding& p) {
  return fmt::format("{{top: {}, left: {}, bottom: {}, right: {}}}", p.top, p.left, p.bottom, p.right);
}
std::string text_of(const std::optional<std::int64_t>& value) {
  return std::to_string(value.value());
}
std::string text_of(const Affine& affine) {
  return fmt::format("{{scale: {}, zero_point: {}, axis: {}}}", list_text(affine.scale),
                     list_text(affine.zero_point), affine.axis);
}

std::string names_of(const Graph& graph, const std::vector<TensorId>& ids) {
  std::string text;
  for (const TensorId id : ids) {
    text += text.empty() ? "" : ", ";
    text += id == kNoTensor ? "\"\"" : quoted(graph.tensor(id).name);
  }
  return "[" + text + "]";
}

/// One scale stands in the YAML; a list of them goes into the .npz as NAME.scale and NAME.zero_point.
std::string affine_keys(const TensorInfo& tensor, base::NpzArrays& arrays) {
  if (!tensor.affine) return {};
  const Affine& a = *tensor.affine;
  if (a.scale.size() == 1 && a.axis == -1) {
    return fmt::format(", scale: {}, zero_point: {}", text_of(a.scale[0]), a.zero_point[0]);
  }
  const auto count = static_cast<std::int64_t>(a.scale.size());
  arrays[tensor.name + ".scale"] = base::make_npy<float>({count}, a.scale);
  arrays[tensor.name + ".zero_point"] = base::make_npy<std::int64_t>({count}, a.zero_point);
  return fmt::format(", axis: {}", a.axis);
}

std::string tensor_line(const TensorInfo& tensor, base::NpzArrays& arrays) {
  std::string line = fmt::format("    - {{name: {}, dtype: {}, shape: {}", quoted(tensor.name),
                                 name(tensor.dtype), list_text(tensor.shape));
  line += affine_keys(tensor, arrays);
  if (tensor.constant) {
    if (tensor.constant->dtype() != tensor.dtype || tensor.constant->shape() != tensor.shape) {
      throw base::InputError("tensor '" + tensor.name + "': its constant has another type or shape");
    }
    arrays[tensor.name] = npy_from_tensor(*tensor.constant);
    line += ", constant: true";
  }
  return line + "}\n";
}

/// What differs from the operator's defaults.
std::string attribute_keys(const Operation& operation) {
  std::string keys;
  std::visit(
      [&](const auto& o) {
        std::vector<std::string> defaults;
        const std::decay_t<decltype(o)> plain{};
        const auto text = [](const auto& value) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::optional<std::int64_t>>) {
            return value ? text_of(value) : std::string();
          } else {
            return text_of(value);
          }
        };
        for_each_field(plain, [&](std::string_view, const auto& value) { defaults.push_back(text(value)); });
        std::size_t i = 0;
        for_each_field(o, [&](std::string_view key, const auto& value) {
          const std::string shown = text(value);
          if (shown != defaults[i++]) keys += fmt::format(", {}: {}", key, shown);
        });
      },
      operation);
  return keys;
}

}  // namespace

void write_network(const Graph& graph, const std::filesystem::path& path) {
  if (path.extension() != ".yaml") throw base::InputError(path.string() + ": must end in .yaml");
  std::set<std::string> names;
  base::NpzArrays arrays;
  std::string tensors;
  std::filesystem::path weights = path;
  weights.replace_extension(".npz");
  for (const TensorInfo& tensor : graph.tensors) {
    if (tensor.name.empty() || !names.insert(tensor.name).second) {
      throw base::InputError("two tensors are named '" + tensor.name + "'");
    }
    tensors += tensor_line(tensor, arrays);
  }
  std::string text = fmt::format("# Written by dlasim import.\nname: {}\n", quoted(graph.name));
  if (!arrays.empty()) text += fmt::format("weights: {}\n", quoted(weights.filename().string()));
  text += "graph:\n  tensors:\n" + tensors;
  text += graph.nodes.empty() ? "  nodes: []\n" : "  nodes:\n";
  for (const Node& node : graph.nodes) {
    text += fmt::format("    - {{name: {}, op: {}, inputs: {}, outputs: {}{}}}\n", quoted(node.name),
                        name(node.operation), names_of(graph, node.inputs), names_of(graph, node.outputs),
                        attribute_keys(node.operation));
  }
  text += fmt::format("  inputs: {}\n  outputs: {}\n", names_of(graph, graph.inputs),
                      names_of(graph, graph.outputs));
  if (!arrays.empty()) base::write_npz(weights, arrays, base::NpzCompression::kDeflated);
  base::write_file_atomically(path, text);
}

Graph read_network_file(const std::filesystem::path& path) {
  const auto document = base::YamlDocument::from_file(path);
  return read_network(document.root());
}

}  // namespace dlasim::network
