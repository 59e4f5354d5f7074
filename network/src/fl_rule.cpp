#include "network/fl_rule.h"

#include <utility>

namespace dlasim::network {

namespace {

constexpr std::array<std::pair<FlMethod, std::string_view>, kFlMethods.size()> kNames = {{
    {FlMethod::kMax, "max"},
    {FlMethod::kRistrettoActivation, "ristretto_activation"},
    {FlMethod::kRistrettoParameter, "ristretto_parameter"},
    {FlMethod::kPercentile, "percentile"},
    {FlMethod::kMse, "mse"},
    {FlMethod::kKlDivergence, "kl_divergence"},
}};

}  // namespace

std::string_view name(FlMethod method) {
  for (const auto& [known, text] : kNames) {
    if (known == method) return text;
  }
  return "unknown";
}

std::optional<FlMethod> fl_method_from_name(std::string_view text) {
  for (const auto& [method, known] : kNames) {
    if (known == text) return method;
  }
  return std::nullopt;
}

}  // namespace dlasim::network
