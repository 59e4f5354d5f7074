#include "staged_function.h"

#include <cmath>

#include "base/error.h"

namespace dlasim::golden {

namespace {

Value as(const Value& v, const Value* /*tag*/) {
  return v;
}
WideValue as(const Value& v, const WideValue* /*tag*/) {
  return widen(v);
}

template <class Number>
Number apply(const network::StagedActivation& function, const Number& v) {
  using Type = network::StagedActivation::Type;
  if (v.kind == ValueKind::kNan) return v;
  const Number* tag = nullptr;
  switch (function.type) {
    case Type::kNone:
      return v;
    case Type::kRelu:
      return v.kind == ValueKind::kZero || v.negative ? as(Value::zero(), tag) : v;
    case Type::kLeakyRelu:
      return v.negative ? multiply(v, Value::from_double(function.slope)) : v;
    case Type::kClamp: {
      const Number min = as(Value::from_double(function.min), tag);
      const Number max = as(Value::from_double(function.max), tag);
      return less(v, min) ? min : less(max, v) ? max : v;
    }
  }
  return v;
}

}  // namespace

Value apply_function(const network::StagedActivation& function, const Value& v) {
  return apply(function, v);
}

WideValue apply_function(const network::StagedActivation& function, const WideValue& v) {
  return apply(function, v);
}

void check_function(const network::StagedActivation& function) {
  using Type = network::StagedActivation::Type;
  if (function.type == Type::kLeakyRelu && !std::isfinite(function.slope)) {
    throw base::InputError("the slope of leaky_relu is not finite");
  }
  if (function.type == Type::kClamp && !(function.min <= function.max)) {
    throw base::InputError("clamp needs min <= max");
  }
}

}  // namespace dlasim::golden
