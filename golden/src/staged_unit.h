#pragma once
/// A bank of truncation units: one point's format, one LFSR for each instance, the events of all.

#include <cstdint>
#include <vector>

#include "golden/convert.h"
#include "golden/staged.h"

namespace dlasim::golden {

class UnitBank {
 public:
  /// Instances first_instance .. first_instance + instances - 1 of the point.
  UnitBank(const network::NumberFormat& format, Point point, std::int64_t first_instance,
           std::int64_t instances)
      : converter_(format), point_(point), first_instance_(first_instance) {
    if (converter_.is_stochastic()) lfsrs_.assign(static_cast<std::size_t>(instances), LfsrState(16, 1));
  }

  /// Starts output element `e`: every LFSR is seeded anew.
  void start_element(std::int64_t e) {
    for (std::size_t i = 0; i < lfsrs_.size(); ++i) {
      const auto instance = static_cast<std::uint32_t>(first_instance_ + static_cast<std::int64_t>(i));
      lfsrs_[i] = LfsrState::for_element(*converter_.format().lfsr, static_cast<std::uint32_t>(point_),
                                         instance, static_cast<std::uint32_t>(e));
    }
  }

  /// `instance` counts from 0 in this bank.
  Converted convert(std::int64_t instance, const Value& v) {
    return recorded(converter_.convert(v, lfsr(instance)));
  }
  Converted convert(std::int64_t instance, const WideValue& v) {
    return recorded(converter_.convert(v, lfsr(instance)));
  }
  Converted convert_sum(std::int64_t instance, const Value& a, const Value& b) {
    return recorded(converter_.convert_sum(a, b, lfsr(instance)));
  }

  const Converter& converter() const { return converter_; }
  const PointEvents& events() const { return events_; }

 private:
  LfsrState* lfsr(std::int64_t instance) {
    return lfsrs_.empty() ? nullptr : &lfsrs_[static_cast<std::size_t>(instance)];
  }
  const Converted& recorded(const Converted& result) {
    events_.record(result);
    return result;
  }

  Converter converter_;
  Point point_;
  std::int64_t first_instance_;
  std::vector<LfsrState> lfsrs_;
  PointEvents events_;
};

}  // namespace dlasim::golden
