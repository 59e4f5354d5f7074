#include "network/audio.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/error.h"

namespace dlasim::network {
namespace {

double mu_of(int classes) {
  if (classes < 2) throw std::invalid_argument("mu-law needs at least two classes");
  return classes - 1;
}

void check_code(int code, int classes) {
  if (code < 0 || code >= classes) {
    throw base::InputError(fmt::format("class {} is not between 0 and {}", code, classes - 1));
  }
}

/// 2 code / mu - 1
double compressed(int code, int classes) {
  const double mu = mu_of(classes);
  check_code(code, classes);
  return 2.0 * code / mu - 1.0;
}

}  // namespace

int mu_law_encode(double sample, int classes) {
  const double mu = mu_of(classes);
  if (std::isnan(sample)) throw base::InputError("an audio sample is not a number");
  const double x = std::clamp(sample, -1.0, 1.0);
  const double f = std::copysign(std::log1p(mu * std::abs(x)) / std::log1p(mu), x);
  return static_cast<int>(std::floor((f + 1.0) / 2.0 * mu + 0.5));
}

double mu_law_decode(int code, int classes) {
  const double f = compressed(code, classes);
  const double mu = mu_of(classes);
  return std::copysign(std::expm1(std::abs(f) * std::log1p(mu)) / mu, f);
}

std::vector<int> mu_law_encode(std::span<const float> samples, int classes) {
  std::vector<int> codes;
  codes.reserve(samples.size());
  for (const float sample : samples) codes.push_back(mu_law_encode(sample, classes));
  return codes;
}

std::vector<float> mu_law_decode(std::span<const int> codes, int classes) {
  std::vector<float> samples;
  samples.reserve(codes.size());
  for (const int code : codes) samples.push_back(static_cast<float>(mu_law_decode(code, classes)));
  return samples;
}

Tensor one_hot_input(std::span<const int> codes, int classes) {
  Tensor input(DType::kFloat32, {1, 1, static_cast<std::int64_t>(codes.size()), classes});
  const auto elements = input.data<float>();
  for (std::size_t t = 0; t < codes.size(); ++t) {
    check_code(codes[t], classes);
    elements[t * static_cast<std::size_t>(classes) + static_cast<std::size_t>(codes[t])] = 1.0F;
  }
  return input;
}

Tensor scalar_input(std::span<const int> codes, int classes) {
  Tensor input(DType::kFloat32, {1, 1, static_cast<std::int64_t>(codes.size()), 1});
  const auto elements = input.data<float>();
  for (std::size_t t = 0; t < codes.size(); ++t) {
    elements[t] = static_cast<float>(compressed(codes[t], classes));
  }
  return input;
}

}  // namespace dlasim::network
