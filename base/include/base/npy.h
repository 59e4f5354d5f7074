#pragma once
/// NumPy's array files: .npy (format versions 1, 2 and 3) and .npz (a zip of them, stored or deflated).
///
/// Errors name the file and, in an .npz, the array: `models/x.npz: array 'start.weight': ...`. Headers are
/// checked against the bytes that are there before anything is allocated.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dlasim::base {

/// NumPy's name of an element type without the byte order: f4 f8 i1 u1 i2 u2 i4 u4 i8 b1. T is bool only for
/// its name; the elements of a b1 array are bytes 0 or 1.
template <class T>
constexpr std::string_view npy_dtype();

/// A dense array in C order, elements little-endian.
struct NpyArray {
  std::string dtype = "f4";         ///< as npy_dtype
  std::vector<std::int64_t> shape;  ///< empty: a scalar
  std::vector<std::byte> data;      ///< elements(shape) * npy_element_size(dtype) bytes

  std::int64_t size() const;  ///< number of elements

  /// Whether the elements are of type T.
  template <class T>
  bool holds() const {
    return dtype == npy_dtype<T>() || (std::is_same_v<T, std::uint8_t> && dtype == "b1");
  }
  /// The elements as T (std::uint8_t also for b1). Throws InputError if they are of another type.
  template <class T>
  std::span<const T> as() const {
    if (!holds<T>()) refuse_type(npy_dtype<T>());
    // std::vector's storage is aligned for every element type.
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
  /// The elements, whatever their type, converted to float64 (int64 rounds above 2^53).
  std::vector<double> to_doubles() const;
  /// The elements of an integer or boolean array. Throws InputError for f4 and f8.
  std::vector<std::int64_t> to_integers() const;

  friend bool operator==(const NpyArray&, const NpyArray&) = default;

 private:
  [[noreturn]] void refuse_type(std::string_view wanted) const;
};

/// An array of `values` in C order. Throws std::invalid_argument if their number does not match `shape`.
template <class T>
NpyArray make_npy(std::vector<std::int64_t> shape, std::span<const T> values);

/// Bytes of one element; 0 for a name that is not supported.
int npy_element_size(std::string_view dtype);
/// "(1, 2, 3)", "(4,)", "()": as NumPy prints a shape.
std::string npy_shape_text(std::span<const std::int64_t> shape);

/// Reads the bytes of an .npy file. `where` begins every error message.
NpyArray parse_npy(std::span<const std::byte> bytes, std::string_view where);
/// The bytes of an .npy file: version 1.0, or 2.0 if the header is too long for that.
std::vector<std::byte> format_npy(const NpyArray& array);

NpyArray read_npy(const std::filesystem::path& file);
void write_npy(const std::filesystem::path& file, const NpyArray& array);

/// Arrays by their names in the archive, without ".npy".
using NpzArrays = std::map<std::string, NpyArray>;

/// All arrays of an archive. Refuses members that are no .npy, names given twice, and more than 4 GiB in all.
NpzArrays read_npz(const std::filesystem::path& file);
enum class NpzCompression { kStored, kDeflated };
/// At least one array. The same arrays give the same bytes: entries are sorted by name and carry no date.
void write_npz(const std::filesystem::path& file, const NpzArrays& arrays,
               NpzCompression compression = NpzCompression::kStored);

// --- implementation ------------------------------------------------------------------------------

template <class T>
constexpr std::string_view npy_dtype() {
  if constexpr (std::is_same_v<T, float>) return "f4";
  if constexpr (std::is_same_v<T, double>) return "f8";
  if constexpr (std::is_same_v<T, std::int8_t>) return "i1";
  if constexpr (std::is_same_v<T, std::uint8_t>) return "u1";
  if constexpr (std::is_same_v<T, std::int16_t>) return "i2";
  if constexpr (std::is_same_v<T, std::uint16_t>) return "u2";
  if constexpr (std::is_same_v<T, std::int32_t>) return "i4";
  if constexpr (std::is_same_v<T, std::uint32_t>) return "u4";
  if constexpr (std::is_same_v<T, std::int64_t>) return "i8";
  if constexpr (std::is_same_v<T, bool>) return "b1";
}

/// `data` must hold as many bytes as `shape` and `dtype` say; throws std::invalid_argument otherwise.
void check_npy_size(const NpyArray& array);

template <class T>
NpyArray make_npy(std::vector<std::int64_t> shape, std::span<const T> values) {
  NpyArray array{std::string(npy_dtype<T>()), std::move(shape), {}};
  array.data.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), values.size_bytes());
  check_npy_size(array);
  return array;
}

}  // namespace dlasim::base
