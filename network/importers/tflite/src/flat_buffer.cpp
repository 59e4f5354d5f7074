#include "flat_buffer.h"

#include <algorithm>

#include "base/error.h"

namespace dlasim::network::tflite {

void damaged(const std::string& what) {
  throw base::InputError("damaged file: " + what);
}

FlatTable::FlatTable(Bytes buffer, std::uint64_t position) : buffer_(buffer), position_(position) {
  const auto back = read_scalar<std::int32_t>(buffer, position);
  const std::int64_t vtable = static_cast<std::int64_t>(position) - back;
  if (vtable < 0) damaged("a table's field list lies before the file");
  vtable_ = static_cast<std::uint64_t>(vtable);
  vtable_size_ = read_scalar<std::uint16_t>(buffer, vtable_);
  if (vtable_size_ < 4 || vtable_ + vtable_size_ > buffer.size())
    damaged("a table's field list has a wrong size");
}

FlatTable FlatTable::root(Bytes buffer) {
  return {buffer, read_scalar<std::uint32_t>(buffer, 0)};
}

std::uint64_t FlatTable::field_position(int field) const {
  const auto entry = static_cast<std::uint64_t>(4 + 2 * field);
  if (entry + 2 > vtable_size_) return 0;
  const auto offset = read_scalar<std::uint16_t>(buffer_, vtable_ + entry);
  return offset == 0 ? 0 : position_ + offset;
}

std::uint64_t FlatTable::target(int field) const {
  const std::uint64_t at = field_position(field);
  return at == 0 ? 0 : at + read_scalar<std::uint32_t>(buffer_, at);
}

std::optional<FlatTable> FlatTable::table(int field) const {
  const std::uint64_t at = target(field);
  if (at == 0) return std::nullopt;
  return FlatTable(buffer_, at);
}

std::string FlatTable::string(int field) const {
  constexpr std::size_t kMostCharacters = 1024;
  const auto text = vector<std::uint8_t>(field).bytes();
  const std::size_t length = std::min(text.size(), kMostCharacters);
  return {reinterpret_cast<const char*>(text.data()), length};
}

}  // namespace dlasim::network::tflite
