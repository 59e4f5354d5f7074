#include "sigmoid_table.h"

#include <cmath>
#include <cstdlib>

#include "elements.h"

namespace dlasim::golden {
namespace {

std::array<std::int64_t, 256> make_table() {
  const auto g = [](double i) { return 65536.0 / (1.0 + std::exp(-i / 24.0)); };
  std::array<std::int64_t, 256> table{};
  for (std::size_t i = 0; i < 255; ++i) {
    const auto u = static_cast<double>(i);
    const double error = g(u + 0.5) - (g(u) + g(u + 1)) / 2;
    table[i] = std::llround(g(u) + error / 2);
  }
  table[255] = 65535;
  return table;
}

/// T at a / 2^k with k fraction bits, or `end` << k from the table's last entry on.
std::int64_t interpolate(std::int64_t a, int k, std::int64_t end) {
  const auto& t = sigmoid_table();
  const std::int64_t u = a >> k;
  if (u >= 255) return end;
  const std::int64_t fraction = a & ((std::int64_t{1} << k) - 1);
  return (t[index(u)] << k) + fraction * (t[index(u + 1)] - t[index(u)]);
}

std::int64_t scaled(std::int64_t x, int input_shift) {
  if (input_shift >= 0) return 3 * x * (std::int64_t{1} << input_shift);
  const int n = -input_shift;
  return (3 * x + (std::int64_t{1} << (n - 1))) >> n;
}

}  // namespace

const std::array<std::int64_t, 256>& sigmoid_table() {
  static const auto table = make_table();
  return table;
}

std::int64_t interpolated_sigmoid(std::int64_t d) {
  const std::int64_t y = interpolate(std::abs(d), 9, std::int64_t{0x7FFF} << 10);
  return d >= 0 ? (y + 512) >> 10 : ((1 << 25) - y + 511) >> 10;
}

std::int64_t interpolated_tanh(std::int64_t d) {
  const std::int64_t y = interpolate(std::abs(d), 8, std::int64_t{0xFFFF} << 8);
  return d >= 0 ? (y - (1 << 23) + 128) >> 8 : ((1 << 23) - y + 127) >> 8;
}

std::int64_t sigmoid_s16(std::int64_t x, int input_shift) {
  return interpolated_sigmoid(scaled(x, input_shift));
}

std::int64_t tanh_s16(std::int64_t x, int input_shift) {
  return interpolated_tanh(scaled(x, input_shift));
}

void check_input_shift(int input_shift) {
  require(input_shift >= -31 && input_shift <= 31, "input shift {} is not between -31 and 31", input_shift);
}

}  // namespace dlasim::golden
