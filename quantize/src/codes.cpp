#include "quantize/codes.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "fixed_point/mx.h"
#include "fixed_point/truncation_unit.h"

namespace dlasim::quantize {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::Tensor;

namespace {

namespace fp = fixed_point;

fp::Rounding unit_rounding(network::Rounding rounding) {
  switch (rounding) {
    case network::Rounding::kFloor:
      return fp::Rounding::kFloor;
    case network::Rounding::kTrunc:
      return fp::Rounding::kTrunc;
    case network::Rounding::kNearestUp:
      return fp::Rounding::kNearestUp;
    case network::Rounding::kNearestAway:
      return fp::Rounding::kNearestAway;
    case network::Rounding::kNearestEven:
      return fp::Rounding::kNearestEven;
    case network::Rounding::kStochastic:
      break;
  }
  throw base::UnsupportedError("stochastic rounding of weights, network inputs and tables");
}

fp::Overflow unit_overflow(network::Overflow overflow) {
  switch (overflow) {
    case network::Overflow::kSaturate:
      return fp::Overflow::kSaturate;
    case network::Overflow::kSaturateSymmetric:
      return fp::Overflow::kSaturateSymmetric;
    case network::Overflow::kWrap:
      return fp::Overflow::kWrap;
    case network::Overflow::kInf:
      break;
  }
  return fp::Overflow::kInf;
}

fp::ExpZero unit_exp_zero(network::ExpZero exp_zero) {
  switch (exp_zero) {
    case network::ExpZero::kSubnormal:
      return fp::ExpZero::kSubnormal;
    case network::ExpZero::kZero:
      return fp::ExpZero::kZero;
    case network::ExpZero::kNormal:
      break;
  }
  return fp::ExpZero::kNormal;
}

fp::Specials unit_specials(network::Specials specials) {
  switch (specials) {
    case network::Specials::kIeee:
      return fp::Specials::kIeee;
    case network::Specials::kFn:
      return fp::Specials::kFn;
    case network::Specials::kNone:
      break;
  }
  return fp::Specials::kNone;
}

fp::Format unit_format(const NumberFormat& format) {
  fp::Format f;
  f.kind = format.kind == NumberFormat::Kind::kDfp ? fp::Kind::kDfp : fp::Kind::kMinifloat;
  f.bits = format.bits;
  f.fl = format.fl;
  f.is_signed = format.is_signed;
  f.exp = format.exp;
  f.man = format.man;
  f.bias = format.bias;
  f.exp_zero = unit_exp_zero(format.exp_zero);
  f.specials = unit_specials(format.specials);
  f.rounding = unit_rounding(format.rounding);
  f.overflow = unit_overflow(format.overflow);
  if (format.kind == NumberFormat::Kind::kExact || !fp::is_valid(f)) {
    throw base::InputError("this number format has no codes");
  }
  return f;
}

/// Reading needs no rounding, which a stochastic format could not give.
fp::Format unit_format_to_read(NumberFormat format) {
  format.rounding = network::Rounding::kNearestEven;
  format.lfsr.reset();
  return unit_format(format);
}

std::int64_t sign_extended(std::uint64_t code, int bits) {
  const int unused = 64 - bits;
  return static_cast<std::int64_t>(code << unused) >> unused;
}

std::int64_t channels_of(const network::Shape& shape) {
  return shape.empty() ? 1 : std::max<std::int64_t>(1, shape.back());
}

network::Shape scales_shape(network::Shape shape, std::int64_t block) {
  if (shape.empty()) shape.push_back(1);
  shape.back() = (shape.back() + block - 1) / block;
  return shape;
}

Codes encode_mx(const Tensor& real, const OperandFormat& format) {
  const fp::Format element = unit_format(format.element);
  const auto values = real.data<float>();
  Codes result{Tensor(code_dtype(format.element), real.shape()),
               Tensor(DType::kUInt8, scales_shape(real.shape(), format.mx_block))};
  const std::int64_t channels = channels_of(real.shape());
  std::int64_t scale = 0;
  for (std::int64_t row = 0; row < real.size(); row += channels) {
    for (std::int64_t first = 0; first < channels; first += format.mx_block) {
      const std::int64_t count = std::min<std::int64_t>(format.mx_block, channels - first);
      std::vector<fp::Exact> block;
      for (std::int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(row + first + i);
        block.push_back(fp::Exact::from_double(static_cast<double>(values[at])));
      }
      std::vector<std::uint64_t> codes(block.size());
      result.scales->set_integer(scale++, fp::mx_convert(block, element, codes));
      for (std::int64_t i = 0; i < count; ++i) {
        result.codes.set_integer(
            row + first + i, sign_extended(codes[static_cast<std::size_t>(i)], format.element.code_bits()));
      }
    }
  }
  return result;
}

}  // namespace

DType code_dtype(const NumberFormat& format) {
  const int bits = format.code_bits();
  if (bits <= 8) return DType::kInt8;
  if (bits <= 16) return DType::kInt16;
  return bits <= 32 ? DType::kInt32 : DType::kInt64;
}

bool same_codes(const OperandFormat& a, const OperandFormat& b) {
  const auto as_read = [](OperandFormat format) {
    format.element.rounding = network::Rounding::kNearestEven;
    format.element.overflow = network::Overflow::kSaturate;
    format.element.lfsr.reset();
    return format;
  };
  return as_read(a) == as_read(b);
}

Codes encode(const Tensor& real, const OperandFormat& format) {
  if (format.mx_block > 0) return encode_mx(real, format);
  const fp::Format unit = unit_format(format.element);
  Codes result{Tensor(code_dtype(format.element), real.shape()), std::nullopt};
  const auto values = real.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto converted = fp::convert(fp::Exact::from_double(static_cast<double>(values[i])), unit);
    result.codes.set_integer(static_cast<std::int64_t>(i), sign_extended(converted.code, unit.code_bits()));
  }
  return result;
}

std::int64_t encode_value(double value, const NumberFormat& format) {
  const fp::Format unit = unit_format(format);
  return sign_extended(fp::convert(fp::Exact::from_double(value), unit).code, unit.code_bits());
}

Tensor decode(const Tensor& codes, const OperandFormat& format, const Tensor* scales) {
  const fp::Format unit = unit_format_to_read(format.element);
  Tensor real(DType::kFloat32, codes.shape());
  const auto values = real.data<float>();
  if (format.mx_block > 0 && scales == nullptr) throw base::InputError("MX codes without scales");
  const std::int64_t channels = channels_of(codes.shape());
  const std::int64_t blocks = format.mx_block > 0 ? (channels + format.mx_block - 1) / format.mx_block : 0;
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<std::uint64_t>(codes.integer(i));
    fp::Exact value = fp::decode(code, unit);
    if (format.mx_block > 0) {
      const std::int64_t block = i / channels * blocks + i % channels / format.mx_block;
      value = fp::mx_scaled(value, static_cast<std::uint8_t>(scales->integer(block)));
    }
    values[static_cast<std::size_t>(i)] = static_cast<float>(value.to_double());
  }
  return real;
}

Tensor code_table(const std::function<double(double)>& function, const NumberFormat& input,
                  const NumberFormat& output) {
  if (input.code_bits() < 1 || input.code_bits() > 16) {
    throw base::UnsupportedError(
        fmt::format("a table of codes with {} bits; 1 to 16 are allowed", input.code_bits()));
  }
  const fp::Format from = unit_format_to_read(input);
  const fp::Format to = unit_format(output);
  Tensor table(code_dtype(output), {input.code_bits() <= 8 ? 256 : 65536});
  for (std::int64_t i = 0; i < table.size(); ++i) {
    const double x = fp::decode(static_cast<std::uint64_t>(i), from).to_double();
    const auto y = fp::convert(fp::Exact::from_double(function(x)), to);
    table.set_integer(i, sign_extended(y.code, to.code_bits()));
  }
  return table;
}

}  // namespace dlasim::quantize
