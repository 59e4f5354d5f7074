#pragma once
/// Functions of int32 fixed-point numbers: spec/tflite_semantics.md section 7.1. A Qk number has k integer
/// bits and 31 - k fraction bits, so Q0 covers [-1, 1).

#include <cstdint>

namespace dlasim::golden {

/// SHL: x * 2^n, saturated to int32.
std::int64_t saturating_shift_left(std::int64_t x, int n);

/// EXPN: e^a in Q0 for a <= 0 in Qk, k in [0, 30].
std::int64_t exp_of_negative(std::int64_t a, int k);

/// RCP: 2 / (1 + a) in Q2 for a in [0, 1) in Q0.
std::int64_t twice_reciprocal_of_one_plus(std::int64_t a);

/// TANHF: tanh(a) in Q0 for a in Qk.
std::int64_t fixed_tanh(std::int64_t a, int k);

/// SIGF: 1 / (1 + e^-a) in Q0 for a in Qk.
std::int64_t fixed_sigmoid(std::int64_t a, int k);

}  // namespace dlasim::golden
