#include "c_text.h"

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "base/error.h"

namespace dlasim::exporter {

using network::DType;
using network::Tensor;

std::string_view c_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float";
    case DType::kInt4:
    case DType::kInt8:
      return "int8_t";
    case DType::kUInt8:
    case DType::kBool:
      return "uint8_t";
    case DType::kInt16:
      return "int16_t";
    case DType::kInt32:
      return "int32_t";
    case DType::kInt64:
      return "int64_t";
  }
  return "";
}

std::string_view suffix(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "f32";
    case DType::kInt4:
    case DType::kInt8:
      return "s8";
    case DType::kUInt8:
    case DType::kBool:
      return "u8";
    case DType::kInt16:
      return "s16";
    case DType::kInt32:
      return "s32";
    case DType::kInt64:
      return "s64";
  }
  return "";
}

std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool safe = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%' && c != '*' && c != '?';
    result += safe ? c : '_';
  }
  return result;
}

std::string literal(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return "(-9223372036854775807LL - 1)";
  if (value == std::numeric_limits<std::int32_t>::min()) return "(-2147483647 - 1)";
  const bool is_int =
      value > std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
  return is_int ? fmt::format("{}", value) : fmt::format("{}LL", value);
}

namespace {

/// Hexadecimal: exact.
std::string float_literal(float value) {
  return fmt::format("{:a}f", value);
}

std::string element_literal(const Tensor& values, std::int64_t i) {
  if (values.dtype() != DType::kFloat32) return literal(values.integer(i));
  return float_literal(values.data<float>()[static_cast<std::size_t>(i)]);
}

}  // namespace

std::string array_definition(std::string_view name, const Tensor& values, std::string_view comment) {
  constexpr std::size_t kWidth = 100;
  std::string text;
  if (!comment.empty()) text += fmt::format("/* {} */\n", comment);
  text += fmt::format("static const {} {}[{}] = {{\n", c_type(values.dtype()), name, values.size());
  std::string line = "   ";
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const std::string element = " " + element_literal(values, i) + (i + 1 < values.size() ? "," : "");
    if (line.size() + element.size() > kWidth) {
      text += line + "\n";
      line = "   ";
    }
    line += element;
  }
  return text + line + "};\n";
}

Tensor packed_int4(const Tensor& values) {
  const std::int64_t count = values.size();
  Tensor packed(DType::kInt8, {(count + 1) / 2});
  for (std::int64_t i = 0; i < packed.size(); ++i) {
    const auto low = static_cast<unsigned>(values.integer(2 * i)) & 15U;
    const auto high = 2 * i + 1 < count ? static_cast<unsigned>(values.integer(2 * i + 1)) & 15U : 0U;
    packed.set_integer(i, std::bit_cast<std::int8_t>(static_cast<std::uint8_t>(high << 4 | low)));
  }
  return packed;
}

std::vector<std::int64_t> as_nhwc(const network::Shape& shape) {
  if (shape.size() > 4) {
    throw base::UnsupportedError(fmt::format("{} dimensions, CMSIS-NN has 4", shape.size()));
  }
  std::vector<std::int64_t> result(4 - shape.size(), 1);
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

std::string dims(const std::vector<std::int64_t>& nhwc) {
  return fmt::format("{{.n = {}, .h = {}, .w = {}, .c = {}}}", nhwc[0], nhwc[1], nhwc[2], nhwc[3]);
}

std::string tile(network::Pair pair) {
  return fmt::format("{{.w = {}, .h = {}}}", pair[1], pair[0]);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace dlasim::exporter
