#include "number_format_units.h"

#include <fmt/core.h>

#include <functional>
#include <map>
#include <optional>

#include "golden/convert.h"
#include "golden/mx.h"
#include "network/number_format_presets.h"
#include "number_format_json.h"
#include "quantize/choose_fl.h"

namespace dlasim::conformance {

using golden::Converted;
using golden::Converter;
using golden::LfsrState;
using golden::Value;

namespace {

std::string check_value(std::string_view what, const JsonReader& expected, const Value& got) {
  if (golden::same(read_value(expected), got)) return {};
  return fmt::format("{}: expected {}, got {}", what, expected.string(), golden::to_string(got));
}

std::string check_code(std::string_view what, const JsonReader& expected, std::uint64_t got) {
  if (read_code(expected) == got) return {};
  return fmt::format("{}: expected {}, got {}", what, expected.string(), code_text(got));
}

/// The last three fields of a case: code, value, flags.
std::string check_converted(const Case& c, std::size_t first, const Converted& got) {
  std::string difference = check_code("code", c[first], got.code);
  if (difference.empty()) difference = check_value("value", c[first + 1], got.value);
  if (difference.empty() && c[first + 2].integer() != static_cast<std::int64_t>(got.flags)) {
    difference = fmt::format("flags: expected {}, got {}", c[first + 2].integer(), got.flags);
  }
  return difference;
}

Converter read_converter(const JsonReader& root, std::string_view key) {
  return Converter(read_number_format(root.at("number_format").at(key)));
}

std::string run_decode(const JsonReader& root) {
  const Converter converter = read_converter(root, "format");
  return for_each_case(root, 2, [&](const Case& c) {
    return check_value(c[0].string(), c[1], converter.decode(read_code(c[0])));
  });
}

std::string run_convert(const JsonReader& root) {
  const Converter converter = read_converter(root, "format");
  return for_each_case(root, 4, [&](const Case& c) {
    const std::string difference = check_converted(c, 1, converter.convert(read_wide_value(c[0]), nullptr));
    if (!difference.empty()) return fmt::format("Q({}): {}", c[0].string(), difference);
    // The two widths of the golden model must agree where both can hold the value.
    if (read_wide_value(c[0]).words.size() > 2) return std::string();
    return check_converted(c, 1, converter.convert(read_value(c[0]), nullptr));
  });
}

std::string run_two_operands(const JsonReader& root, bool product) {
  const Converter a = read_converter(root, "a");
  const Converter b = read_converter(root, "b");
  const Converter result = read_converter(root, "result");
  return for_each_case(root, 5, [&](const Case& c) {
    const Value x = a.decode(read_code(c[0]));
    const Value y = b.decode(read_code(c[1]));
    const Converted got =
        product ? result.convert(golden::multiply(x, y), nullptr) : result.convert_sum(x, y, nullptr);
    const std::string difference = check_converted(c, 2, got);
    return difference.empty() ? difference
                              : fmt::format("{} and {}: {}", c[0].string(), c[1].string(), difference);
  });
}

std::string run_lfsr(const JsonReader& root) {
  const auto bits = static_cast<int>(root.at("number_format").at("bits").integer_between(16, 32));
  return for_each_case(root, 2, [&](const Case& c) {
    LfsrState lfsr(bits, static_cast<std::uint32_t>(read_code(c[0])));
    std::size_t number = 0;
    for (const JsonReader& draw : c[1].elements()) {
      const std::string difference = check_code(fmt::format("draw {}", number++), draw, lfsr.draw());
      if (!difference.empty()) return difference;
    }
    return std::string();
  });
}

std::string run_stochastic(const JsonReader& root) {
  const Converter converter = read_converter(root, "format");
  const auto state = static_cast<std::uint32_t>(read_code(root.at("number_format").at("state")));
  if (!converter.format().lfsr) root.at("number_format").at("format").fail("has no lfsr");
  LfsrState lfsr(converter.format().lfsr->bits, state);
  return for_each_case(root, 5, [&](const Case& c) {
    const Converted got = converter.convert(read_wide_value(c[0]), &lfsr);
    std::string difference = check_code("draw", c[1], lfsr.state());
    if (difference.empty()) difference = check_converted(c, 2, got);
    return difference.empty() ? difference : fmt::format("Q({}): {}", c[0].string(), difference);
  });
}

std::string check_mx_block(const golden::MxConverter& converter, const JsonReader& block) {
  std::vector<Value> values;
  for (const JsonReader& value : block.at("values").elements()) values.push_back(read_value(value));
  const golden::MxBlock got = converter.convert(values, nullptr);
  std::string difference = check_code("scale", block.at("scale"), got.scale);
  const auto elements = block.at("elements").elements();
  const auto decoded = block.at("decoded").elements();
  if (elements.size() != values.size() || decoded.size() != values.size())
    block.fail("lists of unequal length");
  for (std::size_t i = 0; i < values.size() && difference.empty(); ++i) {
    difference = check_code(fmt::format("element {}", i), elements[i], got.elements[i]);
    if (difference.empty()) {
      difference =
          check_value(fmt::format("decoded {}", i), decoded[i], converter.decode(got.scale, got.elements[i]));
    }
  }
  return difference;
}

std::string run_mx_convert(const JsonReader& root) {
  const golden::MxConverter converter(read_mx_element(root));
  std::size_t number = 0;
  for (const JsonReader& block : root.at("cases").elements()) {
    const std::string difference = check_mx_block(converter, block);
    if (!difference.empty()) return fmt::format("case {}: {}", number, difference);
    ++number;
  }
  return {};
}

std::string run_choose_fl(const JsonReader& root) {
  return for_each_case(root, 6, [&](const Case& c) {
    quantize::FlFormat format;
    format.bits = static_cast<int>(c[0].integer_between(1, 64));
    format.is_signed = c[1].boolean();
    format.rounding = read_rounding(c[4]);
    const double amax = golden::to_double(read_value(c[2]));
    const std::string method = c[3].string();
    const auto known = quantize::fl_method_from_name(method);
    if (!known) c[3].fail(fmt::format("'{}' is not a method", method));
    const int fl = quantize::choose_fl(*known, format, amax);
    if (fl == c[5].integer()) return std::string();
    return fmt::format("{} of {}: expected fl {}, got {}", method, c[2].string(), c[5].integer(), fl);
  });
}

using Runner = std::string (*)(const JsonReader&);

const std::map<std::string, Runner>& runners() {
  static const std::map<std::string, Runner> map = {
      {"decode", run_decode},
      {"convert", run_convert},
      {"multiply", [](const JsonReader& root) { return run_two_operands(root, true); }},
      {"add", [](const JsonReader& root) { return run_two_operands(root, false); }},
      {"lfsr", run_lfsr},
      {"stochastic", run_stochastic},
      {"mx_convert", run_mx_convert},
      {"choose_fl", run_choose_fl},
  };
  return map;
}

}  // namespace

bool is_unit_test(const std::string& test) {
  return runners().contains(test);
}

std::string run_unit_test(const std::string& test, const JsonReader& root) {
  return runners().at(test)(root);
}

}  // namespace dlasim::conformance
