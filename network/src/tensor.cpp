#include "network/tensor.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace dlasim::network {
namespace {

struct DTypeFacts {
  DType dtype;
  std::string_view name;
  int bytes;
  std::int64_t low, high;
};

template <class T>
constexpr DTypeFacts integer_facts(DType dtype, std::string_view name) {
  return {dtype, name, sizeof(T), std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

constexpr std::array kFacts{
    DTypeFacts{DType::kFloat32, "float32", 4, 0, 0},     DTypeFacts{DType::kInt4, "int4", 1, -8, 7},
    integer_facts<std::int8_t>(DType::kInt8, "int8"),    integer_facts<std::uint8_t>(DType::kUInt8, "uint8"),
    integer_facts<std::int16_t>(DType::kInt16, "int16"), integer_facts<std::int32_t>(DType::kInt32, "int32"),
    integer_facts<std::int64_t>(DType::kInt64, "int64"), DTypeFacts{DType::kBool, "bool", 1, 0, 1},
};

const DTypeFacts& facts(DType dtype) {
  return kFacts.at(static_cast<std::size_t>(dtype));
}

template <class T>
std::vector<T> zeros(std::size_t n) {
  std::vector<T> elements;
  elements.reserve(n);
  base::prefer_large_pages(elements.data(), n * sizeof(T));
  elements.resize(n);
  return elements;
}

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

}  // namespace

std::string_view name(DType dtype) {
  return facts(dtype).name;
}

DType dtype_from_name(std::string_view name) {
  const auto* found =
      std::find_if(kFacts.begin(), kFacts.end(), [&](const auto& f) { return f.name == name; });
  if (found == kFacts.end()) throw base::InputError("unknown element type '" + std::string(name) + "'");
  return found->dtype;
}

int bytes_per_element(DType dtype) {
  return facts(dtype).bytes;
}
std::int64_t lowest(DType dtype) {
  return facts(dtype).low;
}
std::int64_t highest(DType dtype) {
  return facts(dtype).high;
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t d : shape) {
    if (d < 0) throw base::InputError("negative dimension in shape " + to_string(shape));
    if (d != 0 && count > kMostElements / d)
      throw base::InputError("shape " + to_string(shape) + " is too large");
    count *= d;
  }
  return count;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t d : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(d);
  }
  return text;
}

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  const auto n = static_cast<std::size_t>(element_count(shape_));
  switch (dtype) {
    case DType::kFloat32:
      storage_ = zeros<float>(n);
      break;
    case DType::kInt4:
    case DType::kInt8:
      storage_ = zeros<std::int8_t>(n);
      break;
    case DType::kUInt8:
    case DType::kBool:
      storage_ = zeros<std::uint8_t>(n);
      break;
    case DType::kInt16:
      storage_ = zeros<std::int16_t>(n);
      break;
    case DType::kInt32:
      storage_ = zeros<std::int32_t>(n);
      break;
    case DType::kInt64:
      storage_ = zeros<std::int64_t>(n);
      break;
  }
}

std::int64_t Tensor::size() const {
  return std::visit([](const auto& v) { return static_cast<std::int64_t>(v.size()); }, storage_);
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != size()) {
    throw base::InputError("cannot reshape " + to_string(shape_) + " to " + to_string(shape));
  }
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

std::int64_t Tensor::integer(std::int64_t i) const {
  return std::visit(
      [i](const auto& v) { return static_cast<std::int64_t>(v.at(static_cast<std::size_t>(i))); }, storage_);
}

void Tensor::set_integer(std::int64_t i, std::int64_t value) {
  if (dtype_ != DType::kFloat32 && (value < lowest(dtype_) || value > highest(dtype_))) {
    throw std::out_of_range(std::to_string(value) + " does not fit " + std::string(name(dtype_)));
  }
  std::visit(
      [&](auto& v) {
        v.at(static_cast<std::size_t>(i)) =
            static_cast<typename std::decay_t<decltype(v)>::value_type>(value);
      },
      storage_);
}

std::span<const std::byte> Tensor::bytes() const {
  return std::visit([](const auto& v) { return std::as_bytes(std::span(v)); }, storage_);
}

std::span<std::byte> Tensor::bytes() {
  return std::visit([](auto& v) { return std::as_writable_bytes(std::span(v)); }, storage_);
}

bool operator==(const Tensor& a, const Tensor& b) {
  const auto x = a.bytes();
  const auto y = b.bytes();
  return a.dtype_ == b.dtype_ && a.shape_ == b.shape_ && std::equal(x.begin(), x.end(), y.begin(), y.end());
}

}  // namespace dlasim::network
