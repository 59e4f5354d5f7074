#include "fixed_point/requantize.h"
#include "isa.h"
#include "requantize_row_isa.h"

namespace dlasim::fixed_point {
namespace detail {

const RequantizeKernels& requantize_kernels() noexcept {
#ifdef DLA_X86_KERNELS
  switch (best_isa()) {
    case Isa::kAvx512:
      return avx512::kRequantizeKernels;
    case Isa::kAvx2:
      return avx2::kRequantizeKernels;
    case Isa::kBaseline:
      break;
  }
#endif
  return baseline::kRequantizeKernels;
}

}  // namespace detail

namespace {

void push_lane(detail::RequantizeLanes& lanes, RequantizeRule rule, Multiplier m) {
  const auto power = [](int exponent) { return std::int64_t{1} << exponent; };
  switch (rule) {
    case RequantizeRule::kDouble: {
      const int right = std::max(-m.shift, 0);
      lanes.mantissa.push_back(m.mantissa);
      lanes.left.push_back(std::max(m.shift, 0));
      lanes.right.push_back(right);
      lanes.constant.push_back(right == 0 ? 0 : power(right - 1));
      lanes.nudge.push_back(right == 0 ? 0 : 1);
      break;
    }
    case RequantizeRule::kSingle:
      lanes.mantissa.push_back(m.mantissa);
      lanes.constant.push_back(power(30 - m.shift));
      lanes.right.push_back(31 - m.shift);
      break;
    case RequantizeRule::kInt64:
      lanes.mantissa.push_back(Int64Rounding::reduce(m.mantissa));
      lanes.constant.push_back(power(14 - m.shift));
      lanes.right.push_back(15 - m.shift);
      break;
    case RequantizeRule::kPytorch:
      lanes.factor.push_back(std::bit_cast<float>(m.mantissa));
      break;
  }
}

detail::RequantizeArrays arrays(const detail::RequantizeLanes& lanes, const OutputStage& output) noexcept {
  return {
      lanes.mantissa.data(), lanes.constant.data(), lanes.left.data(), lanes.right.data(), lanes.nudge.data(),
      lanes.factor.data(),   output.zero_point,     output.min,        output.max};
}

}  // namespace

RequantizeRow::RequantizeRow(RequantizeRule rule, std::span<const Multiplier> lanes, OutputStage output)
    : rule_(rule), lanes_(lanes.size()), output_(output) {
  for (const Multiplier& m : lanes) push_lane(registers_, rule, m);
  // Kernels load registers by whole vectors, of at most eight lanes.
  const std::size_t padded = (lanes.size() + 7) / 8 * 8;
  for (auto* r :
       {&registers_.mantissa, &registers_.constant, &registers_.left, &registers_.right, &registers_.nudge})
    r->resize(padded);
}

void RequantizeRow::operator()(const std::int32_t* accumulators, std::int32_t* out,
                               std::size_t positions) const noexcept {
  const auto kernel = detail::requantize_kernels().of_int32[static_cast<std::size_t>(rule_)];
  kernel(arrays(registers_, output_), accumulators, out, lanes_, positions);
}

void RequantizeRow::operator()(const std::int64_t* accumulators, std::int32_t* out,
                               std::size_t positions) const noexcept {
  const auto kernel = detail::requantize_kernels().of_int64[static_cast<std::size_t>(rule_)];
  kernel(arrays(registers_, output_), accumulators, out, lanes_, positions);
}

}  // namespace dlasim::fixed_point
