#include "network/importers/tflite.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "model.h"
#include "network/importers/names.h"
#include "operator_context.h"

namespace dlasim::network {
namespace tflite {
namespace {

constexpr int kMany = 4096;
constexpr int kCustom = 32;

/// The operator table of spec/tflite_import.md.
constexpr std::array kRules{
    OperatorRule{0, "ADD", 11, 2, 2, convert_add},
    OperatorRule{1, "AVERAGE_POOL_2D", 5, 1, 1, convert_average_pool},
    OperatorRule{2, "CONCATENATION", 10, 1, kMany, convert_concatenation},
    OperatorRule{3, "CONV_2D", 1, 2, 3, convert_conv_2d},
    OperatorRule{4, "DEPTHWISE_CONV_2D", 2, 2, 3, convert_depthwise_conv_2d},
    OperatorRule{6, "DEQUANTIZE", 38, 1, 1, convert_dequantize},
    OperatorRule{9, "FULLY_CONNECTED", 8, 2, 3, convert_fully_connected},
    OperatorRule{14, "LOGISTIC", 0, 1, 1, convert_logistic},
    OperatorRule{17, "MAX_POOL_2D", 5, 1, 1, convert_max_pool},
    OperatorRule{18, "MUL", 21, 2, 2, convert_mul},
    OperatorRule{19, "RELU", 0, 1, 1, convert_relu},
    OperatorRule{21, "RELU6", 0, 1, 1, convert_relu6},
    OperatorRule{22, "RESHAPE", 17, 1, 2, convert_reshape},
    OperatorRule{25, "SOFTMAX", 9, 1, 1, convert_softmax},
    OperatorRule{27, "SVDF", 6, 5, 5, convert_svdf},
    OperatorRule{28, "TANH", 0, 1, 1, convert_tanh},
    OperatorRule{34, "PAD", 22, 2, 2, convert_pad},
    OperatorRule{37, "BATCH_TO_SPACE_ND", 24, 3, 3, convert_batch_to_space},
    OperatorRule{38, "SPACE_TO_BATCH_ND", 25, 3, 3, convert_space_to_batch},
    OperatorRule{39, "TRANSPOSE", 26, 2, 2, convert_transpose},
    OperatorRule{40, "MEAN", 27, 2, 2, convert_mean},
    OperatorRule{41, "SUB", 28, 2, 2, convert_sub},
    OperatorRule{43, "SQUEEZE", 30, 1, 1, convert_reshape},
    OperatorRule{44, "UNIDIRECTIONAL_SEQUENCE_LSTM", 71, 20, 24, convert_lstm},
    OperatorRule{45, "STRIDED_SLICE", 32, 4, 4, convert_strided_slice},
    OperatorRule{49, "SPLIT", 35, 2, 2, convert_split},
    OperatorRule{55, "MAXIMUM", 39, 2, 2, convert_maximum},
    OperatorRule{57, "MINIMUM", 39, 2, 2, convert_minimum},
    OperatorRule{60, "PADV2", 43, 3, 3, convert_padv2},
    OperatorRule{67, "TRANSPOSE_CONV", 49, 3, 4, convert_transpose_conv},
    OperatorRule{70, "EXPAND_DIMS", 52, 2, 2, convert_reshape},
    OperatorRule{74, "SUM", 27, 2, 2, convert_sum},
    OperatorRule{77, "SHAPE", 55, 1, 1, convert_shape},
    OperatorRule{80, "FAKE_QUANT", 58, 1, 1, convert_fake_quant},
    OperatorRule{83, "PACK", 59, 1, kMany, convert_pack},
    OperatorRule{88, "UNPACK", 64, 1, 1, convert_unpack},
    OperatorRule{98, "LEAKY_RELU", 75, 1, 1, convert_leaky_relu},
    OperatorRule{114, "QUANTIZE", 89, 1, 1, convert_quantize},
    OperatorRule{126, "BATCH_MATMUL", 101, 2, 2, convert_batch_matmul},
};

const OperatorRule& rule_of(const FileOperator& op) {
  if (op.code == kCustom)
    throw base::UnsupportedError("custom operator '" + op.custom_name + "' is not supported");
  const auto* rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const auto& r) { return r.code == op.code; });
  if (rule == kRules.end()) {
    throw base::UnsupportedError("operator number " + std::to_string(op.code) +
                                 " of the format is not supported");
  }
  return *rule;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char ch) { return static_cast<char>(std::tolower(ch)); });
  return result;
}

/// Which tensors have a value when an operator runs; each is written once.
class Availability {
 public:
  explicit Availability(const Model& model) {
    for (const FileTensor& tensor : model.tensors) {
      available_.push_back(tensor.info.constant.has_value());
    }
    for (const TensorId id : model.inputs) {
      if (available_.at(static_cast<std::size_t>(id))) damaged("a graph input is constant or named twice");
      available_[static_cast<std::size_t>(id)] = true;
    }
  }
  void require(const FileOperator& op, const Model& model) const {
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const TensorId id = op.inputs[i];
      if (id == kNoTensor || is_state(op, i, model)) continue;
      if (!available_[static_cast<std::size_t>(id)]) {
        damaged("tensor '" + model.tensors[static_cast<std::size_t>(id)].info.name +
                "' is used before it is computed");
      }
    }
  }
  void write(const FileOperator& op, const Model& model) {
    for (const TensorId id : op.outputs) {
      if (available_[static_cast<std::size_t>(id)]) {
        damaged("tensor '" + model.tensors[static_cast<std::size_t>(id)].info.name + "' is written twice");
      }
      available_[static_cast<std::size_t>(id)] = true;
    }
  }
  bool has(TensorId id) const { return available_[static_cast<std::size_t>(id)]; }

 private:
  /// The inputs through which SVDF and LSTM keep their state; a variable tensor has no other use.
  static bool is_state(const FileOperator& op, std::size_t input, const Model& model) {
    constexpr int kSvdf = 27, kLstm = 44;
    const bool place = (op.code == kSvdf && input == 4) || (op.code == kLstm && (input == 18 || input == 19));
    return place && model.tensors[static_cast<std::size_t>(op.inputs[input])].is_variable;
  }

  std::vector<bool> available_;
};

void convert(const FileOperator& op, std::size_t index, Graph& graph) {
  const OperatorRule& rule = rule_of(op);
  OperatorContext context(graph, op, rule.name, lower_case(rule.name) + "_" + std::to_string(index));
  if (op.options_type != 0 && op.options_type != rule.options_type) {
    context.bad("options of type " + std::to_string(op.options_type) + "; " +
                std::to_string(rule.options_type) + " expected");
  }
  if (context.input_count() < rule.fewest_inputs || context.input_count() > rule.most_inputs) {
    context.bad(std::to_string(context.input_count()) + " inputs");
  }
  if (op.outputs.empty()) context.bad("no output");
  if (op.outputs.size() > 1 && rule.convert != convert_split && rule.convert != convert_unpack) {
    context.bad(std::to_string(op.outputs.size()) + " outputs");
  }
  rule.convert(context);
}

Graph to_graph(Model model) {
  Graph graph;
  graph.inputs = model.inputs;
  graph.outputs = model.outputs;
  for (const FileTensor& tensor : model.tensors) graph.tensors.push_back(tensor.info);
  Availability available(model);
  for (std::size_t i = 0; i < model.operators.size(); ++i) {
    const FileOperator& op = model.operators[i];
    try {
      available.require(op, model);
      convert(op, i, graph);
      available.write(op, model);
    } catch (const base::UnsupportedError& e) {
      throw base::UnsupportedError("operator " + std::to_string(i) + ": " + e.what());
    } catch (const base::InputError& e) {
      throw base::InputError("operator " + std::to_string(i) + ": " + e.what());
    }
  }
  for (const TensorId id : graph.outputs) {
    if (!available.has(id)) damaged("a graph output is never computed");
    if (graph.tensor(id).constant) {
      throw base::UnsupportedError("graph output '" + graph.tensor(id).name + "' is a constant");
    }
  }
  // File tensors come first and have unique names already: only the steps between them may be renamed.
  importers::UniqueNames names;
  for (TensorInfo& tensor : graph.tensors) tensor.name = names.claim(tensor.name);
  return graph;
}

}  // namespace
}  // namespace tflite

Graph import_tflite(std::span<const std::byte> file, const std::string& name) {
  try {
    Graph graph = tflite::to_graph(tflite::parse_model(file));
    graph.name = name;
    return graph;
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(name + ": " + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(name + ": " + e.what());
  }
}

Graph read_tflite(const std::filesystem::path& path) {
  Graph graph = import_tflite(base::read_file(path), path.string());
  graph.name = importers::stem(path);
  return graph;
}

}  // namespace dlasim::network
