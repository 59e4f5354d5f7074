#pragma once
/// The values, codes and formats of number_format vectors.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conformance/json_reader.h"
#include "golden/convert.h"
#include "network/number_format.h"

namespace dlasim::conformance {

/// A format written out in full.
network::NumberFormat read_number_format(const JsonReader& field);
/// `{"kind": "mx", "element", "block"}` or a number format.
network::OperandFormat read_operand_format(const JsonReader& field);
network::Rounding read_rounding(const JsonReader& field);
/// The element of an mx_convert file, with the file's rounding.
network::NumberFormat read_mx_element(const JsonReader& root);
/// operands, points, activation and mode of a dot, mx_dot or conv2d.
network::StagedNumerics read_staged_numerics(const JsonReader& fields, network::MxMode mode);

/// A value's string.
golden::WideValue read_wide_value(const JsonReader& field);
golden::Value read_value(const JsonReader& field);
/// "0x..." in cases.
std::uint64_t read_code(const JsonReader& field);

/// The fields of a case of `cases`.
using Case = std::vector<JsonReader>;
/// Empty, or what differs.
using CaseCheck = std::function<std::string(const Case&)>;
/// Runs `check` on every case, each a list of `fields` fields; what differs in the first that does.
std::string for_each_case(const JsonReader& root, std::size_t fields, const CaseCheck& check);

/// "0x3f"
std::string code_text(std::uint64_t code);

}  // namespace dlasim::conformance
