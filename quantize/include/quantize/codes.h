#pragma once
/// Reals to codes of a number format and back, outside the datapath: weights, network inputs, tables, and
/// the reading of results. Rounding is that of spec/number_formats.md sections 3, 4 and 6.

#include <functional>
#include <optional>

#include "network/number_format.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// The smallest of int8, int16, int32, int64 that holds a code of the format, sign-extended.
network::DType code_dtype(const network::NumberFormat& format);

/// Whether a code means the same in both: rounding and overflow only matter where codes are made.
bool same_codes(const network::OperandFormat& a, const network::OperandFormat& b);

/// A tensor of codes; `scales` (uint8 E8M0, [..., ceil(C / block)]) exactly for MX.
struct Codes {
  network::Tensor codes;
  std::optional<network::Tensor> scales;
};

/// Every element of a float tensor converted. Throws base::UnsupportedError for stochastic rounding, whose
/// draws belong to the units of a layer.
Codes encode(const network::Tensor& real, const network::OperandFormat& format);

/// The code of one value, sign-extended. Not for MX; throws as `encode`.
std::int64_t encode_value(double value, const network::NumberFormat& format);

/// The values of codes as float32 (rounded where 24 bits do not hold them). `scales` for MX, else null.
network::Tensor decode(const network::Tensor& codes, const network::OperandFormat& format,
                       const network::Tensor* scales = nullptr);

/// The look-up table of a function: 2^8 or 2^16 entries in code_dtype(output), entry i for the input code
/// whose low bits are those of i (bits above code_bits() do not count). The function is computed in double
/// and rounded once to `output`: exact unless its value lies within 2^-52 of a tie. Throws
/// base::UnsupportedError for inputs of more than 16 bits and stochastic outputs.
network::Tensor code_table(const std::function<double(double)>& function, const network::NumberFormat& input,
                           const network::NumberFormat& output);

}  // namespace dlasim::quantize
