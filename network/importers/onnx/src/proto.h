#pragma once
/// Checked access to ONNX's protocol buffer messages.

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "network/tensor.h"

namespace dlasim::network::onnx_import {

/// Throws base::UnsupportedError for types that a Tensor cannot hold. float64 becomes float32.
DType dtype_of(int data_type);

/// An initialiser or a constant. Throws base::InputError if its data does not match its shape.
Tensor tensor_of(const onnx::TensorProto& proto);

/// A node whose attributes are read by name; `finish` refuses those that nobody read.
class NodeReader {
 public:
  NodeReader(const onnx::NodeProto& node, int opset) : node_(node), opset_(opset) {}

  const std::string& op() const { return node_.op_type(); }
  int opset() const { return opset_; }
  int input_count() const { return node_.input_size(); }
  int output_count() const { return node_.output_size(); }
  /// "" for an absent optional input.
  std::string input(int i) const { return i < node_.input_size() ? node_.input(i) : std::string(); }
  const std::string& output(int i) const;
  const std::string& name() const { return node_.name(); }

  bool has(const std::string& attribute) const;
  std::int64_t integer(const std::string& attribute, std::int64_t absent) const;
  float number(const std::string& attribute, float absent) const;
  std::string text(const std::string& attribute, const std::string& absent) const;
  std::vector<std::int64_t> integers(const std::string& attribute,
                                     const std::vector<std::int64_t>& absent) const;
  Tensor tensor(const std::string& attribute) const;
  /// Marks an attribute as understood without effect here.
  void ignore(const std::string& attribute) const { read_.insert(attribute); }
  /// Throws base::UnsupportedError if an attribute was never read.
  void finish() const;

 private:
  const onnx::AttributeProto* find(const std::string& attribute, int type) const;

  const onnx::NodeProto& node_;
  int opset_;
  mutable std::set<std::string> read_;
};

}  // namespace dlasim::network::onnx_import
