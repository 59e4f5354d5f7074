#include "sim/blocks/command_processor.h"

#include <fmt/format.h>

namespace dlasim::sim::blocks {

CommandProcessor::CommandProcessor(const arch::Hardware& hardware)
    : depth_(static_cast<std::size_t>(hardware.control.command_queue_depth)) {}

bool CommandProcessor::holds_command() const {
  return !words_.empty() && words_.size() >= arch::length_in_words(words_.front());
}

bool CommandProcessor::satisfied(const arch::Wait& wait) const {
  const auto computes_done = static_cast<std::uint32_t>(tiles_done_) + configures_done_;
  return loads_done_ >= wait.load && computes_done >= wait.compute && stores_done_ >= wait.store;
}

const arch::Command* CommandProcessor::head(const std::deque<arch::Command>& queue) const {
  return !queue.empty() && satisfied(arch::wait_of(queue.front())) ? &queue.front() : nullptr;
}

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

std::deque<arch::Command>& CommandProcessor::queue_of(const arch::Command& command) {
  if (std::holds_alternative<arch::Load>(command)) return loads_;
  if (std::holds_alternative<arch::Store>(command)) return stores_;
  return computes_;
}

void CommandProcessor::step(const In& in) {
  if (in.load_taken) loads_.pop_front();
  if (in.store_taken) stores_.pop_front();
  if (in.compute_taken) {
    if (std::holds_alternative<arch::RunTile>(computes_.front())) {
      ++tiles_issued_;
    } else {
      ++configures_done_;
      finished_ = std::holds_alternative<arch::Finish>(computes_.front());
    }
    computes_.pop_front();
  }
  loads_done_ = in.loads_done;
  stores_done_ = in.stores_done;
  tiles_done_ = in.tiles_done;
  if (holds_command()) decode_one();
  if (in.words != nullptr) words_.insert(words_.end(), in.words->begin(), in.words->end());
}

void CommandProcessor::decode_one() {
  const std::size_t length = arch::length_in_words(words_.front());
  if (!decoded_) decoded_ = arch::decode(words_.data(), length);
  auto& queue = queue_of(*decoded_);
  if (queue.size() >= depth_) return;
  queue.push_back(*decoded_);
  decoded_.reset();
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(length));
}

std::string CommandProcessor::describe() const {
  return describe("load", loads_) + "; " + describe("compute", computes_) + "; " + describe("store", stores_);
}

std::string CommandProcessor::describe(const char* engine, const std::deque<arch::Command>& queue) const {
  if (queue.empty()) return fmt::format("{} engine: no command", engine);
  const arch::Wait& wait = arch::wait_of(queue.front());
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
