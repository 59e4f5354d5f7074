#include "format_narrowing.h"

#include <optional>
#include <string_view>

namespace dlasim::cli {
namespace {

using network::FlRule;
using network::LayerNumerics;
using network::NumberFormat;
using network::OperandFormat;

constexpr std::array<std::string_view, kNarrowed> kNames = {"weight", "tensors", "product",     "accumulator",
                                                            "tree",   "block",   "partial_sum", "bias"};
constexpr int kFewestBits = 4;  // of a DFP code

bool narrow_format(int bits, const std::optional<FlRule>& open_fl, NumberFormat& format) {
  if (bits == 0) return true;
  if (format.kind == NumberFormat::Kind::kDfp) {
    if (format.bits - bits < kFewestBits) return false;
    format.bits -= bits;
    if (!open_fl) format.fl -= bits;
    return true;
  }
  if (format.kind == NumberFormat::Kind::kExact || format.man - bits < 1) return false;
  format.man -= bits;
  return true;
}

/// The MX element of `bits` bits with as many exponent bits as can be kept: there are no others.
bool narrow_element(int bits, NumberFormat& element) {
  if (bits == 0) return true;
  if (element.kind == NumberFormat::Kind::kDfp) return false;  // MXINT8 is the only one
  const int left = element.code_bits() - bits;
  if (left == 6) {
    element.exp -= 2;  // e5m2 to e3m2, e4m3 to e2m3
  } else if (left == 4) {
    element.exp = 2;
    element.man = 1;
  } else {
    return false;
  }
  element.bias = (1 << (element.exp - 1)) - 1;
  element.specials = network::Specials::kNone;
  return true;
}

bool narrow_format(int bits, const std::optional<FlRule>& open_fl, OperandFormat& operand) {
  return operand.mx_block != 0 ? narrow_element(bits, operand.element)
                               : narrow_format(bits, open_fl, operand.element);
}

bool narrow_tree(int bits, LayerNumerics& layer) {
  for (std::size_t level = 0; level < layer.formats.tree.size(); ++level) {
    if (!narrow_format(bits, layer.open.tree[level], layer.formats.tree[level])) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> narrowed_names() {
  return {kNames.begin(), kNames.end()};
}

bool narrow(const RemovedBits& removed, LayerNumerics& layer) {
  network::StagedNumerics& n = layer.formats;
  const network::OpenFl& open = layer.open;
  const auto bits = [&](Narrowed what) { return removed[static_cast<std::size_t>(what)]; };
  const bool blocks = n.mx_mode == network::MxMode::kBlock;
  // Between the layers of an MX network the tensors are not MX: operands and outputs narrow in their own way.
  return narrow_format(bits(Narrowed::kWeight), open.weight, n.weight) &&
         narrow_format(bits(Narrowed::kTensors), open.input, n.input) &&
         narrow_format(bits(Narrowed::kTensors), open.output, n.output) &&
         narrow_format(bits(Narrowed::kProduct), open.product, n.product) &&
         (blocks || narrow_format(bits(Narrowed::kAccumulator), open.accumulator, n.accumulator)) &&
         narrow_tree(bits(Narrowed::kTree), layer) &&
         (!blocks || narrow_format(bits(Narrowed::kBlock), open.block, n.block)) &&
         narrow_format(bits(Narrowed::kPartialSum), open.partial_sum, n.partial_sum) &&
         (!n.bias_operand || narrow_format(bits(Narrowed::kBias), open.bias, n.bias));
}

}  // namespace dlasim::cli
