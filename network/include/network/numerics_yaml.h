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
/// Entries are merged key by key: the defaults, then the patterns that match in the file's order, then the
/// layer's own name.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "network/number_format.h"

namespace dlasim::network {

/// What a layer is, as far as its formats depend on it.
struct NumericsLayer {
  std::string name;
  bool has_bias = false;
  int lanes = 16;  ///< L of section 5: says how many levels the tree has
};

/// The parsed section. Cheap to copy.
class NumericsConfig {
 public:
  /// Reads and checks every format; keys that mean nothing are left for `finish()` of the document. Throws
  /// base::InputError with a place.
  static NumericsConfig read(const base::YamlNode& numerics);

  /// The formats of a layer; nothing if no entry speaks of it or the last one says `integer`. Throws
  /// base::InputError at the entry: a point that is missing or that the layer's mode does not have, a list
  /// of tree formats that does not fit the levels, `exact` where a value must have a code.
  std::optional<StagedNumerics> for_layer(const NumericsLayer& layer) const;

  /// Refuses entries that speak of no layer, with a "did you mean".
  void check_names(std::span<const std::string> layers) const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

/// `*` stands for any characters, `?` for one.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace dlasim::network
