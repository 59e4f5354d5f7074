#pragma once
/// Truncating numerics that the benchmarks run.

#include "network/number_format.h"

namespace dlasim::benchmarks {

inline network::NumberFormat minifloat(int exp, int man, network::Specials specials,
                                       network::Overflow overflow) {
  network::NumberFormat f;
  f.kind = network::NumberFormat::Kind::kMinifloat;
  f.exp = exp;
  f.man = man;
  f.bias = (1 << (exp - 1)) - 1;
  f.specials = specials;
  f.overflow = overflow;
  return f;
}

inline network::NumberFormat ieee(int exp, int man) {
  return minifloat(exp, man, network::Specials::kIeee, network::Overflow::kInf);
}

inline network::NumberFormat e4m3() {
  return minifloat(4, 3, network::Specials::kFn, network::Overflow::kSaturate);
}

inline network::NumberFormat exact() {
  network::NumberFormat f;
  f.kind = network::NumberFormat::Kind::kExact;
  return f;
}

inline network::NumberFormat dfp(int bits, int fl, network::Rounding rounding) {
  network::NumberFormat f;
  f.kind = network::NumberFormat::Kind::kDfp;
  f.bits = bits;
  f.fl = fl;
  f.rounding = rounding;
  return f;
}

/// E4M3 operands, fp16 from the accumulator on.
inline network::StagedNumerics fp8(const network::NumberFormat& product) {
  network::StagedNumerics n;
  n.input.element = n.weight.element = n.output = e4m3();
  n.product = product;
  n.accumulator = n.partial_sum = n.bias = ieee(5, 10);
  n.tree = {n.accumulator};
  return n;
}

/// The same with the sums of a float unit.
inline network::StagedNumerics fp8_fp32() {
  network::StagedNumerics n = fp8(exact());
  n.accumulator = n.partial_sum = n.bias = ieee(8, 23);
  n.tree = {n.accumulator};
  return n;
}

/// Dynamic fixed point with a truncated product, as conv2 of the contract's example.
inline network::StagedNumerics truncating_dfp() {
  network::StagedNumerics n;
  n.input.element = dfp(8, 5, network::Rounding::kNearestEven);
  n.weight.element = dfp(8, 9, network::Rounding::kNearestEven);
  n.product = dfp(14, 11, network::Rounding::kFloor);
  n.accumulator = dfp(16, 10, network::Rounding::kFloor);
  n.tree = {dfp(18, 10, network::Rounding::kNearestUp)};
  n.partial_sum = n.bias = dfp(20, 8, network::Rounding::kNearestEven);
  n.output = dfp(8, 4, network::Rounding::kNearestEven);
  return n;
}

/// configs/numerics/dfp8.yaml: exact products, sums wide enough.
inline network::StagedNumerics wide_dfp() {
  network::StagedNumerics n = truncating_dfp();
  n.product = dfp(16, 14, network::Rounding::kNearestEven);
  n.accumulator = dfp(24, 14, network::Rounding::kNearestEven);
  n.tree = {dfp(28, 14, network::Rounding::kNearestEven)};
  n.partial_sum = n.bias = dfp(32, 14, network::Rounding::kNearestEven);
  return n;
}

/// As truncating_dfp, the output rounded at random: what is behind the tree runs value by value.
inline network::StagedNumerics stochastic_dfp() {
  network::StagedNumerics n = truncating_dfp();
  n.output.rounding = network::Rounding::kStochastic;
  n.output.lfsr = network::Lfsr{16, 6};
  return n;
}

/// MXFP8 operands, every product and sum in fp32.
inline network::StagedNumerics mxfp8() {
  network::StagedNumerics n = fp8_fp32();
  n.input.mx_block = n.weight.mx_block = 32;
  return n;
}

}  // namespace dlasim::benchmarks
