#include "format_vectors.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

#include "fixed_point/presets.h"
#include "support/places.h"

namespace dlasim::fixed_point {

std::string to_string(const Exact& v) {
  const std::string sign = v.negative ? "-" : "";
  if (v.is_nan()) return "nan";
  if (v.is_infinity()) return sign + "inf";
  if (v.is_zero()) return sign + "0x0p+0";
  std::int64_t exponent = v.exponent;
  Wide significand = v.significand;
  while ((significand.limb[0] & 1) == 0) {
    significand = significand.shifted_right(1);
    ++exponent;
  }
  std::string digits;
  for (; !significand.is_zero(); significand = significand.shifted_right(4))
    digits.insert(digits.begin(), "0123456789abcdef"[significand.limb[0] & 15]);
  return sign + "0x" + digits + (v.sticky ? "+" : "") + (exponent < 0 ? "p" : "p+") +
         std::to_string(exponent);
}

namespace vectors {
namespace {

template <typename Enum>
Enum named(const std::map<std::string, Enum>& names, const Json& j) {
  return names.at(j.get<std::string>());
}

const std::map<std::string, Rounding> kRoundings{{"floor", Rounding::kFloor},
                                                 {"trunc", Rounding::kTrunc},
                                                 {"nearest_up", Rounding::kNearestUp},
                                                 {"nearest_away", Rounding::kNearestAway},
                                                 {"nearest_even", Rounding::kNearestEven},
                                                 {"stochastic", Rounding::kStochastic}};
const std::map<std::string, Overflow> kOverflows{{"saturate", Overflow::kSaturate},
                                                 {"saturate_symmetric", Overflow::kSaturateSymmetric},
                                                 {"wrap", Overflow::kWrap},
                                                 {"inf", Overflow::kInf}};
const std::map<std::string, ExpZero> kExpZeros{
    {"subnormal", ExpZero::kSubnormal}, {"zero", ExpZero::kZero}, {"normal", ExpZero::kNormal}};
const std::map<std::string, Specials> kSpecials{
    {"ieee", Specials::kIeee}, {"fn", Specials::kFn}, {"none", Specials::kNone}};

}  // namespace

std::vector<std::filesystem::path> files(const std::string& kind) {
  const std::filesystem::path directory = places::shared("vectors/number_format") / kind;
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(directory)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

Json load(const std::filesystem::path& path) {
  std::ifstream in(path);
  return Json::parse(in);
}

Format format(const Json& j) {
  const auto kind = j.at("kind").get<std::string>();
  if (kind == "exact") return exact_format();
  Format f;
  if (kind == "mx") {
    f = mx_element(j.at("element").get<std::string>()).value();
  } else if (kind == "dfp") {
    f = dfp(j.at("bits"), j.at("fl"), j.at("signed"));
  } else {
    f = minifloat(j.at("exp"), j.at("man"));
    f.bias = j.at("bias");
    f.exp_zero = named(kExpZeros, j.at("exp_zero"));
    f.specials = named(kSpecials, j.at("specials"));
  }
  if (j.contains("rounding")) f.rounding = named(kRoundings, j.at("rounding"));
  if (j.contains("overflow")) f.overflow = named(kOverflows, j.at("overflow"));
  if (j.contains("lfsr")) f.lfsr = {j.at("lfsr").at("bits"), j.at("lfsr").value("seed", 1U)};
  if (!is_valid(f)) throw std::runtime_error("invalid format " + j.dump());
  return f;
}

Exact value(const Json& j) {
  std::string text = j.get<std::string>();
  const bool negative = text.front() == '-';
  if (negative) text.erase(0, 1);
  if (text == "nan") return Exact::nan();
  if (text == "inf") return Exact::infinity(negative);
  const auto p = text.find('p');
  Wide significand;
  for (const char c : text.substr(2, p - 2)) {
    if (significand.bit_length() > Wide::kBits - 4) throw std::runtime_error("too wide: " + text);
    significand =
        significand.shifted_left(4) + Wide(std::uint64_t(std::stoul(std::string(1, c), nullptr, 16)));
  }
  return Exact::finite(negative, significand, std::stoll(text.substr(p + 1)));
}

std::uint64_t code(const Json& j) {
  return j.is_string() ? std::stoull(j.get<std::string>(), nullptr, 16) : j.get<std::uint64_t>();
}

StagedFormats staged_formats(const Json& points) {
  const auto optional_point = [&](const char* name) {
    return points.contains(name) ? format(points.at(name)) : exact_format();
  };
  StagedFormats f;
  f.product = format(points.at("product"));
  f.accumulator = optional_point("accumulator");
  if (const Json& tree = points.at("tree"); tree.is_array()) {
    for (const Json& level : tree) f.tree.push_back(format(level));
  } else {
    f.tree.push_back(format(tree));
  }
  f.partial_sum = format(points.at("partial_sum"));
  f.bias = optional_point("bias");
  f.activation = optional_point("activation");
  f.output = format(points.at("output"));
  f.block = optional_point("block");
  return f;
}

Activation activation(const Json& j) {
  Activation a;
  const auto type = j.at("type").get<std::string>();
  if (type == "relu") a.type = Activation::Type::kRelu;
  if (type == "leaky_relu") {
    a.type = Activation::Type::kLeakyRelu;
    a.slope = value(j.at("slope"));
  }
  if (type == "clamp") {
    a.type = Activation::Type::kClamp;
    a.min = value(j.at("min"));
    a.max = value(j.at("max"));
  }
  return a;
}

}  // namespace vectors
}  // namespace dlasim::fixed_point
