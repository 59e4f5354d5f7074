#pragma once
/// Dense tensors in row-major order. Activations are NHWC, convolution weights OHWI (spec/vectors.md).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dlasim::network {

/// Element types. An int4 element is stored unpacked, one value -8..7 an int8.
enum class DType { kFloat32, kInt4, kInt8, kUInt8, kInt16, kInt32, kInt64, kBool };

/// "int8", "float32", ...
std::string_view name(DType dtype);
/// The inverse of `name`. Throws base::InputError for an unknown name.
DType dtype_from_name(std::string_view name);
/// Bytes of one element as stored in a Tensor and in the accelerator's DRAM (int4: 1).
int bytes_per_element(DType dtype);
/// Smallest and largest value of an integer type.
std::int64_t lowest(DType dtype);
std::int64_t highest(DType dtype);

/// Dimensions, outermost first. An empty shape is a scalar with one element.
using Shape = std::vector<std::int64_t>;

/// Product of the dimensions. Throws base::InputError on a negative dimension or above 2^40 elements.
std::int64_t element_count(const Shape& shape);
/// "1x10x10x2"; "scalar" for an empty shape.
std::string to_string(const Shape& shape);

/// A dense tensor that owns its elements.
class Tensor {
 public:
  Tensor() = default;
  /// All elements are zero.
  Tensor(DType dtype, Shape shape);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const;
  /// The same elements under another shape with as many elements.
  Tensor reshaped(Shape shape) const;

  /// The elements. T is the storage type of the dtype: float; int8_t (int4, int8); uint8_t (uint8,
  /// bool); int16_t; int32_t; int64_t. Throws std::bad_variant_access for another T.
  template <class T>
  std::span<T> data() {
    return std::get<std::vector<T>>(storage_);
  }
  template <class T>
  std::span<const T> data() const {
    return std::get<std::vector<T>>(storage_);
  }

  /// Element `i` of an integer tensor, widened. For loops where clarity counts more than speed.
  std::int64_t integer(std::int64_t i) const;
  /// Stores `value`; throws std::out_of_range if the dtype cannot hold it.
  void set_integer(std::int64_t i, std::int64_t value);

  /// The elements as bytes, little-endian on every machine the project supports.
  std::span<const std::byte> bytes() const;
  std::span<std::byte> bytes();

  /// Same dtype, shape and elements (floats by bit pattern).
  friend bool operator==(const Tensor& a, const Tensor& b);

 private:
  using Storage =
      std::variant<std::vector<float>, std::vector<std::int8_t>, std::vector<std::uint8_t>,
                   std::vector<std::int16_t>, std::vector<std::int32_t>, std::vector<std::int64_t>>;
  DType dtype_ = DType::kFloat32;
  Shape shape_{0};
  Storage storage_;
};

}  // namespace dlasim::network
