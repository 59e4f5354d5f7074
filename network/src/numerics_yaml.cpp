#include "network/numerics_yaml.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/edit_distance.h"
#include "base/error.h"
#include "network/number_format_yaml.h"

namespace dlasim::network {

using base::YamlNode;

/// What NumericsConfig::Contents is made of.
namespace numerics_yaml {

/// A value with the place that gave it and the rank of the entry it stands in (higher: more specific).
template <class T>
struct Placed {
  T value;
  YamlNode node;
  int rank = 0;
};
template <class T>
using Slot = std::optional<Placed<T>>;

/// What one entry says, or several merged.
struct Overlay {
  bool integer = false;
  Slot<OpenOperandFormat> input, weight;
  Slot<OpenNumberFormat> bias_operand;
  Slot<OpenNumberFormat> product, accumulator, partial_sum, bias, activation, output, block;
  Slot<std::vector<OpenNumberFormat>> tree;
  Slot<StagedActivation> function;
  Slot<MxMode> mx_mode;
};

}  // namespace numerics_yaml

namespace {

using numerics_yaml::Overlay;
using numerics_yaml::Slot;

constexpr int kMxLanes = 32;  // section 6: L = W = 32 in block mode

template <class T>
void merge_slot(const Slot<T>& from, int rank, Slot<T>* to) {
  if (!from) return;
  *to = from;
  (*to)->rank = rank;
}

void merge(const Overlay& from, int rank, Overlay* to) {
  to->integer = from.integer;
  merge_slot(from.input, rank, &to->input);
  merge_slot(from.weight, rank, &to->weight);
  merge_slot(from.bias_operand, rank, &to->bias_operand);
  merge_slot(from.product, rank, &to->product);
  merge_slot(from.accumulator, rank, &to->accumulator);
  merge_slot(from.partial_sum, rank, &to->partial_sum);
  merge_slot(from.bias, rank, &to->bias);
  merge_slot(from.activation, rank, &to->activation);
  merge_slot(from.output, rank, &to->output);
  merge_slot(from.block, rank, &to->block);
  merge_slot(from.tree, rank, &to->tree);
  merge_slot(from.function, rank, &to->function);
  merge_slot(from.mx_mode, rank, &to->mx_mode);
}

enum class MayBeExact { kNo, kYes };

OpenNumberFormat read_point(const YamlNode& node, MayBeExact may_be_exact) {
  const OpenNumberFormat open = read_open_number_format(node);
  if (may_be_exact == MayBeExact::kNo && open.format.kind == NumberFormat::Kind::kExact) {
    node.fail("`exact` is allowed at product and activation only");
  }
  return open;
}

void read_point(const YamlNode& points, std::string_view key, MayBeExact may_be_exact,
                Slot<OpenNumberFormat>* slot) {
  if (const auto node = points.find(key)) *slot = {read_point(*node, may_be_exact), *node};
}

void read_tree(const YamlNode& points, Overlay* overlay) {
  const auto node = points.find("tree");
  if (!node) return;
  std::vector<OpenNumberFormat> levels;
  if (node->is_list()) {
    for (const YamlNode& level : node->items()) levels.push_back(read_point(level, MayBeExact::kNo));
    if (levels.empty()) node->fail("the list of tree formats is empty");
  } else {
    levels.push_back(read_point(*node, MayBeExact::kNo));
  }
  overlay->tree = {std::move(levels), *node};
}

void read_points(const YamlNode& points, Overlay* overlay) {
  read_point(points, "product", MayBeExact::kYes, &overlay->product);
  read_point(points, "accumulator", MayBeExact::kNo, &overlay->accumulator);
  read_tree(points, overlay);
  read_point(points, "partial_sum", MayBeExact::kNo, &overlay->partial_sum);
  read_point(points, "bias", MayBeExact::kNo, &overlay->bias);
  read_point(points, "activation", MayBeExact::kYes, &overlay->activation);
  read_point(points, "output", MayBeExact::kNo, &overlay->output);
  read_point(points, "block", MayBeExact::kNo, &overlay->block);
}

void read_operands(const YamlNode& operands, Overlay* overlay) {
  if (const auto node = operands.find("input")) overlay->input = {read_open_operand_format(*node), *node};
  if (const auto node = operands.find("weight")) overlay->weight = {read_open_operand_format(*node), *node};
  if (const auto node = operands.find("bias")) {
    const OpenOperandFormat open = read_open_operand_format(*node);
    if (open.format.mx_block != 0) node->fail("a bias cannot be mx");
    overlay->bias_operand = {{open.format.element, open.open_fl}, *node};
  }
}

Overlay read_overlay(const YamlNode& node) {
  Overlay overlay;
  if (node.is_scalar()) {
    if (node.as_string() != "integer") {
      node.fail(fmt::format("'{}' is not `integer` or a map of operands, points, activation, mx_mode",
                            node.as_string()));
    }
    overlay.integer = true;
    return overlay;
  }
  if (const auto operands = node.find("operands")) read_operands(*operands, &overlay);
  if (const auto points = node.find("points")) read_points(*points, &overlay);
  if (const auto function = node.find("activation")) {
    overlay.function = {read_staged_activation(*function), *function};
  }
  if (const auto mode = node.find("mx_mode")) {
    constexpr std::array<base::Choice<MxMode>, 2> modes = {
        {{"storage", MxMode::kStorage}, {"block", MxMode::kBlock}}};
    overlay.mx_mode = {mode->as_enum(std::span<const base::Choice<MxMode>>(modes)), *mode};
  }
  return overlay;
}

template <class T>
T required(const Slot<T>& slot, std::string_view key, const YamlNode& entry, const NumericsLayer& layer) {
  if (!slot) entry.fail(fmt::format("layer '{}' has no {}", layer.name, key));
  return slot->value;
}

/// A point that the mode does not have: an error where it is given beside or below the mode, and dropped
/// where a more specific entry has chosen the mode.
void refuse_point(const Slot<OpenNumberFormat>& point, std::string_view name, std::string_view mode,
                  int mode_rank, const NumericsLayer& layer) {
  if (!point || point->rank < mode_rank) return;
  point->node.fail(fmt::format("layer '{}' runs in mx_mode {}, which has no {}", layer.name, mode, name));
}

int tree_levels(int lanes) {
  return std::bit_width(std::bit_ceil(static_cast<unsigned>(std::max(lanes, 1)))) - 1;
}

void check_block_operand(const Slot<OpenOperandFormat>& operand) {
  if (operand->value.format.mx_block == 0) operand->node.fail("mx_mode block needs an mx operand");
}

void resolve_tree(const Overlay& o, int lanes, const YamlNode& entry, const NumericsLayer& layer,
                  LayerNumerics* n) {
  const int levels = tree_levels(lanes);
  if (levels == 0 && !o.tree) return;
  const std::vector<OpenNumberFormat> tree = required(o.tree, "points.tree", entry, layer);
  const auto count = static_cast<int>(tree.size());
  if (o.tree->node.is_list() && count != levels) {
    o.tree->node.fail(fmt::format("{} formats for the {} levels of {} lanes (layer '{}')", count, levels,
                                  lanes, layer.name));
  }
  for (const OpenNumberFormat& level : tree) {
    n->formats.tree.push_back(level.format);
    n->open.tree.push_back(level.open_fl);
  }
}

/// What every layer and mode has: `key` of the entry, split into the format and what it leaves open.
template <class Open, class Format>
void resolve_format(const Slot<Open>& slot, std::string_view key, const YamlNode& entry,
                    const NumericsLayer& layer, Format* format, std::optional<FlRule>* open_fl) {
  const Open open = required(slot, key, entry, layer);
  *format = open.format;
  *open_fl = open.open_fl;
}

LayerNumerics resolve(const Overlay& o, const YamlNode& entry, const NumericsLayer& layer) {
  LayerNumerics result;
  StagedNumerics& n = result.formats;
  OpenFl& open = result.open;
  n.mx_mode = o.mx_mode ? o.mx_mode->value : MxMode::kStorage;
  const bool block = n.mx_mode == MxMode::kBlock;
  const int mode_rank = o.mx_mode ? o.mx_mode->rank : 0;
  const auto take = [&](const auto& slot, std::string_view key, auto* format, auto* open_fl) {
    resolve_format(slot, key, entry, layer, format, open_fl);
  };
  take(o.input, "operands.input", &n.input, &open.input);
  take(o.weight, "operands.weight", &n.weight, &open.weight);
  take(o.product, "points.product", &n.product, &open.product);
  if (block) {
    refuse_point(o.accumulator, "accumulator", "block", mode_rank, layer);
    check_block_operand(o.input);
    check_block_operand(o.weight);
    take(o.block, "points.block", &n.block, &open.block);
  } else {
    refuse_point(o.block, "block", "storage", mode_rank, layer);
    take(o.accumulator, "points.accumulator", &n.accumulator, &open.accumulator);
  }
  resolve_tree(o, block ? kMxLanes : layer.lanes, entry, layer, &result);
  take(o.partial_sum, "points.partial_sum", &n.partial_sum, &open.partial_sum);
  if (layer.has_bias) {
    n.bias_operand.emplace();
    take(o.bias_operand, "operands.bias, but a bias", &*n.bias_operand, &open.bias_operand);
    take(o.bias, "points.bias, but a bias", &n.bias, &open.bias);
  }
  if (o.activation) take(o.activation, "points.activation", &n.activation, &open.activation);
  take(o.output, "points.output", &n.output, &open.output);
  if (o.function) n.function = o.function->value;
  return result;
}

bool is_open(const OpenFl& open) {
  const bool any_tree = std::any_of(open.tree.begin(), open.tree.end(), [](const auto& r) { return !!r; });
  return open.input || open.weight || open.bias_operand || open.product || open.accumulator ||
         open.partial_sum || open.bias || open.activation || open.output || open.block || any_tree;
}

bool leaves_open(const Overlay& o) {
  const auto open = [](const auto& slot) { return slot && slot->value.open_fl.has_value(); };
  const bool any_tree = o.tree && std::any_of(o.tree->value.begin(), o.tree->value.end(),
                                              [](const OpenNumberFormat& f) { return !!f.open_fl; });
  return open(o.input) || open(o.weight) || open(o.bias_operand) || open(o.product) || open(o.accumulator) ||
         open(o.partial_sum) || open(o.bias) || open(o.activation) || open(o.output) || open(o.block) ||
         any_tree;
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?") != std::string_view::npos;
}

}  // namespace

struct NumericsConfig::Contents {
  struct Entry {
    std::string name;
    Overlay overlay;
    YamlNode node;
  };
  std::optional<Entry> defaults;
  std::vector<Entry> layers;
  std::function<void(LayerNumerics&)> adjust = [](LayerNumerics&) {};
};

NumericsConfig NumericsConfig::read(const YamlNode& numerics) {
  auto contents = std::make_shared<Contents>();
  if (const auto node = numerics.find("defaults")) {
    contents->defaults = Contents::Entry{"defaults", read_overlay(*node), *node};
  }
  if (const auto layers = numerics.find("layers")) {
    for (const auto& [name, node] : layers->entries()) {
      contents->layers.push_back({name, read_overlay(node), node});
    }
  }
  NumericsConfig config;
  config.contents_ = std::move(contents);
  return config;
}

std::optional<StagedNumerics> NumericsConfig::for_layer(const NumericsLayer& layer) const {
  const auto numerics = open_layer(layer);
  if (!numerics) return std::nullopt;
  if (is_open(numerics->open)) {
    throw base::InputError(
        fmt::format("layer '{}': `fl: auto` needs values to choose from, which are not there", layer.name));
  }
  return numerics->formats;
}

bool NumericsConfig::needs_values() const {
  const auto open = [](const Contents::Entry& entry) { return leaves_open(entry.overlay); };
  return (contents_->defaults && open(*contents_->defaults)) ||
         std::any_of(contents_->layers.begin(), contents_->layers.end(), open);
}

std::optional<LayerNumerics> NumericsConfig::open_layer(const NumericsLayer& layer) const {
  std::vector<const Contents::Entry*> entries;
  if (contents_->defaults) entries.push_back(&*contents_->defaults);
  for (const Contents::Entry& entry : contents_->layers) {
    if (is_pattern(entry.name) && matches_glob(entry.name, layer.name)) entries.push_back(&entry);
  }
  for (const Contents::Entry& entry : contents_->layers) {
    if (!is_pattern(entry.name) && entry.name == layer.name) entries.push_back(&entry);
  }
  if (entries.empty()) return std::nullopt;
  Overlay merged;
  int rank = 0;
  for (const Contents::Entry* entry : entries) merge(entry->overlay, rank++, &merged);
  if (merged.integer) return std::nullopt;
  LayerNumerics resolved = resolve(merged, entries.back()->node, layer);
  contents_->adjust(resolved);
  return resolved;
}

NumericsConfig NumericsConfig::adjusted(std::function<void(LayerNumerics&)> adjust) const {
  auto contents = std::make_shared<Contents>(*contents_);
  contents->adjust = [first = contents_->adjust, then = std::move(adjust)](LayerNumerics& layer) {
    first(layer);
    then(layer);
  };
  NumericsConfig config;
  config.contents_ = std::move(contents);
  return config;
}

void NumericsConfig::check_names(std::span<const std::string> layers) const {
  for (const Contents::Entry& entry : contents_->layers) {
    const auto speaks_of = [&](const std::string& layer) { return matches_glob(entry.name, layer); };
    if (std::any_of(layers.begin(), layers.end(), speaks_of)) continue;
    if (is_pattern(entry.name)) entry.node.fail("no layer matches the pattern");
    const std::string nearest = base::nearest_name(entry.name, layers);
    entry.node.fail(fmt::format("the network has no layer '{}'{}", entry.name,
                                nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
  }
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  // Greedy with one way back: after a mismatch the last `*` takes one character more.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace dlasim::network
