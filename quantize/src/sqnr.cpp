#include "quantize/sqnr.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"
#include "network/float_reference.h"

namespace dlasim::quantize {
namespace {

struct Energies {
  double signal = 0.0, noise = 0.0;
};

Energies compare(std::span<const float> reference, std::span<const float> actual) {
  if (reference.size() != actual.size() || reference.empty()) {
    throw base::InputError("cannot compare " + std::to_string(actual.size()) + " values with " +
                           std::to_string(reference.size()));
  }
  Energies energies;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto r = static_cast<double>(reference[i]);
    const double e = r - static_cast<double>(actual[i]);
    energies.signal += r * r;
    energies.noise += e * e;
  }
  return energies;
}

}  // namespace

double error_to_signal(std::span<const float> reference, std::span<const float> actual) {
  const Energies energies = compare(reference, actual);
  return energies.noise == 0.0 ? 0.0 : energies.noise / energies.signal;
}

double sqnr_db(std::span<const float> reference, std::span<const float> actual) {
  const Energies energies = compare(reference, actual);
  if (energies.noise == 0.0) return std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(energies.signal / energies.noise);
}

double sqnr_db(const network::Tensor& reference, const network::Tensor& codes,
               const network::Affine& affine) {
  const network::Tensor real = network::dequantize(codes, affine);
  return sqnr_db(reference.data<float>(), real.data<float>());
}

double cross_entropy(const network::Tensor& logits, std::span<const std::int64_t> labels) {
  const std::int64_t classes = logits.shape().empty() ? 0 : logits.shape().back();
  if (classes == 0 || labels.empty() || logits.size() != classes * static_cast<std::int64_t>(labels.size())) {
    throw base::InputError(std::to_string(labels.size()) + " labels for logits of shape " +
                           network::to_string(logits.shape()));
  }
  const auto x = logits.data<float>();
  double total = 0.0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] < 0 || labels[row] >= classes) {
      throw base::InputError("label " + std::to_string(labels[row]) + " is not one of " +
                             std::to_string(classes) + " classes");
    }
    const auto values = x.subspan(row * static_cast<std::size_t>(classes), static_cast<std::size_t>(classes));
    const auto most = static_cast<double>(*std::max_element(values.begin(), values.end()));
    double sum = 0.0;
    for (const float v : values) sum += std::exp(static_cast<double>(v) - most);
    total += std::log(sum) + most - static_cast<double>(values[static_cast<std::size_t>(labels[row])]);
  }
  return total / static_cast<double>(labels.size());
}

}  // namespace dlasim::quantize
