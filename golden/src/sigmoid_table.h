#pragma once
/// tanh and sigmoid of 16-bit fixed point by linear interpolation in one table:
/// spec/integer_semantics.md section 5.

#include <array>
#include <cstdint>

namespace dlasim::golden {

/// T: 65536 / (1 + e^(-i / 24)), lowered by half the error of the linear interpolation.
const std::array<std::int64_t, 256>& sigmoid_table();

/// Steps 2 to 4: the function of d in Q0.15; real input of sigmoid: d / (24 * 2^9).
std::int64_t interpolated_sigmoid(std::int64_t d);
/// As above; the real input of tanh is d / (48 * 2^8).
std::int64_t interpolated_tanh(std::int64_t d);

/// Step 1 and the rest: the function of an int16 x, real input x * 2^(input_shift - 12).
/// `input_shift` is in [-31, 31].
std::int64_t sigmoid_s16(std::int64_t x, int input_shift);
std::int64_t tanh_s16(std::int64_t x, int input_shift);

/// Throws base::InputError unless the shift is in [-31, 31].
void check_input_shift(int input_shift);

}  // namespace dlasim::golden
