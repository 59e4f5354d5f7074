#include "model_units.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "fixed_point/mx.h"
#include "fixed_point/truncation_unit.h"
#include "sim/compiler/hardware_format.h"

namespace dlasim::cli {
namespace {

using conformance::MxResult;
using conformance::UnitOperand;
using conformance::UnitResult;
using fixed_point::Exact;
using network::NumberFormat;
using sim::compiler::to_hardware;

UnitResult shown(const fixed_point::Converted& c) {
  return {c.code, c.flags};
}

Exact value_of(const UnitOperand& operand) {
  return fixed_point::decode(operand.code, to_hardware(operand.format));
}

class ModelUnits final : public conformance::HardwareUnits {
 public:
  UnitResult convert(const golden::WideValue& value, const NumberFormat& format,
                     std::uint32_t draw) override {
    return shown(fixed_point::convert(exact(value), to_hardware(format), draw));
  }
  UnitResult multiply(const UnitOperand& a, const UnitOperand& b, const NumberFormat& result) override {
    return shown(fixed_point::multiply(value_of(a), value_of(b), to_hardware(result)));
  }
  UnitResult add(const UnitOperand& a, const UnitOperand& b, const NumberFormat& result) override {
    return shown(fixed_point::add(value_of(a), value_of(b), to_hardware(result)));
  }
  bool decodes_to(const UnitOperand& code, const golden::WideValue& value) override {
    return fixed_point::identical(value_of(code), exact(value));
  }
  MxResult convert_to_mx(const std::vector<golden::WideValue>& values, const NumberFormat& element) override {
    std::vector<Exact> block;
    std::ranges::transform(values, std::back_inserter(block), exact);
    MxResult result{0, std::vector<std::uint64_t>(block.size())};
    result.scale = fixed_point::mx_convert(block, to_hardware(element), result.elements);
    return result;
  }
  bool mx_decodes_to(std::uint8_t scale, const UnitOperand& element,
                     const golden::WideValue& value) override {
    const Exact got = fixed_point::mx_decode(scale, element.code, to_hardware(element.format));
    return fixed_point::identical(got, exact(value));
  }
  void seed(std::uint32_t state) override { state_ = state; }
  std::uint32_t draw(int bits) override {
    fixed_point::Lfsr lfsr(bits, state_);
    const std::uint32_t draw = lfsr.draw();
    state_ = lfsr.state();
    return draw;
  }

 private:
  std::uint32_t state_ = 1;
};

}  // namespace

Exact exact(const golden::WideValue& v) {
  switch (v.kind) {
    case golden::ValueKind::kNan:
      return Exact::nan();
    case golden::ValueKind::kInfinity:
      return Exact::infinity(v.negative);
    case golden::ValueKind::kZero:
      return Exact::zero(v.negative);
    case golden::ValueKind::kFinite:
      break;
  }
  fixed_point::Wide significand;
  if (v.words.size() > significand.limb.size()) throw base::UnsupportedError("a value of more than 256 bits");
  std::ranges::copy(v.words, significand.limb.begin());
  return Exact::finite(v.negative, significand, v.exponent);
}

conformance::UnitMaker model_units() {
  return [](const std::vector<NumberFormat>&) { return std::make_unique<ModelUnits>(); };
}

}  // namespace dlasim::cli
