#include "quantize/calibration_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace dlasim::quantize {
namespace {

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;
constexpr double kLevels = 127.0;

struct Line {
  std::size_t number = 0;
  std::string_view text;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The lines that are not empty.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    ++number;
    if (!line.empty()) lines.push_back({number, line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

[[noreturn]] void fail(std::string_view where, std::size_t line, const std::string& what) {
  throw base::InputError(fmt::format("{}:{}: {}", where, line, what));
}

void insert(CalibrationTable& table, std::string_view where, const Line& line, std::string_view name,
            double magnitude) {
  if (!std::isfinite(magnitude) || magnitude <= 0.0) {
    fail(where, line.number, fmt::format("the scale of '{}' is not positive and finite", name));
  }
  if (!table.magnitude.emplace(std::string(name), magnitude).second) {
    fail(where, line.number, fmt::format("'{}' is given twice", name));
  }
}

std::optional<double> number_of(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_tensorrt(std::string_view text) {
  return text.starts_with("TRT-");
}

/// "conv1_param_0": the weights of conv1.
bool names_weights(std::string_view name) {
  const std::size_t at = name.rfind("_param_");
  if (at == std::string_view::npos || at + 7 == name.size()) return false;
  return name.find_first_not_of("0123456789", at + 7) == std::string_view::npos;
}

const network::Node* find_node(const network::Graph& graph, const std::string& name) {
  const auto found = std::ranges::find(graph.nodes, name, &network::Node::name);
  return found == graph.nodes.end() ? nullptr : &*found;
}

network::TensorId tensor_of(const CalibrationTable& table, const network::Graph& graph,
                            const std::string& name) {
  if (table.key == CalibrationTable::Key::kLayerInput) {
    const network::Node* node = find_node(graph, name);
    if (node == nullptr) throw base::InputError(fmt::format("the network has no layer '{}'", name));
    return node->inputs.at(0);
  }
  const auto found = std::ranges::find(graph.tensors, name, &network::TensorInfo::name);
  if (found == graph.tensors.end()) {
    throw base::InputError(fmt::format("the network has no tensor '{}'", name));
  }
  return static_cast<network::TensorId>(found - graph.tensors.begin());
}

}  // namespace

CalibrationTable parse_tensorrt_cache(std::string_view text, std::string_view where) {
  const std::vector<Line> lines = lines_of(text);
  if (lines.empty() || !is_tensorrt(lines[0].text)) fail(where, 1, "a cache begins with a line \"TRT-...\"");
  CalibrationTable table;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const std::size_t colon = line.text.rfind(':');
    const std::string_view name = trimmed(line.text.substr(0, std::min(colon, line.text.size())));
    if (colon == std::string_view::npos || name.empty()) fail(where, line.number, "no \"tensor: scale\"");
    const std::string_view digits = trimmed(line.text.substr(colon + 1));
    std::uint32_t bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    if (digits.empty() || digits.size() > 8 || error != std::errc() || end != digits.data() + digits.size()) {
      fail(where, line.number, fmt::format("'{}' is not a float32 in hexadecimal digits", digits));
    }
    insert(table, where, line, name, kLevels * static_cast<double>(std::bit_cast<float>(bits)));
  }
  return table;
}

CalibrationTable parse_ncnn_table(std::string_view text, std::string_view where) {
  CalibrationTable table;
  table.key = CalibrationTable::Key::kLayerInput;
  for (const Line& line : lines_of(text)) {
    const std::size_t gap = line.text.find_first_of(" \t");
    if (gap == std::string_view::npos) fail(where, line.number, "no \"layer scale\"");
    const std::string_view name = line.text.substr(0, gap);
    if (names_weights(name)) continue;
    const std::string_view value = trimmed(line.text.substr(gap));
    const auto scale = number_of(value);
    if (!scale) fail(where, line.number, fmt::format("'{}' is not one number", value));
    insert(table, where, line, name, kLevels / *scale);
  }
  return table;
}

CalibrationTable read_calibration_table(const std::filesystem::path& file) {
  const std::string text = base::read_text_file(file, kLargestTable);
  return is_tensorrt(text) ? parse_tensorrt_cache(text, file.string())
                           : parse_ncnn_table(text, file.string());
}

std::size_t apply_calibration_table(const CalibrationTable& table, const network::Graph& graph,
                                    Ranges& ranges) {
  ranges.resize(graph.tensors.size());
  std::vector<bool> replaced(ranges.size(), false);
  for (const auto& [name, magnitude] : table.magnitude) {
    const auto id = static_cast<std::size_t>(tensor_of(table, graph, name));
    const Range range{-magnitude, magnitude};
    // Several layers may read one tensor: the widest of their ranges holds for it.
    ranges[id] = replaced[id] ? ranges[id]->united(range) : range;
    replaced[id] = true;
  }
  return static_cast<std::size_t>(std::ranges::count(replaced, true));
}

}  // namespace dlasim::quantize
