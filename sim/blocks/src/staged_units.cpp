#include "staged_units.h"

#include <bit>

#include "base/error.h"

namespace dlasim::sim::blocks {
namespace {

using arch::StagedDatapath;
using arch::StagedSettings;
using fixed_point::Exact;
using fixed_point::Format;

fixed_point::Activation activation_of(const StagedSettings& s) {
  using Type = fixed_point::Activation::Type;
  fixed_point::Activation f;
  switch (s.function) {
    case arch::StagedFunction::kNone:
      f.type = Type::kNone;
      break;
    case arch::StagedFunction::kRelu:
      f.type = Type::kRelu;
      break;
    case arch::StagedFunction::kLeakyRelu:
      f.type = Type::kLeakyRelu;
      break;
    case arch::StagedFunction::kClamp:
      f.type = Type::kClamp;
      break;
  }
  f.slope = Exact::from_double(std::bit_cast<double>(s.slope));
  f.min = Exact::from_double(std::bit_cast<double>(s.minimum));
  f.max = Exact::from_double(std::bit_cast<double>(s.maximum));
  return f;
}

void require_valid(const StagedSettings& s) {
  for (const Format* f : {&s.input, &s.weight, &s.bias_operand, &s.product, &s.accumulator, &s.partial_sum,
                          &s.bias, &s.activation, &s.output, &s.block}) {
    if (!fixed_point::is_valid(*f)) throw base::SimulationError("a command configures an impossible format");
  }
  for (const Format& f : s.tree) {
    if (!fixed_point::is_valid(f)) throw base::SimulationError("a command configures an impossible format");
  }
}

/// Whether the layer is one of section 6's block mode and nothing else.
bool is_block(const StagedSettings& s) {
  return s.datapath == StagedDatapath::kBlocks && s.affine == 0 && s.scaled_input != 0 &&
         s.scaled_weight != 0;
}

/// Whether the layer is one of section 5, or of section 6's storage mode.
bool is_reduction(const StagedSettings& s) {
  return s.datapath == StagedDatapath::kReduce && s.affine == 0;
}

fixed_point::StagedFormats formats_of(const StagedSettings& s, int tree_levels) {
  fixed_point::StagedFormats formats;
  formats.product = s.product;
  formats.accumulator = s.accumulator;
  formats.tree.assign(s.tree.begin(), s.tree.begin() + tree_levels);
  if (tree_levels == 0) formats.tree.push_back(s.accumulator);  // there is no tree
  formats.partial_sum = s.partial_sum;
  formats.bias = s.bias;
  formats.activation = s.activation;
  formats.output = s.output;
  formats.block = s.block;
  return formats;
}

/// Formats of lanes and tree, with nothing behind them that needs a carrier.
fixed_point::StagedFormats array_formats(fixed_point::StagedFormats formats) {
  formats.partial_sum = formats.bias = formats.output = formats.tree.back();
  formats.activation = fixed_point::exact_format();
  return formats;
}

/// Null where codes pass unchanged.
template <class Block, class Carried, class Carrier, class Scalar, class MxScale>
std::unique_ptr<Block> make_block(const StagedSettings& settings, const StagedSizes& sizes,
                                  Carried is_carried, Carrier carrier, Scalar scalar, MxScale mx_scale) {
  switch (settings.datapath) {
    case StagedDatapath::kElementwise:
    case StagedDatapath::kMxElements:
      return nullptr;
    case StagedDatapath::kMxScales:
      require_valid(settings);
      return mx_scale();
    case StagedDatapath::kReduce:
    case StagedDatapath::kBlocks:
      break;
  }
  auto units = StagedUnits::shared(settings, sizes);
  return is_carried(*units) ? carrier(std::move(units), sizes) : scalar(std::move(units), sizes);
}

bool carries_array(const StagedUnits& units) {
  return units.carries_array();
}
bool carries_totals(const StagedUnits& units) {
  return units.kernels() != nullptr;
}

}  // namespace

StagedUnits::StagedUnits(const StagedSettings& settings, const StagedSizes& sizes)
    : settings_(settings), sizes_(sizes), activation_(activation_of(settings)) {
  require_valid(settings);
  const fixed_point::StagedFormats formats = formats_of(settings, tree_levels());
  const fixed_point::OperandFormats operands{settings.input, settings.weight, settings.bias_operand};
  if (is_block(settings)) make_block_carriers(formats, operands);
  if (is_reduction(settings)) make_carriers(formats, operands);
}

void StagedUnits::make_block_carriers(const fixed_point::StagedFormats& formats,
                                      const fixed_point::OperandFormats& operands) {
  if (sizes_.any_code_on_wires || !fixed_point::BlockKernels::supports(formats, operands)) return;
  blocks_ = std::make_unique<fixed_point::BlockKernels>(formats, operands, activation_, ic_lanes());
}

void StagedUnits::make_carriers(const fixed_point::StagedFormats& formats,
                                fixed_point::OperandFormats operands) {
  if (settings_.scaled_input != 0) operands.input_exponents = fixed_point::kMxScaleBias;
  if (settings_.scaled_weight != 0) operands.weight_exponents = fixed_point::kMxScaleBias;
  carries_totals_ = fixed_point::StagedKernels::supports(formats, operands);
  const fixed_point::StagedFormats carried = carries_totals_ ? formats : array_formats(formats);
  if (!carries_totals_) operands.bias = fixed_point::exact_format();
  if (!fixed_point::StagedKernels::supports(carried, operands)) return;
  const int lanes = ic_lanes();
  kernels_ = std::make_unique<fixed_point::StagedKernels>(carried, operands, activation_, lanes);
  if (sizes_.any_code_on_wires) return;
  const int taps = static_cast<int>(sizes_.max_taps);
  fixed_ = fixed_point::FixedKernels::make(carried, operands, lanes, taps);
  if (!fixed_) float_ = fixed_point::FloatKernels::make(carried, operands, lanes, taps);
}

std::shared_ptr<const StagedUnits> StagedUnits::shared(const StagedSettings& settings,
                                                       const StagedSizes& sizes) {
  thread_local std::weak_ptr<const StagedUnits> last;
  auto units = last.lock();
  if (units == nullptr || units->settings() != settings || units->sizes() != sizes) {
    units = std::make_shared<const StagedUnits>(settings, sizes);
    last = units;
  }
  return units;
}

const Format& StagedUnits::tree_format() const {
  if (reduces_blocks()) return settings_.block;
  const int levels = tree_levels();
  return levels == 0 ? lane_format() : settings_.tree[static_cast<std::size_t>(levels - 1)];
}

std::int64_t to_wire(const fixed_point::Converted& value, const Format& format) {
  if (format.kind == fixed_point::Kind::kExact) return std::bit_cast<std::int64_t>(value.value.to_double());
  return static_cast<std::int64_t>(value.code);
}

Exact from_wire(std::int64_t wire, const Format& format) {
  if (format.kind == fixed_point::Kind::kExact) return Exact::from_double(std::bit_cast<double>(wire));
  return fixed_point::decode(static_cast<std::uint64_t>(wire), format);
}

std::unique_ptr<StagedLanes> make_staged_lanes(const StagedSettings& settings, const StagedSizes& sizes) {
  return make_block<StagedLanes>(settings, sizes, carries_array, make_carrier_lanes, make_scalar_lanes,
                                 [&] { return make_mx_scale_lanes(settings, sizes); });
}

std::unique_ptr<StagedTree> make_staged_tree(const StagedSettings& settings, const StagedSizes& sizes) {
  return make_block<StagedTree>(settings, sizes, carries_array, make_carrier_tree, make_scalar_tree,
                                [&] { return make_mx_scale_tree(sizes); });
}

std::unique_ptr<StagedTotals> make_staged_totals(const StagedSettings& settings, const StagedSizes& sizes) {
  return make_block<StagedTotals>(settings, sizes, carries_totals, make_carrier_totals, make_scalar_totals,
                                  make_mx_scale_totals);
}

std::unique_ptr<StagedOutput> make_staged_output(const StagedSettings& settings, const StagedSizes& sizes) {
  if (settings.datapath == StagedDatapath::kMxScales) return make_mx_scale_output();
  if (settings.datapath == StagedDatapath::kMxElements) {
    require_valid(settings);
    return make_mx_element_output(settings);
  }
  auto units = StagedUnits::shared(settings, sizes);
  if (settings.datapath == StagedDatapath::kElementwise) return make_elementwise_output(std::move(units));
  if (units->kernels() != nullptr) return make_carrier_output(std::move(units), sizes);
  return make_scalar_output(std::move(units));
}

}  // namespace dlasim::sim::blocks
