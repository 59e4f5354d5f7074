#include "explain_requantisation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "golden/requantize.h"

namespace dlasim::cli {
namespace {

namespace qop = network::qop;

using Lines = std::vector<report::RequantisationSteps::Line>;

std::int64_t add_end(const qop::MacParameters& mac, std::int64_t rounded, Lines* lines) {
  const std::int64_t moved = rounded + mac.output_zero_point;
  const std::int64_t output = std::clamp(moved, mac.clamp.min, mac.clamp.max);
  lines->push_back({"+ zero point", moved});
  lines->push_back({fmt::format("clamp {}..{}", mac.clamp.min, mac.clamp.max), output});
  return output;
}

report::RequantisationSteps double_steps(std::int64_t v, network::Multiplier m, const qop::MacParameters& mac,
                                         network::RequantRule used) {
  const int left = std::max(m.shift, 0);
  const int right = std::max(-m.shift, 0);
  const std::int64_t shifted = v << left;
  const std::int64_t high = golden::doubling_high_multiply(shifted, m.mantissa);
  const std::int64_t rounded = golden::divide_by_power_of_two(high, right);
  report::RequantisationSteps steps{"double", used == network::RequantRule::kDouble, {}};
  steps.lines = {{"total", v},
                 {"multiplier", m.mantissa},
                 {fmt::format("total << {}", left), shifted},
                 {"high multiply", high},
                 {fmt::format("/ 2^{} rounded", right), rounded}};
  add_end(mac, rounded, &steps.lines);
  return steps;
}

report::RequantisationSteps single_steps(std::int64_t v, network::Multiplier m, const qop::MacParameters& mac,
                                         network::RequantRule used) {
  const int shift = 31 - m.shift;
  const std::int64_t product = v * m.mantissa;
  const std::int64_t half = product + (std::int64_t{1} << (shift - 1));
  const std::int64_t rounded = half >> shift;
  report::RequantisationSteps steps{"single", used == network::RequantRule::kSingle, {}};
  steps.lines = {{"total", v},
                 {"multiplier", m.mantissa},
                 {"product", product},
                 {fmt::format("+ 2^{}", shift - 1), half},
                 {fmt::format(">> {}", shift), rounded}};
  add_end(mac, rounded, &steps.lines);
  return steps;
}

report::RequantisationSteps int64_steps(std::int64_t v, network::Multiplier m,
                                        const qop::MacParameters& mac) {
  const std::int64_t reduced =
      m.mantissa < 0x7FFF0000 ? (std::int64_t{m.mantissa} + (1 << 15)) >> 16 : 0x7FFF;
  const int shift = 15 - m.shift;
  const std::int64_t product = v * reduced;
  const std::int64_t half = product + (std::int64_t{1} << (shift - 1));
  const std::int64_t rounded = half >> shift;
  report::RequantisationSteps steps{"int64", true, {}};
  steps.lines = {{"total", v},
                 {"multiplier", m.mantissa},
                 {"multiplier of 15 bits", reduced},
                 {"total * multiplier", product},
                 {fmt::format("+ 2^{}", shift - 1), half},
                 {fmt::format(">> {}", shift), rounded}};
  add_end(mac, rounded, &steps.lines);
  return steps;
}

report::RequantisationSteps pytorch_steps(std::int64_t v, network::Multiplier m,
                                          const qop::MacParameters& mac, network::RequantRule used) {
  const auto total = static_cast<float>(v);
  const auto factor = std::bit_cast<float>(m.mantissa);
  const float product = total * factor;
  const std::int64_t rounded = golden::requantize(v, m, network::RequantRule::kPytorch);
  report::RequantisationSteps steps{"pytorch", used == network::RequantRule::kPytorch, {}};
  steps.lines = {{"total", v},
                 {"float32 factor", 0, factor},
                 {"float32 total", 0, total},
                 {"product", 0, product},
                 {"to even", rounded}};
  add_end(mac, rounded, &steps.lines);
  return steps;
}

bool is_int32(std::int64_t v) {
  return v >= INT32_MIN && v <= INT32_MAX;
}

network::Multiplier multiplier_of(const qop::MacParameters& mac, std::int64_t channel) {
  return mac.multiplier.at(mac.multiplier.size() == 1 ? 0 : static_cast<std::size_t>(channel));
}

}  // namespace

void add_requantisation(std::int64_t total, std::int64_t channel, const LayerDialects& layer,
                        report::Explanation* out) {
  const network::RequantRule used = layer.own.rule;
  if (used == network::RequantRule::kInt64) {
    out->requantisations.push_back(int64_steps(total, multiplier_of(layer.own, channel), layer.own));
    return;
  }
  const bool own_integer = used != network::RequantRule::kPytorch;
  const std::optional<qop::MacParameters> integer = own_integer ? layer.own : layer.integer;
  const std::optional<qop::MacParameters> real = own_integer ? layer.pytorch : layer.own;
  if (integer) {
    const network::Multiplier m = multiplier_of(*integer, channel);
    const bool fits = is_int32(total) && is_int32(total << std::max(m.shift, 0));
    if (!fits && own_integer) {
      throw base::UnsupportedError(
          fmt::format("explain: total {} leaves the 32 bits of the contract", total));
    }
    if (fits) {
      out->requantisations.push_back(double_steps(total, m, *integer, used));
      out->requantisations.push_back(single_steps(total, m, *integer, used));
    }
  }
  if (real) {
    out->requantisations.push_back(pytorch_steps(total, multiplier_of(*real, channel), *real, used));
  }
}

}  // namespace dlasim::cli
