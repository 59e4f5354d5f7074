#include "conformance/hardware_units.h"

#include <fmt/core.h>

#include <array>
#include <map>
#include <utility>

#include "base/error.h"
#include "conformance/json_reader.h"
#include "conformance/number_format_vector.h"
#include "number_format_json.h"
#include "number_format_units.h"

namespace dlasim::conformance {
namespace {

/// Expected code in `c[first]`, flags in `c[first + 2]`; the value between them follows from the code.
std::string check(const Case& c, std::size_t first, const UnitResult& got) {
  if (read_code(c[first]) != got.code)
    return fmt::format("code: expected {}, got {}", c[first].string(), code_text(got.code));
  if (c[first + 2].integer() != static_cast<std::int64_t>(got.flags))
    return fmt::format("flags: expected {}, got {}", c[first + 2].integer(), got.flags);
  return {};
}

std::string run_convert(const JsonReader& root, const UnitMaker& maker) {
  const auto format = read_number_format(root.at("number_format").at("format"));
  const auto units = maker({format});
  return for_each_case(
      root, 4, [&](const Case& c) { return check(c, 1, units->convert(read_wide_value(c[0]), format, 0)); });
}

std::string run_two_operands(const JsonReader& root, const UnitMaker& maker, bool multiplies) {
  const JsonReader fields = root.at("number_format");
  const auto a = read_number_format(fields.at("a")), b = read_number_format(fields.at("b"));
  const auto result = read_number_format(fields.at("result"));
  const auto units = maker({a, b, result});
  return for_each_case(root, 5, [&](const Case& c) {
    const UnitOperand x{read_code(c[0]), a}, y{read_code(c[1]), b};
    return check(c, 2, multiplies ? units->multiply(x, y, result) : units->add(x, y, result));
  });
}

std::string run_decode(const JsonReader& root, const UnitMaker& maker) {
  const auto format = read_number_format(root.at("number_format").at("format"));
  const auto units = maker({format});
  return for_each_case(root, 2, [&](const Case& c) {
    if (units->decodes_to({read_code(c[0]), format}, read_wide_value(c[1]))) return std::string();
    return fmt::format("its value is not {}", c[1].string());
  });
}

std::string check_mx_block(HardwareUnits& units, const network::NumberFormat& element,
                           const JsonReader& block) {
  std::vector<golden::WideValue> values;
  for (const JsonReader& value : block.at("values").elements()) values.push_back(read_wide_value(value));
  const MxResult got = units.convert_to_mx(values, element);
  if (read_code(block.at("scale")) != got.scale)
    return fmt::format("scale: expected {}, got {}", block.at("scale").string(), code_text(got.scale));
  const auto elements = block.at("elements").elements(), decoded = block.at("decoded").elements();
  if (elements.size() != values.size() || decoded.size() != values.size())
    block.fail("lists of unequal length");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (read_code(elements[i]) != got.elements[i])
      return fmt::format("element {}: expected {}, got {}", i, elements[i].string(),
                         code_text(got.elements[i]));
    if (!units.mx_decodes_to(got.scale, {got.elements[i], element}, read_wide_value(decoded[i])))
      return fmt::format("element {}: its value is not {}", i, decoded[i].string());
  }
  return {};
}

std::string run_mx_convert(const JsonReader& root, const UnitMaker& maker) {
  const network::NumberFormat element = read_mx_element(root);
  const auto units = maker({element});
  std::size_t number = 0;
  for (const JsonReader& block : root.at("cases").elements()) {
    const std::string difference = check_mx_block(*units, element, block);
    if (!difference.empty()) return fmt::format("case {}: {}", number, difference);
    ++number;
  }
  if (number == 0) root.at("cases").fail("there are no cases");
  return {};
}

std::string run_lfsr(const JsonReader& root, const UnitMaker& maker) {
  const auto bits = static_cast<int>(root.at("number_format").at("bits").integer_between(16, 32));
  const auto units = maker({});
  return for_each_case(root, 2, [&](const Case& c) {
    units->seed(static_cast<std::uint32_t>(read_code(c[0])));
    for (const JsonReader& expected : c[1].elements()) {
      const std::uint32_t got = units->draw(bits);
      if (read_code(expected) != got)
        return fmt::format("draw: expected {}, got {}", expected.string(), code_text(got));
    }
    return std::string();
  });
}

std::string run_stochastic(const JsonReader& root, const UnitMaker& maker) {
  const auto format = read_number_format(root.at("number_format").at("format"));
  if (!format.lfsr) root.at("number_format").at("format").fail("has no lfsr");
  const auto units = maker({format});
  units->seed(static_cast<std::uint32_t>(read_code(root.at("number_format").at("state"))));
  return for_each_case(root, 5, [&](const Case& c) {
    const std::uint32_t draw = units->draw(format.lfsr->bits);
    if (read_code(c[1]) != draw)
      return fmt::format("draw: expected {}, got {}", c[1].string(), code_text(draw));
    return check(c, 2, units->convert(read_wide_value(c[0]), format, draw));
  });
}

}  // namespace

VectorHandler hardware_number_format_handler(UnitMaker maker, const Engine& engine, WireRecorder record) {
  return [maker = std::move(maker), layers = engine_number_format_handler(engine, std::move(record))](
             const nlohmann::json& document, const std::filesystem::path& file) {
    const JsonReader root(document, file.string());
    const std::string test = root.at("number_format").at("test").string();
    if (test == "convert") return run_convert(root, maker);
    if (test == "multiply" || test == "add") return run_two_operands(root, maker, test == "multiply");
    if (test == "decode") return run_decode(root, maker);
    if (test == "mx_convert") return run_mx_convert(root, maker);
    if (test == "choose_fl") return run_unit_test(test, root);
    if (test == "lfsr") return run_lfsr(root, maker);
    if (test == "stochastic") return run_stochastic(root, maker);
    return layers(document, file);
  };
}

}  // namespace dlasim::conformance
