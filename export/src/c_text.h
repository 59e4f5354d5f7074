#pragma once
/// Pieces of C.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::exporter {

/// "int8_t", "float", ...: how an element lies in memory (an unpacked int4 as int8_t).
std::string_view c_type(network::DType dtype);
/// "s8", "u8", "s16", "s32", "s64", "f32": the ending of functions for that type.
std::string_view suffix(network::DType dtype);

/// `text` where it is safe inside a comment or a string literal of one line: printable ASCII without quotes,
/// backslashes, percent signs and the end of a comment.
std::string plain(std::string_view text);

/// A literal of at least the value's type: also for the smallest numbers, which C has no literal for.
std::string literal(std::int64_t value);

/// "static const int8_t name[4] = {...};" with lines of at most 100 characters, after a comment if there is
/// one.
std::string array_definition(std::string_view name, const network::Tensor& values, std::string_view comment);

/// A tensor with the two int4 of a byte packed, the earlier one in the low half; an odd last half is 0.
network::Tensor packed_int4(const network::Tensor& values);

/// The shape as N, H, W, C with leading ones. The rank is at most 4.
std::vector<std::int64_t> as_nhwc(const network::Shape& shape);

/// "{.n = 1, .h = 2, .w = 3, .c = 4}"
std::string dims(const std::vector<std::int64_t>& nhwc);
/// "{.w = 2, .h = 1}" of [vertical, horizontal]
std::string tile(network::Pair pair);

/// `text` with every `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace dlasim::exporter
