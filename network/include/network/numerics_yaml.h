#pragma once
/// The `numerics:` section: which number formats the truncation units of each layer have
/// (spec/number_formats.md section 8).
///
///     numerics:
///       defaults:                      # every layer, unless an entry below says otherwise
///         operands: {input: fp8_e4m3, weight: fp8_e4m3, bias: fp16}
///         points: {product: fp16, accumulator: fp16, tree: fp16, partial_sum: fp16, bias: fp16, output:
///         fp8_e4m3}
///       layers:
///         "head_*": {points: {output: bf16}}        # glob patterns: * and ?
///         conv1:    {activation: relu}              # names win over patterns
///         fc:       integer                         # no number formats: integer mode
///
/// A DFP format may leave its fractional length open, `{kind: dfp, bits: 8, fl: auto}`, with `fl_method`,
/// `percentile` and `fl_margin` (number_format_yaml.h): quantisation then chooses it from the values.
///
/// Entries are merged key by key: the defaults, then the patterns that match in the file's order, then the
/// layer's own name.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "network/fl_rule.h"
#include "network/number_format.h"

namespace dlasim::network {

/// What a layer is, as far as its formats depend on it.
struct NumericsLayer {
  std::string name;
  bool has_bias = false;
  int lanes = 16;  ///< L of section 5: says how many levels the tree has
};

/// Which fractional lengths of a layer the numerics leave open (`fl: auto`); their `fl` is 0 until chosen.
struct OpenFl {
  std::optional<FlRule> input, weight, bias_operand;
  std::optional<FlRule> product, accumulator, partial_sum, bias, activation, output, block;
  std::vector<std::optional<FlRule>> tree;  ///< as many entries as StagedNumerics::tree
};

/// What the numerics say of a layer.
struct LayerNumerics {
  StagedNumerics formats;
  OpenFl open;
};

/// The parsed section. Cheap to copy.
class NumericsConfig {
 public:
  /// Reads and checks every format; keys that mean nothing are left for `finish()` of the document. Throws
  /// base::InputError with a place.
  static NumericsConfig read(const base::YamlNode& numerics);

  /// The formats of a layer, fractional lengths left open among them; nothing if no entry speaks of it or the
  /// last one says `integer`. Throws base::InputError at the entry: a point that is missing or that the
  /// layer's mode does not have, a list of tree formats that does not fit the levels, `exact` where a value
  /// must have a code.
  std::optional<LayerNumerics> open_layer(const NumericsLayer& layer) const;
  /// The same where nothing may be left open: `fl: auto` is an InputError.
  std::optional<StagedNumerics> for_layer(const NumericsLayer& layer) const;

  /// The same numerics with something changed in every layer that has formats, after its entries are merged
  /// and checked: for searches.
  NumericsConfig adjusted(std::function<void(LayerNumerics&)> adjust) const;

  /// Whether any entry says `fl: auto`: then quantisation needs sample values.
  bool needs_values() const;

  /// Refuses entries that speak of no layer, with a "did you mean".
  void check_names(std::span<const std::string> layers) const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// `*` stands for any characters, `?` for one.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace dlasim::network
