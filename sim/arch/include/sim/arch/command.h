#pragma once
/// The command set: what a program tells the load, compute and store engines, and its binary form.
///
/// A command is a run of 32-bit little-endian words: one header word (opcode and length in words), the
/// dependency thresholds, then the fields of its kind in the order of `fields`. Each engine runs its
/// commands in order and counts those it has completed; a command starts when the three counts have reached
/// its thresholds. These counts are the dependency tokens of the machine.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/arch/staged_settings.h"

namespace dlasim::sim::arch {

/// Completed commands of each engine that must be reached before this command starts.
struct Wait {
  std::uint32_t load = 0, compute = 0, store = 0;
  template <class Visitor>
  void fields(Visitor& v) {
    v("wait_load", load), v("wait_compute", compute), v("wait_store", store);
  }
  friend bool operator==(const Wait&, const Wait&) = default;
};

/// Where a load puts its words.
enum class LoadTarget : std::uint32_t { kActivation, kWeight, kOperand, kParameter, kTable };

/// How the bytes of one element in DRAM read as an integer.
enum class Element : std::uint32_t { kInt8, kUInt8, kInt16, kInt32, kInt64 };
int bytes_of(Element element);

/// rows x pixels x elements in DRAM, `elements` contiguous. Strides are in bytes; 0 repeats (broadcast).
struct Region {
  std::uint64_t address = 0;
  std::uint32_t rows = 1, pixels = 1, elements = 1;
  std::int64_t row_stride = 0, pixel_stride = 0;
  Element element = Element::kInt8;
  template <class Visitor>
  void fields(Visitor& v) {
    v("address", address), v("rows", rows), v("pixels", pixels), v("elements", elements);
    v("row_stride", row_stride), v("pixel_stride", pixel_stride), v("element", element);
  }
  friend bool operator==(const Region&, const Region&) = default;
};

/// DRAM to a buffer. Each pixel fills ceil(elements / lanes) words, the last one padded with 0; words are
/// consecutive from `word`. Parameter slots and tables are loaded as raw records.
struct Load {
  Wait wait;
  std::uint32_t layer = 0;
  LoadTarget target = LoadTarget::kActivation;
  std::uint32_t word = 0;
  Region region;
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer), v("target", target), v("word", word);
    region.fields(v);
  }
  friend bool operator==(const Load&, const Load&) = default;
};

/// Output buffer to DRAM: word k of the region's pixels is word `word + k`.
struct Store {
  Wait wait;
  std::uint32_t layer = 0;
  std::uint32_t word = 0;
  Region region;
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer), v("word", word);
    region.fields(v);
  }
  friend bool operator==(const Store&, const Store&) = default;
};

/// What a PE does with a product and its accumulator.
enum class PeMode : std::uint32_t {
  kMultiplyAccumulate,  ///< acc += x * w
  kMaximum,             ///< acc = max(acc, x * w) over the taps inside the image
};

/// First stage of the post-processor: the requantisation of spec/integer_semantics.md section 1.
enum class Requant : std::uint32_t {
  kNone,     ///< the biased sum as it is
  kDouble,   ///< D
  kSingle,   ///< S
  kInt64,    ///< Q
  kPytorch,  ///< float32 multiply, round half to even
  kAverage,  ///< sum / count of taps inside the image, halves away from zero
};

/// Second stage: a function of one value.
enum class Table : std::uint32_t {
  kNone,
  kLookup,     ///< table[value mod table_size]
  kSigmoid16,  ///< int16, integer_semantics.md section 5
  kTanh16,
  kSigmoid16Tflite,  ///< int16, tflite_semantics.md 7.3
  kTanh16Tflite,
};

/// Third stage: a function of two values.
enum class Combine : std::uint32_t {
  kNone,
  kAdd,           ///< with the operand buffer's word
  kSubtract,      ///< value - operand
  kSubtractFrom,  ///< operand - value
  kMultiply,
  kMinimum,
  kMaximum,
  kGate,  ///< lane j times lane j + gate_offset
};

/// A Q0.31 mantissa and a shift to the left.
struct Scale {
  std::int32_t mantissa = 0;
  std::int32_t shift = 0;
  template <class Visitor>
  void fields(Visitor& v) {
    v("mantissa", mantissa), v("shift", shift);
  }
  friend bool operator==(const Scale&, const Scale&) = default;
};

/// A table stage of one half of the lanes.
struct TableStage {
  Table kind = Table::kNone;
  std::uint32_t bank = 0;        ///< which of the two tables, for kLookup
  std::uint32_t index_mask = 0;  ///< table_size - 1
  std::int32_t multiplier = 0;   ///< kSigmoid16Tflite, kTanh16Tflite: M
  std::int32_t shift = 0;        ///< input_shift, or S
  template <class Visitor>
  void fields(Visitor& v) {
    v("table", kind), v("bank", bank), v("index_mask", index_mask), v("table_multiplier", multiplier);
    v("table_shift", shift);
  }
  friend bool operator==(const TableStage&, const TableStage&) = default;
};

/// Settings of the post-processor for one layer.
struct PostSettings {
  Requant requant = Requant::kNone;
  std::int32_t output_zero_point = 0;
  std::int64_t clamp_min = 0, clamp_max = 0;
  std::uint32_t negative_enable = 0;  ///< values below 0 use `negative` (leaky ReLU)
  Scale negative;
  TableStage lower;  ///< lanes below gate_offset, or all lanes
  TableStage upper;  ///< lanes from gate_offset on, for kGate
  Combine combine = Combine::kNone;
  std::uint32_t gate_offset = 0;
  Requant combine_rule = Requant::kDouble;
  std::int32_t left_shift = 0;
  std::int32_t first_zero_point = 0, second_zero_point = 0, combine_zero_point = 0;
  Scale first, second, combined;
  std::int64_t combine_min = 0, combine_max = 0;
  template <class Visitor>
  void fields(Visitor& v) {
    v("requant", requant), v("output_zero_point", output_zero_point);
    v("clamp_min", clamp_min), v("clamp_max", clamp_max);
    v("negative_enable", negative_enable), negative.fields(v);
    lower.fields(v), upper.fields(v);
    v("combine", combine), v("gate_offset", gate_offset), v("combine_rule", combine_rule);
    v("left_shift", left_shift), v("first_zero_point", first_zero_point);
    v("second_zero_point", second_zero_point), v("combine_zero_point", combine_zero_point);
    first.fields(v), second.fields(v), combined.fields(v);
    v("combine_min", combine_min), v("combine_max", combine_max);
  }
  friend bool operator==(const PostSettings&, const PostSettings&) = default;
};

/// Settings of the compute engine for the tiles that follow. Takes effect when the datapath is empty.
struct Configure {
  Wait wait;
  std::uint32_t layer = 0;
  PeMode mode = PeMode::kMultiplyAccumulate;
  std::uint32_t wide_accumulator = 0;  ///< 0: 32 bits are enough for every sum of the layer
  std::uint32_t stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  std::uint32_t upsample_y = 1, upsample_x = 1;  ///< zeros between input elements (transposed convolution)
  std::int32_t pad_value = 0;                    ///< the number that means 0.0
  PostSettings post;
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer), v("mode", mode), v("wide_accumulator", wide_accumulator);
    v("stride_y", stride_y), v("stride_x", stride_x), v("dilation_y", dilation_y),
        v("dilation_x", dilation_x);
    v("upsample_y", upsample_y), v("upsample_x", upsample_x), v("pad_value", pad_value);
    post.fields(v);
  }
  friend bool operator==(const Configure&, const Configure&) = default;
};

/// Formats of the truncation units for the tiles that follow: makes the layer of the Configure before it a
/// staged one. Takes effect when the datapath is empty; the next Configure ends it.
struct ConfigureStaged {
  Wait wait;
  std::uint32_t layer = 0;
  StagedSettings staged;
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer);
    staged.fields(v);
  }
  friend bool operator==(const ConfigureStaged&, const ConfigureStaged&) = default;
};

/// One tile: rows x cols output positions of one oc tile, over `ic_tiles` input-channel tiles and the taps.
struct RunTile {
  Wait wait;
  std::uint32_t layer = 0;
  std::uint32_t activation_word = 0;                  ///< first word of the input region
  std::uint32_t region_height = 1, region_width = 1;  ///< pixels of the region; outside of it is padding
  std::uint32_t ic_tiles = 1;                         ///< words of a pixel
  std::uint32_t last_tile_lanes = 1;                  ///< channels in the last ic tile
  std::int32_t y_start = 0,
               x_start = 0;          ///< upsampled region coordinate of the first tap of the first position
  std::uint32_t rows = 1, cols = 1;  ///< output positions
  std::uint32_t kernel_height = 1, kernel_width = 1;
  std::uint32_t weight_word = 0;  ///< ic_tiles x taps x ic_lanes words
  std::uint32_t parameter_slot = 0;
  std::uint32_t operand_word = 0, output_word = 0;
  std::uint32_t oc_active = 1;       ///< oc lanes with a channel
  std::uint32_t continue_sum = 0;    ///< partial sums of the tile before are added to
  std::uint32_t hold_sum = 0;        ///< the sums stay in the partial-sum buffer for the next tile
  std::uint32_t output_element = 0;  ///< flat index of the first position's first channel: seeds LFSRs
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer), v("activation_word", activation_word);
    v("region_height", region_height), v("region_width", region_width);
    v("ic_tiles", ic_tiles), v("last_tile_lanes", last_tile_lanes), v("y_start", y_start),
        v("x_start", x_start);
    v("rows", rows), v("cols", cols), v("kernel_height", kernel_height), v("kernel_width", kernel_width);
    v("weight_word", weight_word), v("parameter_slot", parameter_slot);
    v("operand_word", operand_word), v("output_word", output_word), v("oc_active", oc_active);
    v("continue_sum", continue_sum), v("hold_sum", hold_sum), v("output_element", output_element);
  }
  friend bool operator==(const RunTile&, const RunTile&) = default;
};

/// Ends the program when all three engines are idle.
struct Finish {
  Wait wait;
  std::uint32_t layer = 0;
  template <class Visitor>
  void fields(Visitor& v) {
    wait.fields(v), v("layer", layer);
  }
  friend bool operator==(const Finish&, const Finish&) = default;
};

using Command = std::variant<Load, Configure, RunTile, Store, Finish, ConfigureStaged>;

/// Appends the command's words to `words`.
void encode(const Command& command, std::vector<std::uint32_t>& words);
/// Length in words of the command whose header word this is. Throws base::SimulationError for a header that
/// is no command.
std::size_t length_in_words(std::uint32_t header);
/// The inverse of `encode`; `words` holds exactly one command.
Command decode(const std::uint32_t* words, std::size_t count);
/// Longest command.
std::size_t longest_command_in_words();
/// "load activation word 0 <- 0x1000 ..." in one line, for dumps and the watchdog.
std::string to_string(const Command& command);
const Wait& wait_of(const Command& command);
std::uint32_t layer_of(const Command& command);

/// One output channel's parameters as they lie in DRAM and in a parameter slot: 16 bytes, little-endian.
struct ChannelParameters {
  std::int64_t bias = 0;
  std::int32_t mantissa = 0;
  std::int32_t shift = 0;
  friend bool operator==(const ChannelParameters&, const ChannelParameters&) = default;
};
inline constexpr int kChannelParameterBytes = 16;

}  // namespace dlasim::sim::arch
