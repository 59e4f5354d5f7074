#include "proto.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace dlasim::network::onnx_import {
namespace {

using onnx::TensorProto;

template <class T>
void copy_raw(const std::string& raw, Tensor& tensor) {
  auto to = tensor.data<T>();
  if (raw.size() != to.size_bytes()) {
    throw base::InputError("tensor " + to_string(tensor.shape()) + " needs " +
                           std::to_string(to.size_bytes()) + " bytes, the file has " +
                           std::to_string(raw.size()));
  }
  if (!raw.empty()) std::memcpy(to.data(), raw.data(), raw.size());
}

/// The typed lists hold one element an entry, whatever the element type.
template <class T, class List>
void copy_list(const List& list, Tensor& tensor) {
  auto to = tensor.data<T>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto value = list[static_cast<int>(i)];
    if constexpr (std::is_integral_v<T>) {
      if (static_cast<std::int64_t>(value) < std::numeric_limits<T>::min() ||
          static_cast<std::int64_t>(value) > std::numeric_limits<T>::max()) {
        throw base::InputError("element " + std::to_string(value) + " does not fit its type");
      }
    }
    to[i] = static_cast<T>(value);
  }
}

/// Elements that the message really holds: checked before memory is taken.
std::int64_t stored_elements(const TensorProto& proto) {
  const auto raw = static_cast<std::int64_t>(proto.raw_data().size());
  if (!proto.has_raw_data()) {
    return std::max({proto.float_data_size(), proto.double_data_size(), proto.int32_data_size(),
                     proto.int64_data_size()});
  }
  const bool is_double = proto.data_type() == TensorProto::DOUBLE;
  return raw / (is_double ? 8 : bytes_per_element(dtype_of(proto.data_type())));
}

void copy_doubles(const TensorProto& proto, Tensor& tensor) {
  auto to = tensor.data<float>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    double value = 0.0;
    if (proto.has_raw_data()) {
      std::memcpy(&value, proto.raw_data().data() + i * sizeof(double), sizeof(double));
    } else {
      value = proto.double_data(static_cast<int>(i));
    }
    to[i] = static_cast<float>(value);
  }
}

void copy_elements(const TensorProto& proto, Tensor& tensor) {
  const bool raw = proto.has_raw_data();
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return raw ? copy_raw<float>(proto.raw_data(), tensor) : copy_list<float>(proto.float_data(), tensor);
    case TensorProto::DOUBLE:
      return copy_doubles(proto, tensor);
    case TensorProto::INT64:
      return raw ? copy_raw<std::int64_t>(proto.raw_data(), tensor)
                 : copy_list<std::int64_t>(proto.int64_data(), tensor);
    case TensorProto::INT32:
      return raw ? copy_raw<std::int32_t>(proto.raw_data(), tensor)
                 : copy_list<std::int32_t>(proto.int32_data(), tensor);
    case TensorProto::INT16:
      return raw ? copy_raw<std::int16_t>(proto.raw_data(), tensor)
                 : copy_list<std::int16_t>(proto.int32_data(), tensor);
    case TensorProto::INT8:
      return raw ? copy_raw<std::int8_t>(proto.raw_data(), tensor)
                 : copy_list<std::int8_t>(proto.int32_data(), tensor);
    default:
      return raw ? copy_raw<std::uint8_t>(proto.raw_data(), tensor)
                 : copy_list<std::uint8_t>(proto.int32_data(), tensor);
  }
}

}  // namespace

DType dtype_of(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT:
    case TensorProto::DOUBLE:
      return DType::kFloat32;
    case TensorProto::UINT8:
      return DType::kUInt8;
    case TensorProto::INT8:
      return DType::kInt8;
    case TensorProto::INT16:
      return DType::kInt16;
    case TensorProto::INT32:
      return DType::kInt32;
    case TensorProto::INT64:
      return DType::kInt64;
    case TensorProto::BOOL:
      return DType::kBool;
    default:
      break;
  }
  const std::string name = TensorProto::DataType_IsValid(data_type)
                               ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type))
                               : "number " + std::to_string(data_type);
  throw base::UnsupportedError("element type " + name + " is not supported");
}

Tensor tensor_of(const TensorProto& proto) {
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    throw base::UnsupportedError("data in an external file is not supported");
  }
  if (proto.has_segment()) throw base::UnsupportedError("a segmented tensor is not supported");
  constexpr int kMostDimensions = 8;
  if (proto.dims_size() > kMostDimensions) {
    throw base::UnsupportedError("a tensor of " + std::to_string(proto.dims_size()) +
                                 " dimensions is not supported");
  }
  const Shape shape(proto.dims().begin(), proto.dims().end());
  const DType dtype = dtype_of(proto.data_type());
  if (element_count(shape) != stored_elements(proto)) {
    throw base::InputError("tensor '" + proto.name() + "' of shape " + to_string(shape) + " holds " +
                           std::to_string(stored_elements(proto)) + " elements");
  }
  Tensor tensor(dtype, shape);
  // The typed list that does not belong to the element type may be the one with as many entries.
  const bool wrong_list =
      !proto.has_raw_data() && tensor.size() > 0 &&
      ((proto.data_type() == TensorProto::FLOAT && proto.float_data_size() != tensor.size()) ||
       (proto.data_type() == TensorProto::DOUBLE && proto.double_data_size() != tensor.size()) ||
       (proto.data_type() == TensorProto::INT64 && proto.int64_data_size() != tensor.size()) ||
       (dtype != DType::kFloat32 && dtype != DType::kInt64 && proto.int32_data_size() != tensor.size()));
  if (wrong_list)
    throw base::InputError("tensor '" + proto.name() + "' keeps its data in a list of another type");
  copy_elements(proto, tensor);
  return tensor;
}

const std::string& NodeReader::output(int i) const {
  if (i >= node_.output_size()) throw base::InputError("output " + std::to_string(i) + " is absent");
  return node_.output(i);
}

bool NodeReader::has(const std::string& attribute) const {
  return std::any_of(node_.attribute().begin(), node_.attribute().end(),
                     [&](const auto& a) { return a.name() == attribute; });
}

const onnx::AttributeProto* NodeReader::find(const std::string& attribute, int type) const {
  read_.insert(attribute);
  for (const auto& a : node_.attribute()) {
    if (a.name() != attribute) continue;
    if (a.type() != type) throw base::InputError("attribute '" + attribute + "' has a wrong type");
    return &a;
  }
  return nullptr;
}

std::int64_t NodeReader::integer(const std::string& attribute, std::int64_t absent) const {
  const auto* a = find(attribute, onnx::AttributeProto::INT);
  return a == nullptr ? absent : a->i();
}

float NodeReader::number(const std::string& attribute, float absent) const {
  const auto* a = find(attribute, onnx::AttributeProto::FLOAT);
  if (a == nullptr) return absent;
  if (!std::isfinite(a->f())) throw base::InputError("attribute '" + attribute + "' is not finite");
  return a->f();
}

std::string NodeReader::text(const std::string& attribute, const std::string& absent) const {
  const auto* a = find(attribute, onnx::AttributeProto::STRING);
  return a == nullptr ? absent : a->s();
}

std::vector<std::int64_t> NodeReader::integers(const std::string& attribute,
                                               const std::vector<std::int64_t>& absent) const {
  const auto* a = find(attribute, onnx::AttributeProto::INTS);
  if (a == nullptr) return absent;
  // "To the end" is written as the largest integer; this is far enough and cannot overflow later.
  constexpr std::int64_t kFar = std::int64_t{1} << 31;
  std::vector<std::int64_t> values;
  for (const std::int64_t v : a->ints()) values.push_back(std::clamp(v, -kFar, kFar));
  return values;
}

Tensor NodeReader::tensor(const std::string& attribute) const {
  const auto* a = find(attribute, onnx::AttributeProto::TENSOR);
  if (a == nullptr) throw base::InputError("attribute '" + attribute + "' is missing");
  return tensor_of(a->t());
}

void NodeReader::finish() const {
  for (const auto& a : node_.attribute()) {
    if (read_.count(a.name()) == 0) {
      throw base::UnsupportedError("attribute '" + a.name() + "' is not supported");
    }
  }
}

}  // namespace dlasim::network::onnx_import
