#include "sim/compiler/output_map.h"

#include <algorithm>
#include <cstring>
#include <variant>

namespace dlasim::sim::compiler {

std::vector<arch::Command> commands_of(const Program& program, const CommandStream& stream) {
  std::vector<std::uint32_t> words(stream.bytes / sizeof(std::uint32_t));
  std::memcpy(words.data(), program.image.data() + stream.address, stream.bytes);
  std::vector<arch::Command> commands;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t length = arch::length_in_words(words[at]);
    commands.push_back(arch::decode(words.data() + at, length));
    at += length;
  }
  return commands;
}

OutputMap::OutputMap(const Program& program, int oc_lanes) : oc_lanes_(oc_lanes) {
  for (const Layer& layer : program.layers)
    output_address_.push_back(program.tensors.at(static_cast<std::size_t>(layer.output)).address);
  for (const Step& step : program.steps) {
    const auto* stream = std::get_if<CommandStream>(&step);
    if (stream == nullptr) continue;
    for (const arch::Command& command : commands_of(program, *stream)) {
      if (const auto* tile = std::get_if<arch::RunTile>(&command)) tiles_.push_back(*tile);
      if (const auto* store = std::get_if<arch::Store>(&command)) stores_.push_back({tiles_.size(), *store});
    }
  }
}

std::optional<std::int64_t> OutputMap::element(std::size_t tile, std::uint32_t position,
                                               std::uint32_t oc_lane) const {
  while (tile < tiles_.size() && tiles_[tile].hold_sum != 0) ++tile;
  if (tile >= tiles_.size()) return std::nullopt;
  const std::uint32_t layer = tiles_[tile].layer, word = tiles_[tile].output_word + position;
  for (const auto& [tiles_before, store] : stores_) {
    if (tiles_before <= tile || store.layer != layer || word < store.word) continue;
    const arch::Region& r = store.region;
    const auto lanes = static_cast<std::uint32_t>(oc_lanes_);
    const std::uint32_t words_a_pixel = (r.elements + lanes - 1) / lanes;
    const std::uint32_t pixel = (word - store.word) / words_a_pixel;
    if (pixel >= r.rows * r.pixels) continue;
    const std::uint32_t element = (word - store.word) % words_a_pixel * lanes + oc_lane;
    if (element >= r.elements) return std::nullopt;
    const std::int64_t bytes = arch::bytes_of(r.element);
    const auto address = static_cast<std::int64_t>(r.address) + pixel / r.pixels * r.row_stride +
                         pixel % r.pixels * r.pixel_stride + element * bytes;
    return (address - static_cast<std::int64_t>(output_address_.at(layer))) / bytes;
  }
  return std::nullopt;
}

}  // namespace dlasim::sim::compiler
