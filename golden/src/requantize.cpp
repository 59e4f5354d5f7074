#include "golden/requantize.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "elements.h"

namespace dlasim::golden {
namespace {

using network::Clamp;
using network::DType;
using network::Multiplier;
using network::RequantRule;

/// Wide enough that no product of an accumulator, a power of two and a multiplier leaves it.
__extension__ using Wide = __int128;

Wide shifted_left(Wide x, int n) {
  return x * (Wide{1} << n);
}

/// Far outside every contract, but finite: sums of results must not overflow.
std::int64_t saturated(Wide x) {
  constexpr Wide kMost = Wide{1} << 61;
  return static_cast<std::int64_t>(std::clamp(x, -kMost, kMost));
}

}  // namespace

std::int64_t divide_by_power_of_two(std::int64_t x, int n) {
  if (n == 0) return x;
  const std::int64_t half = std::int64_t{1} << (n - 1);
  return x < 0 ? -((-x + half) >> n) : (x + half) >> n;
}

std::int64_t wrap32(std::int64_t x) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(x)));
}

std::int64_t doubling_high_multiply(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kLowest = -(std::int64_t{1} << 31);
  if (a == kLowest && b == kLowest) return -(kLowest + 1);
  return (a * b + (std::int64_t{1} << 30)) >> 31;
}

std::int64_t requantize_double(std::int64_t v, Multiplier multiplier) {
  const auto [m, s] = multiplier;
  const std::int64_t left = wrap32(static_cast<std::int64_t>(shifted_left(wrap32(v), std::max(s, 0))));
  return divide_by_power_of_two(doubling_high_multiply(left, m), std::max(-s, 0));
}

std::int64_t requantize_single(std::int64_t v, Multiplier multiplier) {
  const auto [m, s] = multiplier;
  return saturated((Wide{v} * m + shifted_left(1, 30 - s)) >> (31 - s));
}

std::int64_t requantize_int64(std::int64_t v, Multiplier multiplier) {
  const auto [m, s] = multiplier;
  const std::int64_t reduced = m < 0x7FFF0000 ? (std::int64_t{m} + (1 << 15)) >> 16 : 0x7FFF;
  return saturated((Wide{v} * reduced + shifted_left(1, 14 - s)) >> (15 - s));
}

std::int64_t requantize_pytorch(std::int64_t v, Multiplier multiplier) {
  const float product = static_cast<float>(v) * std::bit_cast<float>(multiplier.mantissa);
  // The back ends convert to int32; a factor that leaves it is clamped rather than undefined.
  constexpr float kMost = 0x1p31F;
  return static_cast<std::int64_t>(std::nearbyint(std::clamp(product, -kMost, kMost)));
}

std::int64_t requantize(std::int64_t v, Multiplier multiplier, RequantRule rule) {
  switch (rule) {
    case RequantRule::kDouble:
      return requantize_double(v, multiplier);
    case RequantRule::kSingle:
      return requantize_single(v, multiplier);
    case RequantRule::kInt64:
      return requantize_int64(v, multiplier);
    case RequantRule::kPytorch:
      return requantize_pytorch(v, multiplier);
  }
  throw base::InputError("unknown requantisation rule");
}

void check_multiplier(Multiplier multiplier, RequantRule rule) {
  if (rule == RequantRule::kPytorch) {
    require(std::isfinite(std::bit_cast<float>(multiplier.mantissa)), "the float multiplier is not finite");
    return;
  }
  const int most = rule == RequantRule::kInt64 ? 14 : 30;
  require(multiplier.shift >= -31 && multiplier.shift <= most, "shift {} is not between -31 and {}",
          multiplier.shift, most);
  require(multiplier.mantissa != std::numeric_limits<std::int32_t>::min(), "multiplier -2^31 is not allowed");
}

OutputStage::OutputStage(std::vector<Multiplier> multiplier, RequantRule rule, std::int64_t zero_point,
                         Clamp clamp, DType dtype, std::int64_t channels)
    : multiplier_(std::move(multiplier)), rule_(rule), zero_point_(zero_point), clamp_(clamp) {
  const auto count = static_cast<std::int64_t>(multiplier_.size());
  require(count == 1 || count == channels, "{} multipliers for {} output channels", count, channels);
  for (const Multiplier& m : multiplier_) check_multiplier(m, rule);
  check_zero_point(zero_point);
  check_clamp(clamp, dtype);
  if (count == 1)
    multiplier_.resize(static_cast<std::size_t>(std::max<std::int64_t>(channels, 1)), multiplier_[0]);
}

std::int64_t OutputStage::operator()(std::int64_t accumulator, std::int64_t channel) const {
  const Multiplier multiplier = multiplier_[static_cast<std::size_t>(channel)];
  return std::clamp(requantize(accumulator, multiplier, rule_) + zero_point_, clamp_.min, clamp_.max);
}

}  // namespace dlasim::golden
