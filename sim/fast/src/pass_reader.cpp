#include "pass_reader.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace dlasim::sim::fast {
namespace {

using arch::LoadTarget;

bool needs_operand(const Pass& pass) {
  if (pass.staged) {
    return pass.staged->datapath == arch::StagedDatapath::kMxElements ||
           pass.staged->elementwise != arch::StagedElementwise::kConvert;
  }
  const arch::Combine combine = pass.settings.post.combine;
  return combine != arch::Combine::kNone && combine != arch::Combine::kGate;
}

}  // namespace

PassReader::PassReader(const memory::DramContents& memory, const compiler::CommandStream& stream,
                       const arch::Hardware& hardware)
    : hardware_(hardware), words_(stream.bytes / sizeof(std::uint32_t)) {
  if (!memory.holds(stream.address, stream.bytes))
    throw base::SimulationError("the command stream leaves the memory");
  memory.read(stream.address, std::as_writable_bytes(std::span(words_)));
}

bool PassReader::next(Pass& pass) {
  pass = {};
  written_.clear();
  unstored_.clear();
  pass.settings = settings_;
  pass.staged = staged_;
  while (at_ < words_.size()) {
    const std::size_t length = arch::length_in_words(words_[at_]);
    if (length > words_.size() - at_) throw base::SimulationError("the command stream ends inside a command");
    const arch::Command command = arch::decode(words_.data() + at_, length);
    const auto* load = std::get_if<arch::Load>(&command);
    const auto* configure = std::get_if<arch::Configure>(&command);
    const bool begins_pass = configure != nullptr || (load != nullptr && load->target == LoadTarget::kTable);
    if (begins_pass && !pass.tiles.empty()) return true;
    at_ += length;
    if (load != nullptr) add(*load, pass);
    if (configure != nullptr) {
      pass.settings = settings_ = *configure;
      pass.staged = staged_ = std::nullopt;
    }
    if (const auto* staged = std::get_if<arch::ConfigureStaged>(&command))
      pass.staged = staged_ = staged->staged;
    if (const auto* run = std::get_if<arch::RunTile>(&command)) add(*run, pass);
    if (const auto* store = std::get_if<arch::Store>(&command)) add(*store, pass);
  }
  return !pass.tiles.empty();
}

void PassReader::add(const arch::Load& load, Pass& pass) {
  if (load.target == LoadTarget::kTable) {
    pass.tables.push_back(load);
    return;
  }
  written_[{load.target, load.word}] = pass.loads.size();
  pass.loads.push_back(load);
}

std::size_t PassReader::words_of(const arch::Load& load) const {
  const arch::Region& region = load.region;
  const std::size_t pixels = std::size_t{region.rows} * region.pixels;
  if (load.target == LoadTarget::kParameter) return pixels;
  const auto lanes = static_cast<std::size_t>(
      load.target == LoadTarget::kActivation ? hardware_.pe_array.ic_lanes : hardware_.pe_array.oc_lanes);
  return pixels * ((region.elements + lanes - 1) / lanes);
}

std::size_t PassReader::find(LoadTarget target, std::uint32_t word, std::size_t words,
                             const Pass& pass) const {
  const auto found = written_.find({target, word});
  const auto fits = [&](const arch::Load& load) {
    // A word of weights or operands is one pixel, a parameter record two 64-bit halves.
    const auto oc_lanes = static_cast<std::uint32_t>(hardware_.pe_array.oc_lanes);
    const bool one_word = target == LoadTarget::kActivation || load.region.elements <= oc_lanes;
    const bool one_record =
        target == LoadTarget::kParameter &&
        load.region.elements * arch::bytes_of(load.region.element) == arch::kChannelParameterBytes;
    return words_of(load) >= words && (target == LoadTarget::kParameter ? one_record : one_word);
  };
  if (found == written_.end() || !fits(pass.loads[found->second])) {
    static constexpr const char* kNames[] = {"activation", "weight", "operand", "parameter"};
    throw base::SimulationError(
        fmt::format("fast engine: a tile of layer {} reads {} words from {} word {} on, which no single load "
                    "of its pass has written",
                    pass.settings.layer, words, kNames[static_cast<std::size_t>(target)], word));
  }
  return found->second;
}

void PassReader::add(const arch::RunTile& run, Pass& pass) {
  Tile tile;
  tile.run = run;
  const std::size_t region = std::size_t{run.region_height} * run.region_width;
  const auto ic_lanes = static_cast<std::size_t>(hardware_.pe_array.ic_lanes);
  if (region > 0)
    tile.activations = find(LoadTarget::kActivation, run.activation_word, region * run.ic_tiles, pass);
  tile.weights = find(LoadTarget::kWeight, run.weight_word, tile.channels(ic_lanes) * tile.taps(), pass);
  if (run.hold_sum == 0) {
    tile.parameters = find(LoadTarget::kParameter, run.parameter_slot, run.oc_active, pass);
    if (needs_operand(pass))
      tile.operand = find(LoadTarget::kOperand, run.operand_word, tile.positions(), pass);
    unstored_[run.output_word] = pass.tiles.size();
  }
  pass.tiles.push_back(tile);
}

void PassReader::add(const arch::Store& store, Pass& pass) {
  const auto found = unstored_.find(store.word);
  if (found == unstored_.end() ||
      pass.tiles[found->second].positions() != std::size_t{store.region.rows} * store.region.pixels) {
    throw base::SimulationError(fmt::format(
        "fast engine: a store of layer {} takes words from {} on, which are not those of one tile",
        pass.settings.layer, store.word));
  }
  pass.tiles[found->second].store = pass.stores.size();
  pass.stores.push_back(store);
  unstored_.erase(found);
}

}  // namespace dlasim::sim::fast
