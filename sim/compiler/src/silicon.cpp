#include "silicon.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "fixed_point/reduce.h"

namespace dlasim::sim::compiler {
namespace {

using arch::StagedDatapath;
using arch::StagedSettings;
using arch::Truncation;
using arch::TruncationKind;
using fixed_point::Format;
using fixed_point::Kind;

class Silicon {
 public:
  Silicon(const network::QuantizedNode& node, const arch::Hardware& hardware, const StagedSettings& settings)
      : node_(node),
        units_(hardware.truncation),
        levels_(static_cast<std::size_t>(hardware.tree_levels())),
        s_(settings) {}

  void require() const {
    if (units_.kind == TruncationKind::kNone) refuse("hardware.truncation.kind is none: there are no units");
    if (s_.affine != 0) refuse("hardware.truncation has no units for integers with zero points");
    if (is_mx()) refuse("hardware.truncation has no units for MX formats");
    if (s_.activation.kind != Kind::kExact) refuse("hardware.truncation has no unit at the point activation");
    s_.datapath == StagedDatapath::kElementwise ? require_pair() : require_reduction();
    require_point("output", units_.output, s_.output);
    require_function();
  }

 private:
  /// Operands with a scale, dot products a block, or a conversion to MX.
  bool is_mx() const {
    using arch::StagedDatapath;
    return s_.scaled_input != 0 || s_.scaled_weight != 0 ||
           (s_.datapath != StagedDatapath::kReduce && s_.datapath != StagedDatapath::kElementwise);
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    throw base::UnsupportedError(
        fmt::format("{} '{}': {}", network::name(node_.operation), node_.name, reason));
  }

  void require_reduction() const {
    require_operand("input", units_.input, s_.input);
    require_operand("weight", units_.weight, s_.weight);
    require_point("product", units_.product, s_.product);
    require_point("accumulator", units_.accumulator, s_.accumulator);
    for (std::size_t level = 0; level < levels_; ++level)
      require_point("tree", units_.tree, s_.tree.at(level));
    require_point("partial_sum", units_.partial_sum, s_.partial_sum);

    const bool exact = s_.product.kind == Kind::kExact;
    const int product = exact ? s_.input.fl + s_.weight.fl : s_.product.fl;
    const Format& channel = levels_ == 0 ? s_.accumulator : s_.tree.at(levels_ - 1);
    require_alignment("product and accumulator", product, s_.accumulator.fl);
    require_alignment("tree and partial_sum", channel.fl, s_.partial_sum.fl);
    if (s_.has_bias == 0) return;
    require_operand("bias", units_.bias_operand, s_.bias_operand);
    require_point("bias", units_.bias, s_.bias);
    require_alignment("partial_sum and the bias", s_.partial_sum.fl, s_.bias_operand.fl);
  }

  /// Both operands of an element-wise layer are activations.
  void require_pair() const {
    require_operand("input", units_.input, s_.input);
    if (s_.elementwise == arch::StagedElementwise::kConvert) return;
    require_operand("input", units_.input, s_.weight);
    if (s_.elementwise == arch::StagedElementwise::kMultiply) return;
    require_alignment("the two operands", s_.input.fl, s_.weight.fl);
  }

  void require_codes(const std::string& key, std::string_view name, const Format& silicon,
                     const Format& layer) const {
    if (!arch::same_codes(silicon, layer)) {
      refuse(fmt::format("{} is {}, but hardware.truncation.{} is {}", name, arch::silicon_name(layer), key,
                         arch::silicon_name(silicon)));
    }
    const int most = 1 << (arch::kFractionLengthBits - 1);
    if (layer.kind == Kind::kDfp && (layer.fl < -most || layer.fl >= most)) {
      refuse(fmt::format("{} has fl {}; a register of the hardware holds {}..{}", name, layer.fl, -most,
                         most - 1));
    }
  }

  void require_operand(std::string_view name, const Format& silicon, const Format& layer) const {
    require_codes(fmt::format("operands.{}", name), name, silicon, layer);
  }

  void require_point(std::string_view name, const Format& silicon, const Format& layer) const {
    require_codes(fmt::format("points.{}", name), name, silicon, layer);
    if (layer.kind == Kind::kExact || layer.rounding != fixed_point::Rounding::kStochastic) return;
    if (layer.lfsr.bits == units_.lfsr_bits) return;
    refuse(fmt::format("{} rounds by a LFSR of {} bits, but hardware.truncation.lfsr_bits is {}", name,
                       layer.lfsr.bits, units_.lfsr_bits));
  }

  void require_alignment(std::string_view terms, int fl, int other_fl) const {
    if (units_.kind != TruncationKind::kDfp || std::abs(fl - other_fl) <= units_.alignment) return;
    refuse(fmt::format("the fractional lengths of {} are {} and {}, but hardware.truncation.alignment is {}",
                       terms, fl, other_fl, units_.alignment));
  }

  void require_function() const {
    using arch::StagedFunction;
    if (s_.function == StagedFunction::kLeakyRelu) require_limit("slope", s_.slope, false);
    if (s_.function != StagedFunction::kClamp) return;
    require_limit("min", s_.minimum, true);
    require_limit("max", s_.maximum, true);
  }

  void require_limit(std::string_view name, std::uint64_t bits, bool may_be_infinite) const {
    const double value = std::bit_cast<double>(bits);
    if (value == 0.0 || (std::isinf(value) && may_be_infinite)) return;
    if (!std::isfinite(value)) refuse(fmt::format("{} is {}", name, value));
    int exponent = 0;
    const double scaled = std::ldexp(std::frexp(value, &exponent), units_.slope_bits);
    if (scaled == std::trunc(scaled)) return;
    refuse(fmt::format("{} {} has more significant bits than the {} of hardware.truncation.slope_bits", name,
                       value, units_.slope_bits));
  }

  const network::QuantizedNode& node_;
  const Truncation& units_;
  const std::size_t levels_;
  const StagedSettings& s_;
};

}  // namespace

void require_silicon(const network::QuantizedNode& node, const arch::Hardware& hardware,
                     const StagedSettings& settings) {
  if (hardware.truncation.kind == TruncationKind::kAny) return;
  Silicon(node, hardware, settings).require();
}

}  // namespace dlasim::sim::compiler
