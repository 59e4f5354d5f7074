#pragma once
/// ONNX models made in a test.

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "network/tensor.h"

namespace dlasim::tests {

using network::Shape;

/// Builds a model node by node.
class Model {
 public:
  explicit Model(int opset = 13) {
    model_.set_ir_version(7);
    auto* set = model_.add_opset_import();
    set->set_version(opset);
    model_.mutable_graph()->set_name("test");
  }

  Model& input(const std::string& name, const Shape& shape, int type = onnx::TensorProto::FLOAT) {
    auto* tensor = model_.mutable_graph()->add_input();
    tensor->set_name(name);
    tensor->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    for (const auto d : shape)
      tensor->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(d);
    return *this;
  }
  Model& output(const std::string& name) {
    model_.mutable_graph()->add_output()->set_name(name);
    return *this;
  }
  Model& floats(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    auto* t = initializer(name, shape, onnx::TensorProto::FLOAT);
    for (const float v : values) t->add_float_data(v);
    return *this;
  }
  Model& ints(const std::string& name, const Shape& shape, const std::vector<int>& values, int type) {
    auto* t = initializer(name, shape, type);
    for (const int v : values) type == onnx::TensorProto::INT64 ? t->add_int64_data(v) : t->add_int32_data(v);
    return *this;
  }
  Model& node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output) {
    auto* n = model_.mutable_graph()->add_node();
    n->set_op_type(op);
    for (const auto& i : inputs) n->add_input(i);
    n->add_output(output);
    last_ = n;
    return *this;
  }
  Model& list(const std::string& attribute, const std::vector<std::int64_t>& values) {
    auto* a = last_->add_attribute();
    a->set_name(attribute);
    a->set_type(onnx::AttributeProto::INTS);
    for (const auto v : values) a->add_ints(v);
    return *this;
  }
  Model& with(const std::string& attribute, std::int64_t value) {
    auto* a = last_->add_attribute();
    a->set_name(attribute);
    a->set_type(onnx::AttributeProto::INT);
    a->set_i(value);
    return *this;
  }
  Model& number(const std::string& attribute, float value) {
    auto* a = last_->add_attribute();
    a->set_name(attribute);
    a->set_type(onnx::AttributeProto::FLOAT);
    a->set_f(value);
    return *this;
  }
  Model& text(const std::string& attribute, const std::string& value) {
    auto* a = last_->add_attribute();
    a->set_name(attribute);
    a->set_type(onnx::AttributeProto::STRING);
    a->set_s(value);
    return *this;
  }
  /// The operator set of the last node.
  Model& domain(const std::string& name) {
    last_->set_domain(name);
    return *this;
  }
  /// Another output of the last node.
  Model& also(const std::string& name) {
    last_->add_output(name);
    return *this;
  }
  onnx::ModelProto& proto() { return model_; }
  std::vector<std::byte> bytes() const {
    const std::string text = model_.SerializeAsString();
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
  }

 private:
  onnx::TensorProto* initializer(const std::string& name, const Shape& shape, int type) {
    auto* t = model_.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(type);
    for (const auto d : shape) t->add_dims(d);
    return t;
  }
  onnx::ModelProto model_;
  onnx::NodeProto* last_ = nullptr;
};

/// -8 step, ..., 8 step, again and again.
inline std::vector<float> counting(std::size_t n, float step) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = step * static_cast<float>(static_cast<int>(i % 17) - 8);
  return values;
}

}  // namespace dlasim::tests
