#include "sim/arch/rtl_package.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

#include "rtl_truncation.h"

namespace dlasim::sim::arch {
namespace {

constexpr int kLayerBits = 16;  // for traces only: enough for any network that has been built

/// Collects the fields that a command's visitor names, with the width of their C++ type.
class FieldCollector {
 public:
  explicit FieldCollector(RtlStruct& layout) : layout_(layout) {}
  template <class T>
  void operator()(const char* name, T&) {
    layout_.fields.push_back({unique(name), static_cast<int>(8 * sizeof(T)), std::is_signed_v<T>});
  }

 private:
  /// Nested settings (Scale, TableStage) come several times: the second `mantissa` becomes `mantissa_2`.
  std::string unique(const std::string& name) const {
    int seen = 1;
    for (const RtlField& f : layout_.fields) {
      if (f.name == name || f.name.starts_with(name + "_at_")) ++seen;
    }
    return seen == 1 ? name : fmt::format("{}_at_{}", name, seen);
  }

  RtlStruct& layout_;
};

void set_bits(RtlStruct& layout, const std::string& name, int bits) {
  for (RtlField& f : layout.fields) {
    if (f.name == name) f.bits = bits;
  }
}

void rename(RtlStruct& layout, const std::string& from, const std::string& to) {
  for (RtlField& f : layout.fields) {
    if (f.name == from) f.name = to;
  }
}

std::string type_of(const RtlField& f) {
  return fmt::format("logic {}{}", f.is_signed ? "signed " : "",
                     f.bits == 1 ? "" : fmt::format("[{}:0] ", f.bits - 1));
}

std::string typedef_of(const RtlStruct& s) {
  std::string text = "  typedef struct packed {\n";
  for (const RtlField& f : s.fields) {
    if (!f.type.empty()) {
      text += fmt::format("    {}_t {};\n", f.type, f.name);
    } else {
      text += fmt::format("    {}{};\n", type_of(f), f.name);
    }
  }
  return text + fmt::format("  }} {}_t;\n", s.name);
}

struct EnumValue {
  const char* name;
  std::uint32_t value;
};

template <std::size_t N>
std::string constants(const char* comment, int bits, const std::array<EnumValue, N>& values) {
  std::string text = fmt::format("\n  // {}\n", comment);
  for (const EnumValue& v : values)
    text += fmt::format("  localparam logic [{}:0] {} = {}'d{};\n", bits - 1, v.name, bits, v.value);
  return text;
}

template <class Enum>
constexpr std::uint32_t code(Enum e) {
  return static_cast<std::uint32_t>(e);
}

constexpr int kEnumBits = 32;  // as in the command

std::string enums() {
  return constants("PE modes", kEnumBits,
                   std::array<EnumValue, 2>{{{"ModeMultiplyAccumulate", code(PeMode::kMultiplyAccumulate)},
                                             {"ModeMaximum", code(PeMode::kMaximum)}}}) +
         constants("Requantisation rules", kEnumBits,
                   std::array<EnumValue, 6>{{{"RequantNone", code(Requant::kNone)},
                                             {"RequantDouble", code(Requant::kDouble)},
                                             {"RequantSingle", code(Requant::kSingle)},
                                             {"RequantInt64", code(Requant::kInt64)},
                                             {"RequantPytorch", code(Requant::kPytorch)},
                                             {"RequantAverage", code(Requant::kAverage)}}}) +
         constants("Functions of one value", kEnumBits,
                   std::array<EnumValue, 6>{{{"TableNone", code(Table::kNone)},
                                             {"TableLookup", code(Table::kLookup)},
                                             {"TableSigmoid16", code(Table::kSigmoid16)},
                                             {"TableTanh16", code(Table::kTanh16)},
                                             {"TableSigmoid16Tflite", code(Table::kSigmoid16Tflite)},
                                             {"TableTanh16Tflite", code(Table::kTanh16Tflite)}}}) +
         constants("Functions of two values", kEnumBits,
                   std::array<EnumValue, 8>{{{"CombineNone", code(Combine::kNone)},
                                             {"CombineAdd", code(Combine::kAdd)},
                                             {"CombineSubtract", code(Combine::kSubtract)},
                                             {"CombineSubtractFrom", code(Combine::kSubtractFrom)},
                                             {"CombineMultiply", code(Combine::kMultiply)},
                                             {"CombineMinimum", code(Combine::kMinimum)},
                                             {"CombineMaximum", code(Combine::kMaximum)},
                                             {"CombineGate", code(Combine::kGate)}}}) +
         constants("Load targets", kEnumBits,
                   std::array<EnumValue, 5>{{{"LoadActivation", code(LoadTarget::kActivation)},
                                             {"LoadWeight", code(LoadTarget::kWeight)},
                                             {"LoadOperand", code(LoadTarget::kOperand)},
                                             {"LoadParameter", code(LoadTarget::kParameter)},
                                             {"LoadTable", code(LoadTarget::kTable)}}});
}

/// integer_semantics.md section 5: sigmoid at i / 24 in Q0.16, lowered by half the error that the linear
/// interpolation makes in the middle; the last entry is the largest number.
std::string curve_table() {
  constexpr int kEntries = 256;
  const auto g = [](double x) { return 65536.0 / (1.0 + std::exp(-x / 24.0)); };
  std::string text =
      "\n  // sigmoid(index / 24) in Q0.16 for the interpolating int16 unit\n"
      "  function automatic logic [15:0] curve_table(input logic [7:0] index);\n    case (index)\n";
  for (int u = 0; u + 1 < kEntries; ++u) {
    const double x = u;
    const double value = g(x) + (g(x + 0.5) - (g(x) + g(x + 1.0)) / 2.0) / 2.0;
    text += fmt::format("      8'd{}: curve_table = 16'd{};\n", u, std::lround(value));
  }
  return text + "      default: curve_table = 16'd65535;\n    endcase\n  endfunction\n";
}

/// The output element's number is what truncation units are seeded with.
bool is_element(const RtlField& f) {
  return f.name == "element" || f.name == "output_element";
}

std::string sizes(const Hardware& h) {
  const std::array<std::pair<const char*, std::int64_t>, 26> values{{
      {"IcLanes", h.pe_array.ic_lanes},
      {"OcLanes", h.pe_array.oc_lanes},
      {"MaxLanes", std::max(h.pe_array.ic_lanes, h.pe_array.oc_lanes)},
      {"MaxTaps", h.pe_array.max_taps},
      {"ActivationBits", h.pe_array.activation_bits},
      {"WeightBits", h.pe_array.weight_bits},
      {"SumBits", sum_bits(h)},
      {"TreeLevels", h.tree_levels()},
      {"ActivationWords", h.activation_words()},
      {"WeightWords", h.weight_words()},
      {"OperandWords", h.operand_words()},
      {"OutputWords", h.output_words()},
      {"PartialSumDepth", h.buffers.partial_sum_depth},
      {"ParameterSlots", h.buffers.parameter_slots},
      {"TableEntries", h.post_processor.table_entries},
      {"PostLatency", h.post_processor.latency},
      {"IcLaneBits", bits_for(h.pe_array.ic_lanes)},
      {"OcLaneBits", bits_for(h.pe_array.oc_lanes)},
      {"TapBits", bits_for(h.pe_array.max_taps)},
      {"ActivationWordBits", bits_for(h.activation_words())},
      {"WeightWordBits", bits_for(h.weight_words())},
      {"OperandWordBits", bits_for(h.operand_words())},
      {"OutputWordBits", bits_for(h.output_words())},
      {"PartialSumBits", bits_for(h.buffers.partial_sum_depth)},
      {"SlotBits", bits_for(h.buffers.parameter_slots)},
      {"TableBits", bits_for(h.post_processor.table_entries)},
  }};
  std::string text;
  for (const auto& [name, value] : values)
    text += fmt::format("  localparam int unsigned {} = {};\n", name, value);
  text += fmt::format(
      "  localparam int unsigned CountBits = 32;  // completed ic tiles and tiles, modulo 2^32\n");
  return text + fmt::format("  localparam int unsigned LayerBits = {};\n", kLayerBits);
}

}  // namespace

int RtlStruct::bits() const {
  int sum = 0;
  for (const RtlField& f : fields) sum += f.bits;
  return sum;
}

int bits_for(std::int64_t count) {
  int bits = 1;
  while (bits < 62 && (std::int64_t{1} << bits) < count) ++bits;
  return bits;
}

int sum_bits(const Hardware& h) {
  return h.pe_array.activation_bits + h.pe_array.weight_bits <= 32 ? 48 : 64;
}

RtlStruct position_struct(const Hardware& h) {
  const std::int64_t depth = h.buffers.partial_sum_depth;
  // A word may count past its buffer where a tile has no operand or stores nothing.
  RtlStruct s{"position",
              {{"index", bits_for(depth)},
               {"parameter_slot", bits_for(h.buffers.parameter_slots)},
               {"operand_word", bits_for(h.operand_words() + depth)},
               {"output_word", bits_for(h.output_words() + depth)},
               {"taps_inside", bits_for(h.pe_array.max_taps + 1)},
               {"oc_active", bits_for(h.pe_array.oc_lanes + 1)},
               {"layer", kLayerBits},
               {"element", 32},
               {"first_sum"},
               {"last_sum"},
               {"last_of_tile"}}};
  if (!h.truncation.has_units()) std::erase_if(s.fields, is_element);
  return s;
}

RtlStruct tap_request_struct(const Hardware& h) {
  return {"tap_request",
          {{"word", bits_for(h.activation_words())},
           {"tap", bits_for(h.pe_array.max_taps)},
           {"lanes_active", bits_for(h.pe_array.ic_lanes + 1)},
           {"bank"},
           {"padded"},
           {"first_tap"},
           {"last_tap"},
           {"last_of_ic_tile"},
           {"position", position_struct(h).bits(), false, "position"}}};
}

RtlStruct run_tile_struct(const Hardware& h) {
  RtlStruct s{"run_tile", {}};
  RunTile tile;
  FieldCollector collector(s);
  tile.fields(collector);
  std::erase_if(s.fields, [](const RtlField& f) { return f.name.starts_with("wait_"); });
  if (!h.truncation.has_units()) std::erase_if(s.fields, is_element);
  const RtlStruct position = position_struct(h);
  for (const RtlField& f : position.fields) set_bits(s, f.name, f.bits);
  set_bits(s, "activation_word", bits_for(h.activation_words()));
  set_bits(s, "weight_word", bits_for(h.weight_words()));
  set_bits(s, "last_tile_lanes", bits_for(h.pe_array.ic_lanes + 1));
  set_bits(s, "continue_sum", 1);
  set_bits(s, "hold_sum", 1);
  return s;
}

RtlStruct geometry_struct(const Hardware& /*hardware*/) {
  RtlStruct s{"geometry", {}};
  for (const char* name : {"stride_y", "stride_x", "dilation_y", "dilation_x", "upsample_y", "upsample_x"})
    s.fields.push_back({name, 32});
  return s;
}

RtlStruct post_settings_struct(const Hardware& h) {
  RtlStruct s{"post_settings", {}};
  PostSettings settings;
  FieldCollector collector(s);
  settings.fields(collector);
  const std::array<std::pair<const char*, const char*>, 16> names{{
      {"mantissa", "negative_mantissa"},
      {"shift", "negative_shift"},
      {"table", "lower_table"},
      {"table_at_2", "upper_table"},
      {"bank", "lower_bank"},
      {"bank_at_2", "upper_bank"},
      {"index_mask", "lower_index_mask"},
      {"index_mask_at_2", "upper_index_mask"},
      {"table_multiplier", "lower_multiplier"},
      {"table_multiplier_at_2", "upper_multiplier"},
      {"table_shift", "lower_shift"},
      {"table_shift_at_2", "upper_shift"},
      {"mantissa_at_2", "first_mantissa"},
      {"mantissa_at_3", "second_mantissa"},
      {"mantissa_at_4", "combined_mantissa"},
      {"shift_at_2", "first_shift"},
  }};
  for (const auto& [from, to] : names) rename(s, from, to);
  rename(s, "shift_at_3", "second_shift");
  rename(s, "shift_at_4", "combined_shift");
  set_bits(s, "negative_enable", 1);
  set_bits(s, "lower_bank", 1);
  set_bits(s, "upper_bank", 1);
  for (const char* mask : {"lower_index_mask", "upper_index_mask"})
    set_bits(s, mask, bits_for(h.post_processor.table_entries));
  set_bits(s, "gate_offset", bits_for(h.pe_array.oc_lanes + 1));
  return s;
}

std::string rtl_package(const Hardware& h) {
  std::string text =
      "// Generated from a hardware description: do not edit.\n"
      "// Sizes, packed structs and codes that all blocks share; widths as in sim/arch.\n"
      "package dla_pkg;\n" +
      sizes(h);
  for (const RtlStruct& s :
       {position_struct(h), tap_request_struct(h), run_tile_struct(h), geometry_struct(h),
        post_settings_struct(h), point_settings_struct(), staged_settings_struct(h)}) {
    text += '\n';
    text += typedef_of(s);
  }
  text += "\n";
  text += fmt::format("  localparam int unsigned PositionBits = {};\n", position_struct(h).bits());
  text += fmt::format("  localparam int unsigned TapRequestBits = {};\n", tap_request_struct(h).bits());
  text += fmt::format("  localparam int unsigned RunTileBits = {};\n", run_tile_struct(h).bits());
  text += fmt::format("  localparam int unsigned GeometryBits = {};\n", geometry_struct(h).bits());
  text += fmt::format("  localparam int unsigned PostSettingsBits = {};\n", post_settings_struct(h).bits());
  text += fmt::format("  localparam int unsigned PointSettingsBits = {};\n", point_settings_struct().bits());
  text +=
      fmt::format("  localparam int unsigned StagedSettingsBits = {};\n", staged_settings_struct(h).bits());
  return text + enums() + truncation_constants(h) + curve_table() + "\nendpackage\n";
}

}  // namespace dlasim::sim::arch
