#include "sim/blocks/command_processor.h"

#include <fmt/format.h>

namespace dlasim::sim::blocks {

CommandProcessor::CommandProcessor(const arch::Hardware& hardware)
    : depth_(static_cast<std::size_t>(hardware.control.command_queue_depth)) {}

const arch::Load* CommandProcessor::load() const {
  const arch::Command* command = head(loads_);
  return command == nullptr ? nullptr : std::get_if<arch::Load>(command);
}

const arch::Command* CommandProcessor::compute() const {
  const arch::Command* command = head(computes_);
  if (command == nullptr || std::holds_alternative<arch::RunTile>(*command)) return command;
  return datapath_empty() ? command : nullptr;
}

const arch::Store* CommandProcessor::store() const {
  const arch::Command* command = head(stores_);
  return command == nullptr ? nullptr : std::get_if<arch::Store>(command);
}

CommandQueue& CommandProcessor::queue_of(const arch::Command& command) {
  if (std::holds_alternative<arch::Load>(command)) return loads_;
  if (std::holds_alternative<arch::Store>(command)) return stores_;
  return computes_;
}

void CommandProcessor::step(const In& in) {
  if (in.load_taken) loads_.pop();
  if (in.store_taken) stores_.pop();
  if (in.compute_taken) {
    if (std::holds_alternative<arch::RunTile>(computes_.front())) {
      ++tiles_issued_;
    } else {
      ++configures_done_;
      finished_ = std::holds_alternative<arch::Finish>(computes_.front());
    }
    computes_.pop();
  }
  loads_done_ = in.loads_done;
  stores_done_ = in.stores_done;
  tiles_done_ = in.tiles_done;
  if (holds_command()) decode_one();
  if (in.words == nullptr) return;
  words_.insert(words_.end(), in.words->begin(), in.words->end());
  length_ = arch::length_in_words(words_.front());
}

void CommandProcessor::decode_one() {
  if (!decoded_) decoded_ = arch::decode(words_.data(), length_);
  CommandQueue& queue = queue_of(*decoded_);
  if (queue.size() >= depth_) return;
  queue.push(*decoded_);
  decoded_.reset();
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(length_));
  length_ = words_.empty() ? 1 : arch::length_in_words(words_.front());
}

std::string CommandProcessor::describe() const {
  return describe("load", loads_) + "; " + describe("compute", computes_) + "; " + describe("store", stores_);
}

std::string CommandProcessor::describe(const char* engine, const CommandQueue& queue) const {
  if (queue.empty()) return fmt::format("{} engine: no command", engine);
  const arch::Wait& wait = queue.front_wait();
  const auto computes_done = static_cast<std::uint32_t>(tiles_done_) + configures_done_;
  std::string missing;
  const auto check = [&missing](const char* token, std::uint32_t wanted, std::uint32_t there) {
    if (there < wanted) missing += fmt::format(" waits for {} token {} (has {})", token, wanted, there);
  };
  check("load", wait.load, loads_done_);
  check("compute", wait.compute, computes_done);
  check("store", wait.store, stores_done_);
  if (missing.empty()) missing = " has its tokens and waits for its engine";
  return fmt::format("{} engine:{} at '{}'", engine, missing, arch::to_string(queue.front()));
}

}  // namespace dlasim::sim::blocks
