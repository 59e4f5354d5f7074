#pragma once
/// OCP Microscaling blocks, spec/number_formats.md section 6: values that share an E8M0 scale.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "golden/convert.h"

namespace dlasim::golden {

/// The E8M0 code of nan: every value of such a block is nan.
inline constexpr std::uint8_t kMxNanScale = 255;

/// The binary exponent of a scale code: code - 127; none for kMxNanScale.
std::optional<int> mx_scale_exponent(std::uint8_t code);

/// One block as stored.
struct MxBlock {
  std::uint8_t scale = 0;               ///< E8M0
  std::vector<std::uint64_t> elements;  ///< one code a value
};

/// Converts values to blocks. Immutable.
class MxConverter {
 public:
  /// `element` as in an OperandFormat: minifloat or MXINT8. Whatever overflow it names, elements saturate.
  /// Throws base::InputError for `exact`.
  explicit MxConverter(const network::NumberFormat& element);

  /// One block of at most the block's length. `lfsr` as in Converter::convert: one draw an element.
  MxBlock convert(std::span<const Value> values, LfsrState* lfsr) const;
  /// scale * element.
  Value decode(std::uint8_t scale, std::uint64_t element) const;

  const Converter& element() const { return element_; }

 private:
  Converter element_;
  std::int64_t largest_exponent_;  ///< emax: floor(log2(largest finite element))
};

}  // namespace dlasim::golden
