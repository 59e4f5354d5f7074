#include "scheduler.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace dlasim::sim::compiler {
namespace {

constexpr std::size_t kMostSlots = 64;  // more would not shorten any wait, but the search for the oldest

std::size_t slots_of(int words, std::int64_t slot_words) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(words / std::max<std::int64_t>(slot_words, 1)), 2,
                                 kMostSlots);
}

/// Integers in the narrowest element type that holds them all.
std::pair<std::vector<std::byte>, arch::Element> pack(const std::vector<std::int32_t>& values) {
  const auto [low, high] = std::ranges::minmax_element(values);
  const auto holds = [&](auto type) {
    using T = decltype(type);
    return values.empty() ||
           (*low >= std::numeric_limits<T>::min() && *high <= std::numeric_limits<T>::max());
  };
  const arch::Element element = holds(std::int8_t{})    ? arch::Element::kInt8
                                : holds(std::int16_t{}) ? arch::Element::kInt16
                                                        : arch::Element::kInt32;
  const auto size = static_cast<std::size_t>(arch::bytes_of(element));
  std::vector<std::byte> bytes(values.size() * size);
  for (std::size_t i = 0; i < values.size(); ++i) std::memcpy(bytes.data() + i * size, &values[i], size);
  return {std::move(bytes), element};
}

/// A run of `elements` a word without gaps.
arch::Region linear_region(std::uint64_t address, std::size_t words, std::size_t elements,
                           arch::Element element) {
  arch::Region region;
  region.address = address;
  region.pixels = static_cast<std::uint32_t>(words);
  region.elements = static_cast<std::uint32_t>(elements);
  region.element = element;
  region.pixel_stride = static_cast<std::int64_t>(elements) * arch::bytes_of(element);
  return region;
}

std::uint64_t address_of(const View& view, std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c) {
  const std::int64_t offset =
      n * view.stride[0] + y * view.stride[1] + x * view.stride[2] + c * arch::bytes_of(view.element);
  return view.address + static_cast<std::uint64_t>(offset);
}

arch::Region region_of(const View& view, std::uint64_t address, std::int64_t rows, std::int64_t cols,
                       std::int64_t channels) {
  arch::Region region;
  region.address = address;
  region.rows = static_cast<std::uint32_t>(rows);
  region.pixels = static_cast<std::uint32_t>(cols);
  region.elements = static_cast<std::uint32_t>(channels);
  region.row_stride = view.stride[1];
  region.pixel_stride = view.stride[2];
  region.element = view.element;
  return region;
}

/// Input channels of a chunk: first channel of the tensor, and how many.
std::pair<std::int64_t, std::int64_t> channels_of(const OcTile& tile, const Chunk& chunk, int ic_lanes) {
  const std::int64_t first = chunk.first_ic_tile * ic_lanes;
  return {tile.first_input_channel + first, std::min(chunk.ic_tiles * ic_lanes, tile.input_channels - first)};
}

/// Flat index of the strip's first element of the oc tile.
std::int64_t first_element(const Pass& pass, std::int64_t image, const Strip& strip, const OcTile& oc_tile) {
  const auto& size = pass.output.size;
  const std::int64_t position = (image * size[1] + strip.row) * size[2] + strip.col;
  return position * size[3] + oc_tile.first_output_channel;
}

std::uint32_t u32(std::int64_t v) {
  return static_cast<std::uint32_t>(v);
}

}  // namespace

void Scheduler::emit(const arch::Command& command) {
  arch::encode(command, words_);
  if (std::holds_alternative<arch::Load>(command)) {
    ++loads_;
  } else if (std::holds_alternative<arch::Store>(command)) {
    ++stores_;
  } else {
    ++computes_;
  }
}

std::pair<std::uint64_t, std::uint64_t> Scheduler::finish(std::uint32_t layer) {
  emit(arch::Finish{{loads_, computes_, stores_}, layer});
  const std::uint64_t bytes = words_.size() * sizeof(std::uint32_t);
  const std::uint64_t address = image_.place(std::as_bytes(std::span(words_)));
  words_.clear();
  return {address, bytes};
}

void Scheduler::load_tables(const Pass& pass) {
  for (std::size_t bank = 0; bank < pass.tables.size(); ++bank) {
    if (pass.tables[bank].empty()) continue;
    const auto [bytes, element] = pack(pass.tables[bank]);
    const std::uint64_t address = image_.place(bytes);
    arch::Load load;
    load.wait.compute = computes_;
    load.layer = pass.layer;
    load.target = arch::LoadTarget::kTable;
    load.word = u32(static_cast<std::int64_t>(bank));
    load.region = linear_region(address, 1, pass.tables[bank].size(), element);
    emit(load);
  }
}

void Scheduler::configure(const Pass& pass) {
  arch::Configure settings = pass.settings;
  settings.layer = pass.layer;
  settings.wait.load = loads_;
  emit(settings);
  if (pass.staged) emit(arch::ConfigureStaged{settings.wait, pass.layer, *pass.staged});
}

void Scheduler::run(const Pass& pass) {
  packed_weights_.clear();
  packed_parameters_.clear();
  load_tables(pass);
  configure(pass);
  planned_computes_ = computes_;
  planned_stores_ = stores_;

  // The first tile has the most input channels: its chunks are the largest.
  const std::vector<Chunk> chunks = make_chunks(pass, pass.oc_tiles.front(), hardware_);
  const Tiling tiling = make_strips(pass, hardware_, chunks);
  const std::int64_t activation_slot = tiling.most_region_words;
  std::int64_t weight_slot = 1;
  for (const Chunk& c : chunks) {
    weight_slot =
        std::max(weight_slot, c.ic_tiles * c.kernel_height * c.kernel_width * hardware_.pe_array.ic_lanes);
  }
  weight_slot = std::min<std::int64_t>(weight_slot, hardware_.weight_words() / 2);
  Buffers buffers{{slots_of(hardware_.activation_words(), activation_slot), computes_},
                  {slots_of(hardware_.weight_words(), weight_slot), computes_},
                  {static_cast<std::size_t>(hardware_.buffers.parameter_slots), computes_},
                  u32(activation_slot),
                  u32(weight_slot),
                  u32(tiling.most_positions)};
  slot_stores_.assign(slots_of(hardware_.output_words(), tiling.most_positions), stores_);
  operand_uses_.assign(slots_of(hardware_.operand_words(), tiling.most_positions), computes_);
  next_output_slot_ = next_operand_slot_ = 0;

  std::vector<TileStep> steps;
  Place place;
  for (place.image = 0; place.image < pass.output.size[0]; ++place.image) {
    for (place.strip_index = 0; place.strip_index < tiling.strips.size(); ++place.strip_index) {
      for (place.tile_index = 0; place.tile_index < pass.oc_tiles.size(); ++place.tile_index) {
        const std::vector<Chunk> parts = make_chunks(pass, pass.oc_tiles[place.tile_index], hardware_);
        for (place.chunk_index = 0; place.chunk_index < parts.size(); ++place.chunk_index) {
          steps.push_back(make_step(pass, place, tiling.strips[place.strip_index], parts, buffers));
        }
      }
    }
  }
  emit(steps);
}

Scheduler::TileStep Scheduler::make_step(const Pass& pass, const Place& place, const Strip& strip,
                                         const std::vector<Chunk>& chunks, Buffers& buffers) {
  const OcTile& oc_tile = pass.oc_tiles[place.tile_index];
  const Chunk& chunk = chunks[place.chunk_index];
  const InputRegion region = input_region(pass, strip, chunk);
  ++planned_computes_;

  TileStep step;
  arch::RunTile& tile = step.tile;
  tile.layer = pass.layer;
  tile.rows = u32(strip.rows);
  tile.cols = u32(strip.cols);
  tile.kernel_height = u32(chunk.kernel_height);
  tile.kernel_width = u32(chunk.kernel_width);
  tile.region_height = u32(region.rows);
  tile.region_width = u32(region.cols);
  tile.y_start = static_cast<std::int32_t>(region.y_start);
  tile.x_start = static_cast<std::int32_t>(region.x_start);
  tile.ic_tiles = u32(chunk.ic_tiles);
  const std::int64_t channels = channels_of(oc_tile, chunk, hardware_.pe_array.ic_lanes).second;
  tile.last_tile_lanes = u32(channels - (chunk.ic_tiles - 1) * hardware_.pe_array.ic_lanes);
  tile.oc_active = u32(static_cast<std::int64_t>(oc_tile.lane_channel.size()));
  if (pass.staged) tile.output_element = u32(first_element(pass, place.image, strip, oc_tile));
  tile.continue_sum = place.chunk_index > 0;
  tile.hold_sum = place.chunk_index + 1 < chunks.size();

  load_weights(pass, place, oc_tile, chunk, buffers, step);
  load_activations(pass, place, oc_tile, region, chunk, buffers, step);
  if (tile.hold_sum == 0) {
    load_parameters(pass, place, oc_tile, buffers, step);
    if (pass.operand) load_operand(pass, place, strip, oc_tile, buffers, step);
    store_output(pass, place, strip, oc_tile, buffers, step);
  }
  return step;
}

void Scheduler::load_activations(const Pass& pass, const Place& place, const OcTile& oc_tile,
                                 const InputRegion& region, const Chunk& chunk, Buffers& buffers,
                                 TileStep& step) {
  if (region.rows == 0 || region.cols == 0) return;  // every tap is padding
  const auto [channel, channels] = channels_of(oc_tile, chunk, hardware_.pe_array.ic_lanes);
  const auto grant = buffers.activations.acquire({place.image, place.strip_index, channel, place.chunk_index},
                                                 planned_computes_);
  step.tile.activation_word = grant.slot * buffers.activation_slot_words;
  if (grant.resident) return;
  arch::Load load;
  load.wait = {0, grant.free_after, pass.wait_store};
  load.layer = pass.layer;
  load.target = arch::LoadTarget::kActivation;
  load.word = step.tile.activation_word;
  load.region = region_of(pass.input, address_of(pass.input, place.image, region.row, region.col, channel),
                          region.rows, region.cols, channels);
  step.loads.push_back(load);
}

void Scheduler::load_weights(const Pass& pass, const Place& place, const OcTile& oc_tile, const Chunk& chunk,
                             Buffers& buffers, TileStep& step) {
  const auto* tensor = std::get_if<TensorWeights>(&pass.weights);
  const auto grant = buffers.weights.acquire(
      {tensor != nullptr ? place.image : 0, place.tile_index, place.chunk_index}, planned_computes_);
  step.tile.weight_word = grant.slot * buffers.weight_slot_words;
  if (grant.resident) return;
  arch::Load load;
  load.wait.compute = grant.free_after;
  load.layer = pass.layer;
  load.target = arch::LoadTarget::kWeight;
  load.word = step.tile.weight_word;
  if (tensor != nullptr) {
    const auto [channel, channels] = channels_of(oc_tile, chunk, hardware_.pe_array.ic_lanes);
    load.wait.store = pass.wait_store;
    load.region = region_of(tensor->view,
                            address_of(tensor->view, place.image, 0, channel, oc_tile.first_output_channel),
                            1, channels, static_cast<std::int64_t>(oc_tile.lane_channel.size()));
  } else {
    load.region = packed_weights(pass, place, chunk);
  }
  step.loads.push_back(load);
}

arch::Region Scheduler::packed_weights(const Pass& pass, const Place& place, const Chunk& chunk) {
  const auto [found, is_new] = packed_weights_.try_emplace({place.tile_index, place.chunk_index});
  if (!is_new) return found->second;
  const auto& weight = std::get<ConstantWeights>(pass.weights).at;
  const OcTile& tile = pass.oc_tiles[place.tile_index];
  const int ic_lanes = hardware_.pe_array.ic_lanes;
  const auto oc_lanes = static_cast<std::size_t>(hardware_.pe_array.oc_lanes);
  const auto [first, channels] = channels_of(tile, chunk, ic_lanes);
  std::vector<std::int32_t> rows;  // of oc_lanes weights, in the order in which the loader moves them
  for (std::int64_t t = 0; t < channels; t += ic_lanes) {
    for (std::int64_t ky = chunk.ky; ky < chunk.ky + chunk.kernel_height; ++ky) {
      for (std::int64_t kx = chunk.kx; kx < chunk.kx + chunk.kernel_width; ++kx) {
        for (std::int64_t ic = t; ic < std::min(t + ic_lanes, channels); ++ic) {
          for (const std::int64_t oc : tile.lane_channel) rows.push_back(weight(oc, ky, kx, first + ic));
          rows.resize(rows.size() + oc_lanes - tile.lane_channel.size());
        }
      }
    }
  }
  const auto [bytes, element] = pack(rows);
  found->second = linear_region(image_.place(bytes), rows.size() / oc_lanes, oc_lanes, element);
  return found->second;
}

void Scheduler::load_parameters(const Pass& pass, const Place& place, const OcTile& oc_tile, Buffers& buffers,
                                TileStep& step) {
  const auto grant = buffers.parameters.acquire(place.tile_index, planned_computes_);
  step.tile.parameter_slot = grant.slot;
  if (grant.resident) return;
  arch::Load load;
  load.wait.compute = grant.free_after;
  load.layer = pass.layer;
  load.target = arch::LoadTarget::kParameter;
  load.word = grant.slot;
  load.region = linear_region(packed_parameters(pass, place.tile_index), oc_tile.lane_channel.size(), 2,
                              arch::Element::kInt64);
  step.loads.push_back(load);
}

std::uint64_t Scheduler::packed_parameters(const Pass& pass, std::size_t tile_index) {
  const auto [found, is_new] = packed_parameters_.try_emplace(tile_index);
  if (is_new) {
    std::vector<std::byte> bytes;
    for (const std::int64_t oc : pass.oc_tiles[tile_index].lane_channel) {
      const arch::ChannelParameters p = pass.parameters(oc);
      const std::size_t at = bytes.size();
      bytes.resize(at + arch::kChannelParameterBytes);
      std::memcpy(bytes.data() + at, &p.bias, 8);
      std::memcpy(bytes.data() + at + 8, &p.mantissa, 4);
      std::memcpy(bytes.data() + at + 12, &p.shift, 4);
    }
    found->second = image_.place(bytes);
  }
  return found->second;
}

void Scheduler::load_operand(const Pass& pass, const Place& place, const Strip& strip, const OcTile& oc_tile,
                             const Buffers& buffers, TileStep& step) {
  const std::size_t slot = next_operand_slot_;
  next_operand_slot_ = (slot + 1) % operand_uses_.size();
  step.tile.operand_word = u32(static_cast<std::int64_t>(slot)) * buffers.strip_words;
  arch::Load load;
  load.wait = {0, operand_uses_[slot], pass.wait_store};
  load.layer = pass.layer;
  load.target = arch::LoadTarget::kOperand;
  load.word = step.tile.operand_word;
  load.region =
      region_of(*pass.operand,
                address_of(*pass.operand, place.image, strip.row, strip.col, oc_tile.first_output_channel),
                strip.rows, strip.cols, oc_tile.stored_channels);
  operand_uses_[slot] = planned_computes_;
  step.loads.push_back(load);
}

void Scheduler::store_output(const Pass& pass, const Place& place, const Strip& strip, const OcTile& oc_tile,
                             const Buffers& buffers, TileStep& step) {
  const std::size_t slot = next_output_slot_;
  next_output_slot_ = (slot + 1) % slot_stores_.size();
  step.tile.output_word = u32(static_cast<std::int64_t>(slot)) * buffers.strip_words;
  step.tile.wait.store = slot_stores_[slot];
  slot_stores_[slot] = ++planned_stores_;
  step.has_store = true;
  step.store.wait.compute = planned_computes_;
  step.store.layer = pass.layer;
  step.store.word = step.tile.output_word;
  step.store.region = region_of(
      pass.output, address_of(pass.output, place.image, strip.row, strip.col, oc_tile.first_output_channel),
      strip.rows, strip.cols, oc_tile.stored_channels);
}

void Scheduler::emit(std::vector<TileStep>& steps) {
  const auto emit_loads = [this](TileStep& step) {
    for (const arch::Load& load : step.loads) emit(load);
    step.tile.wait.load = loads_;
  };
  if (!steps.empty()) emit_loads(steps.front());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i + 1 < steps.size()) emit_loads(steps[i + 1]);
    emit(steps[i].tile);
    ++tiles_;
    if (steps[i].has_store) emit(steps[i].store);
  }
}

}  // namespace dlasim::sim::compiler
