#pragma once
/// Storage of an on-chip buffer: words of `lanes` values, one write and one read port.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace dlasim::sim::blocks {

/// Words are checked against the depth: a program that leaves the buffer is an error, never a wrap.
class WordMemory {
 public:
  WordMemory(std::string name, int words, int lanes)
      : name_(std::move(name)),
        words_(static_cast<std::uint32_t>(words)),
        lanes_(static_cast<std::size_t>(lanes)),
        values_(static_cast<std::size_t>(words) * lanes_) {}

  std::span<const std::int32_t> read(std::uint32_t word) const {
    return {values_.data() + offset(word), lanes_};
  }
  std::span<std::int32_t> word(std::uint32_t word) { return {values_.data() + offset(word), lanes_}; }
  std::uint32_t words() const { return words_; }

 private:
  std::size_t offset(std::uint32_t word) const {
    if (word >= words_) refuse(word);
    return word * lanes_;
  }
  [[noreturn, gnu::cold]] void refuse(std::uint32_t word) const {
    throw base::SimulationError(name_ + ": word " + std::to_string(word) + " is beyond its " +
                                std::to_string(words_) + " words");
  }

  std::string name_;
  std::uint32_t words_;
  std::size_t lanes_;
  std::vector<std::int32_t> values_;
};

/// A word that the DMA writes into a buffer.
struct BufferWrite {
  std::uint32_t word = 0;
  std::span<const std::int32_t> values;
};

}  // namespace dlasim::sim::blocks
