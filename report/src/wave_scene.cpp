#include "report/wave_scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace dlasim::report {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

/// Linear in practice: backs up only to the last star.
bool fits(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = kNone, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t]) && glob[g] != '*') {
      ++g, ++t;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++, resume = t;
    } else if (star != kNone) {
      g = star + 1, t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

/// "narrow_o_3" is field "narrow", direction 'o'; a register has no direction.
struct NameParts {
  std::string_view field;
  char direction = 0;
};

/// "sum_3" without its lane.
std::string_view without_lane(std::string_view name) {
  const std::size_t digits = name.find_last_not_of("0123456789");
  const bool has_lane = digits != std::string_view::npos && digits + 1 < name.size() && name[digits] == '_';
  return has_lane ? name.substr(0, digits) : name;
}

NameParts split(std::string_view name) {
  const std::string_view rest = without_lane(name);
  if (rest.size() > 2 && rest[rest.size() - 2] == '_' && (rest.back() == 'o' || rest.back() == 'i'))
    return {rest.substr(0, rest.size() - 2), rest.back()};
  return {name, 0};
}

/// Counters beside a hand-shake: they hold whether or not a beat is offered.
bool is_counter(std::string_view field) {
  constexpr std::array<std::string_view, 7> kCounters{"ic_tiles_consumed", "ic_tiles_loaded", "loads_done",
                                                      "stores_done",       "tiles_done",      "finished",
                                                      "datapath_empty"};
  return std::ranges::find(kCounters, field) != kCounters.end();
}

ValueStyle style_of(std::string_view field, int width) {
  constexpr std::array<std::string_view, 11> kData{"x",    "w",    "narrow", "wide",     "sum",  "value",
                                                   "data", "bias", "values", "mantissa", "shift"};
  if (width == 1 || field == "moving") return ValueStyle::kBinary;
  if (field == "pad_value") return ValueStyle::kSigned;
  const std::string_view whole = without_lane(field);
  const std::string_view last = whole.substr(whole.rfind('_') + 1);
  if (last == "address") return ValueStyle::kHex;
  return std::ranges::find(kData, last) != kData.end() ? ValueStyle::kSigned : ValueStyle::kUnsigned;
}

/// Indices into the dump's signals: a signal and the hand-shake that it belongs to.
struct Lane {
  std::size_t signal = 0;
  std::size_t valid = kNone, ready = kNone;
};

class LaneChooser {
 public:
  explicit LaneChooser(const VcdReader& reader) : reader_(reader) {
    for (std::size_t i = 0; i < reader.signals().size(); ++i) by_path_.emplace(reader.signals()[i].path(), i);
  }

  std::vector<Lane> choose(std::span<const std::string> globs) const {
    std::vector<std::size_t> chosen;
    std::vector<bool> is_chosen(reader_.signals().size());
    for (const std::string& glob : globs) add_fitting(glob, chosen, is_chosen);
    std::vector<Lane> lanes;
    // Rows of a block are neighbours, wherever the globs named them; blocks are in the order of the first.
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (!is_chosen[chosen[i]]) continue;
      const std::string& block = reader_.signals()[chosen[i]].block;
      for (std::size_t k = i; k < chosen.size(); ++k) {
        if (!is_chosen[chosen[k]] || reader_.signals()[chosen[k]].block != block) continue;
        is_chosen[chosen[k]] = false;
        lanes.push_back(lane(chosen[k]));
      }
    }
    return lanes;
  }

 private:
  void add_fitting(const std::string& glob, std::vector<std::size_t>& chosen,
                   std::vector<bool>& is_chosen) const {
    bool any = false;
    for (std::size_t i = 0; i < reader_.signals().size(); ++i) {
      if (!fits(glob, reader_.signals()[i].path())) continue;
      any = true;
      if (is_chosen[i]) continue;
      if (chosen.size() == kMostRows) {
        throw base::InputError(fmt::format(
            "--signals: '{}' and those before it are more than {} signals, the most that a picture shows",
            glob, kMostRows));
      }
      is_chosen[i] = true;
      chosen.push_back(i);
    }
    if (!any) {
      throw base::InputError(
          fmt::format("{}: no signal fits '{}'; names are like pe_array.x_i_0, * and ? stand for any",
                      reader_.path().string(), glob));
    }
  }
  std::size_t find(const std::string& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? kNone : found->second;
  }
  Lane lane(std::size_t index) const {
    const VcdSignal& signal = reader_.signals()[index];
    const NameParts parts = split(signal.name);
    Lane lane{index, kNone, kNone};
    if (parts.direction == 0 || is_counter(parts.field)) return lane;
    const bool is_ready = parts.field == "ready" || parts.field.ends_with("_ready");
    if (is_ready) return lane;
    const std::string block = signal.block.empty() ? "" : signal.block + ".";
    const char other = parts.direction == 'o' ? 'i' : 'o';
    // The longest prefix first: row_w belongs to row_valid, not to valid.
    for (std::size_t cut = parts.field.size(); cut != kNone; cut = cut == 0 ? kNone : cut - 1) {
      if (cut != 0 && parts.field[cut - 1] != '_') continue;
      const std::string prefix = block + std::string(parts.field.substr(0, cut));
      lane.valid = find(fmt::format("{}valid_{}", prefix, parts.direction));
      if (lane.valid == kNone) lane.valid = whole_field_valid(block, parts, cut);
      if (lane.valid == kNone) continue;
      lane.ready = find(fmt::format("{}ready_{}", prefix, other));
      break;
    }
    return lane;
  }
  /// data_o_0 belongs to data_valid_o: there the whole field is the prefix.
  std::size_t whole_field_valid(const std::string& block, const NameParts& parts, std::size_t cut) const {
    if (cut != parts.field.size()) return kNone;
    return find(fmt::format("{}{}_valid_{}", block, parts.field, parts.direction));
  }

  const VcdReader& reader_;
  std::map<std::string, std::size_t> by_path_;
};

Flow flow_of(const WaveValue* valid, const WaveValue* ready) {
  if (valid == nullptr) return Flow::kState;
  if (!valid->known || valid->bits == 0) return Flow::kIdle;
  return ready == nullptr || ready->bits != 0 ? Flow::kMoves : Flow::kWaits;
}

}  // namespace

std::span<const std::string> default_wave_globs() {
  static const std::vector<std::string> globs{
      "weight_loader.row_valid_o",  "weight_loader.row_bank_o",
      "weight_loader.row_tap_o",    "weight_loader.row_ic_lane_o",
      "weight_loader.row_w_o_0",    "address_generator.valid_o",
      "address_generator.ready_i",  "address_generator.position_index_o",
      "address_generator.tap_o",    "address_generator.word_o",
      "activation_buffer.valid_o",  "activation_buffer.ready_i",
      "activation_buffer.x_o_0",    "pe_array.valid_o",
      "pe_array.ready_i",           "pe_array.narrow_o_0",
      "adder_tree.valid_o",         "adder_tree.ready_i",
      "adder_tree.sum_o_0",         "partial_sum_buffer.valid_o",
      "partial_sum_buffer.ready_i", "partial_sum_buffer.sum_o_0",
      "post_processor.valid_o",     "post_processor.ready_i",
      "post_processor.value_o_0",   "post_processor.word_o",
      "output_buffer.tiles_done"};
  return globs;
}

WaveScene read_wave_scene(const VcdReader& reader, const CycleRange& range,
                          std::span<const std::string> globs) {
  const std::vector<Lane> lanes = LaneChooser(reader).choose(globs);
  std::vector<std::size_t> wanted;
  const auto want = [&wanted](std::size_t signal) {
    if (signal == kNone) return kNone;
    wanted.push_back(signal);
    return wanted.size() - 1;
  };
  std::vector<Lane> columns;  // the same, as indices into `wanted`
  for (const Lane& lane : lanes) columns.push_back({want(lane.signal), want(lane.valid), want(lane.ready)});

  const WaveWindow window = reader.read(range, wanted);
  WaveScene scene{window.from, window.cycles, {}};
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const VcdSignal& signal = reader.signals()[lanes[i].signal];
    const auto values = [&window](std::size_t column) {
      return column == kNone ? nullptr : window.values[column].data();
    };
    const WaveValue* valid = values(columns[i].valid);
    const WaveValue* ready = values(columns[i].ready);
    WaveRow row{signal.block,
                signal.name,
                signal.width,
                style_of(split(signal.name).field, signal.width),
                window.values[columns[i].signal],
                {}};
    for (std::size_t c = 0; c < window.cycles; ++c)
      row.flow.push_back(
          flow_of(valid == nullptr ? nullptr : valid + c, ready == nullptr ? nullptr : ready + c));
    scene.rows.push_back(std::move(row));
  }
  return scene;
}

std::string wave_value_text(const WaveValue& value, int width, ValueStyle style) {
  if (!value.known) return "x";
  switch (style) {
    case ValueStyle::kUnsigned:
      break;
    case ValueStyle::kHex:
      return fmt::format("{:#x}", value.bits);
    case ValueStyle::kBinary:
      return fmt::format("{:b}", value.bits);
    case ValueStyle::kSigned: {
      const int unused = 64 - width;
      return fmt::format("{}", static_cast<std::int64_t>(value.bits << unused) >> unused);
    }
  }
  return fmt::format("{}", value.bits);
}

}  // namespace dlasim::report
