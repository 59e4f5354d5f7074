#pragma once
/// Decodes the command stream and issues each command when its engine is free and its tokens are there.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::blocks {

/// Commands of one engine in order. What the front one waits for is looked at every cycle, so it lies ready.
class CommandQueue {
 public:
  bool empty() const { return commands_.empty(); }
  std::size_t size() const { return commands_.size(); }
  const arch::Command& front() const { return commands_.front(); }
  const arch::Wait& front_wait() const { return front_wait_; }
  void push(const arch::Command& command) {
    commands_.push_back(command);
    if (commands_.size() == 1) front_wait_ = arch::wait_of(command);
  }
  void pop() {
    commands_.pop_front();
    if (!commands_.empty()) front_wait_ = arch::wait_of(commands_.front());
  }

 private:
  std::deque<arch::Command> commands_;
  arch::Wait front_wait_;
};

/// One command is decoded a cycle; each engine has its own queue and runs in order, decoupled from the
/// others. Tokens are the engines' counts of completed commands, seen a cycle later.
class CommandProcessor {
 public:
  explicit CommandProcessor(const arch::Hardware& hardware);

  struct In {
    const std::vector<std::uint32_t>* words =
        nullptr;  ///< accepted beat of the fetch channel, only while `ready`
    std::uint32_t loads_done = 0, stores_done = 0;
    std::uint64_t tiles_done = 0;
    bool load_taken = false, compute_taken = false, store_taken = false;
  };

  bool ready() const { return !holds_command(); }
  /// The command at the head of a queue if it may start in this cycle, else null.
  const arch::Load* load() const;
  const arch::Command* compute() const;  ///< Configure, RunTile or Finish
  const arch::Store* store() const;
  /// All tiles issued so far are done: a Configure may be taken.
  bool datapath_empty() const { return tiles_issued_ == tiles_done_; }
  bool finished() const { return finished_; }
  /// Command words that are not decoded yet.
  std::size_t words_held() const { return words_.size(); }
  /// A new stream begins: the counts go on.
  void start() { finished_ = false; }
  void step(const In& in);

  /// What the three engines wait for, one line an engine: for the watchdog.
  std::string describe() const;

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("words_held", words_.size()), v("loads_queued", loads_.size());
    v("computes_queued", computes_.size()), v("stores_queued", stores_.size());
    v("tiles_issued", tiles_issued_), v("configures_done", configures_done_);
  }

 private:
  bool holds_command() const { return words_.size() >= length_; }
  void decode_one();
  CommandQueue& queue_of(const arch::Command& command);
  const arch::Command* head(const CommandQueue& queue) const {
    return !queue.empty() && satisfied(queue.front_wait()) ? &queue.front() : nullptr;
  }
  bool satisfied(const arch::Wait& wait) const {
    const auto computes_done = static_cast<std::uint32_t>(tiles_done_) + configures_done_;
    return loads_done_ >= wait.load && computes_done >= wait.compute && stores_done_ >= wait.store;
  }
  std::string describe(const char* engine, const CommandQueue& queue) const;

  const std::size_t depth_;
  std::vector<std::uint32_t> words_;
  std::size_t length_ = 1;                // of the command at the front of words_
  std::optional<arch::Command> decoded_;  // the command at the front of words_, while its queue is full
  CommandQueue loads_, computes_, stores_;
  std::uint32_t loads_done_ = 0, stores_done_ = 0;
  std::uint64_t tiles_done_ = 0, tiles_issued_ = 0;
  std::uint32_t configures_done_ = 0;
  bool finished_ = false;
};

}  // namespace dlasim::sim::blocks
