#pragma once
/// Number formats in few words.

#include "network/number_format_presets.h"

namespace dlasim::golden {

inline network::NumberFormat preset(const char* name,
                                    network::Rounding rounding = network::Rounding::kNearestEven) {
  network::NumberFormat format = *network::number_format_preset(name);
  format.rounding = rounding;
  return format;
}

inline network::NumberFormat dfp(int bits, int fl,
                                 network::Rounding rounding = network::Rounding::kNearestEven,
                                 network::Overflow overflow = network::Overflow::kSaturate) {
  network::NumberFormat format;
  format.kind = network::NumberFormat::Kind::kDfp;
  format.bits = bits;
  format.fl = fl;
  format.rounding = rounding;
  format.overflow = overflow;
  return format;
}

/// The format with stochastic rounding from that source.
inline network::NumberFormat stochastic(network::NumberFormat format, network::Lfsr source) {
  format.rounding = network::Rounding::kStochastic;
  format.lfsr = source;
  return format;
}

}  // namespace dlasim::golden
