#include "layer_writer.h"

#include "base/error.h"
#include "c_text.h"

namespace dlasim::exporter {

using network::DType;
using network::QuantizedTensor;
using network::RequantRule;
using network::Tensor;

LayerWriter::LayerWriter(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                         std::size_t number)
    : graph_(graph), node_(node), prefix_(fmt::format("layer{}_", number)) {}

void LayerWriter::refuse(const std::string& reason) {
  throw base::UnsupportedError(reason);
}

bool LayerWriter::has_input(std::size_t position) const {
  return position < node_.inputs.size() && node_.inputs[position] != network::kNoTensor;
}

const QuantizedTensor& LayerWriter::input(std::size_t position) const {
  require(has_input(position), "input {} is missing", position);
  return graph_.tensor(node_.inputs[position]);
}

const Tensor& LayerWriter::constant(std::size_t position, std::string_view what) const {
  const QuantizedTensor& tensor = input(position);
  require(tensor.constant.has_value(), "the {} is not a constant", what);
  return *tensor.constant;
}

void LayerWriter::use_rule(RequantRule rule) {
  require(rule != RequantRule::kPytorch, "requantises by PyTorch's float rule, CMSIS-NN by integers");
  if (rule != RequantRule::kInt64) rule_ = rule;
}

std::string LayerWriter::input_pointer(std::size_t position, std::string_view name) {
  pointers_.push_back({std::string(name), input(position).dtype, node_.inputs[position], 0, false});
  return std::string(name);
}

std::string LayerWriter::output_pointer() {
  pointers_.push_back({"output", output().dtype, node_.outputs.at(0), 0, true});
  return "output";
}

std::string LayerWriter::temporary(std::string_view name, DType dtype, std::int64_t elements) {
  pointers_.push_back({std::string(name), dtype, network::kNoTensor, temporaries_.size(), true});
  temporaries_.push_back(elements * network::bytes_per_element(dtype));
  return std::string(name);
}

std::string LayerWriter::array(std::string_view what, const Tensor& values) {
  const std::string array_name = name(what);
  arrays_ +=
      array_definition(array_name, values, plain(node_.name) + ": " + network::to_string(values.shape()));
  constant_bytes_ += values.size() * network::bytes_per_element(values.dtype());
  return array_name;
}

std::string LayerWriter::array(std::string_view what, DType dtype, const std::vector<std::int64_t>& values) {
  Tensor tensor(dtype, {static_cast<std::int64_t>(values.size())});
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, values[static_cast<std::size_t>(i)]);
  return array(what, tensor);
}

std::string LayerWriter::define(std::string_view type, std::string_view what, std::string_view value) {
  definitions_ += fmt::format("static const {} {} = {};\n", type, name(what), value);
  return name(what);
}

void LayerWriter::context() {
  line("const cmsis_nn_context ctx = {{buffers->scratch, {}scratch()}};", prefix_);
}

}  // namespace dlasim::exporter
