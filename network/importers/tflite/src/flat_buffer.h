#pragma once
/// A FlatBuffers reader that checks every offset, count and index against the buffer before use.
///
/// Offsets may overlap or point backwards in a hostile file; that is harmless, since nothing is read outside
/// the buffer and nothing is followed recursively.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace dlasim::network::tflite {

using Bytes = std::span<const std::byte>;

/// Throws base::InputError: the buffer is damaged.
[[noreturn]] void damaged(const std::string& what);

/// The scalar at byte `position`.
template <class T>
T read_scalar(Bytes buffer, std::uint64_t position) {
  static_assert(std::is_arithmetic_v<T>);
  if (position > buffer.size() || buffer.size() - position < sizeof(T)) {
    damaged("offset " + std::to_string(position) + " lies outside the file");
  }
  T value;
  std::memcpy(&value, buffer.data() + position, sizeof(T));
  return value;
}

/// A vector of scalars: `count` elements from byte `start`, known to lie inside the buffer.
template <class T>
class FlatVector {
 public:
  FlatVector() = default;
  FlatVector(Bytes buffer, std::uint64_t start, std::uint32_t count)
      : buffer_(buffer), start_(start), count_(count) {
    const std::uint64_t left = start > buffer.size() ? 0 : buffer.size() - start;
    if (count > left / sizeof(T)) {
      damaged("a list of " + std::to_string(count) + " elements at byte " + std::to_string(start) +
              " reaches past the end of the file");
    }
  }
  std::uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  T operator[](std::uint32_t i) const {
    if (i >= count_) damaged("index " + std::to_string(i) + " in a list of " + std::to_string(count_));
    return read_scalar<T>(buffer_, start_ + std::uint64_t{i} * sizeof(T));
  }
  std::vector<T> to_vector() const {
    std::vector<T> values(count_);
    if (count_ != 0) std::memcpy(values.data(), buffer_.data() + start_, values.size() * sizeof(T));
    return values;
  }
  Bytes bytes() const { return buffer_.subspan(start_, std::size_t{count_} * sizeof(T)); }

 protected:
  Bytes buffer_;
  std::uint64_t start_ = 0;
  std::uint32_t count_ = 0;
};

class FlatTableVector;

/// A table; absent fields read as their default.
class FlatTable {
 public:
  /// The table at byte `position`.
  FlatTable(Bytes buffer, std::uint64_t position);
  /// The root table of a buffer.
  static FlatTable root(Bytes buffer);

  bool has(int field) const { return field_position(field) != 0; }

  template <class T>
  T scalar(int field, T absent) const {
    const std::uint64_t at = field_position(field);
    return at == 0 ? absent : read_scalar<T>(buffer_, at);
  }
  /// An absent vector reads as an empty one.
  template <class T>
  FlatVector<T> vector(int field) const {
    const std::uint64_t at = target(field);
    if (at == 0) return FlatVector<T>(buffer_, 0, 0);
    return FlatVector<T>(buffer_, at + sizeof(std::uint32_t), read_scalar<std::uint32_t>(buffer_, at));
  }
  FlatTableVector tables(int field) const;
  std::optional<FlatTable> table(int field) const;
  /// At most 1024 characters of it.
  std::string string(int field) const;

 private:
  std::uint64_t field_position(int field) const;
  /// Where the field's offset points, 0 if absent.
  std::uint64_t target(int field) const;

  Bytes buffer_;
  std::uint64_t position_;
  std::uint64_t vtable_;
  std::uint16_t vtable_size_;
};

/// A vector of tables.
class FlatTableVector : private FlatVector<std::uint32_t> {
 public:
  using FlatVector<std::uint32_t>::FlatVector;
  using FlatVector<std::uint32_t>::empty;
  using FlatVector<std::uint32_t>::size;
  explicit FlatTableVector(const FlatVector<std::uint32_t>& offsets) : FlatVector<std::uint32_t>(offsets) {}
  FlatTable operator[](std::uint32_t i) const {
    const std::uint32_t offset = FlatVector<std::uint32_t>::operator[](i);
    return {buffer_, start_ + std::uint64_t{i} * sizeof(std::uint32_t) + offset};
  }
};

inline FlatTableVector FlatTable::tables(int field) const {
  return FlatTableVector(vector<std::uint32_t>(field));
}

}  // namespace dlasim::network::tflite
