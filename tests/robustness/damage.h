#pragma once
/// Deterministic damage to files, and what a reader may answer to it.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace dlasim::robustness {

using Bytes = std::vector<std::byte>;

/// Mutations of each seed file: some in every run, more with DLA_MUTATIONS=n.
inline std::uint64_t mutation_count(std::uint64_t usual) {
  const char* wanted = std::getenv("DLA_MUTATIONS");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

/// Bytes changed, words replaced by extremes, parts cut, doubled or exchanged: one to four of these.
inline Bytes damaged(Bytes bytes, base::Random& random) {
  constexpr std::uint32_t kExtremes[] = {0,      1,       0x7f,       0xff,       0x7fff,
                                         0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random.below(n)); };
  for (std::uint64_t round = 1 + random.below(4); round > 0 && bytes.size() > 8; --round) {
    const std::size_t at = below(bytes.size() - 4);
    const std::size_t length = 1 + below(std::min<std::size_t>(64, bytes.size() - at));
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    switch (random.below(6)) {
      case 0:
        bytes[at] ^= std::byte{1} << below(8);
        break;
      case 1: {
        const std::uint32_t word = kExtremes[below(std::size(kExtremes))];
        for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(word >> (8 * i));
        break;
      }
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.erase(begin, end);
        break;
      case 4: {
        const Bytes copy(begin, end);
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size())), copy.begin(),
                     copy.end());
        break;
      }
      default: {
        const std::size_t other = below(bytes.size() - length + 1);
        std::swap_ranges(begin, end, bytes.begin() + static_cast<std::ptrdiff_t>(other));
      }
    }
  }
  return bytes;
}

/// One value somewhere in a JSON document becomes another one that is still JSON: what a fuzzer of bytes
/// rarely finds.
inline void damage_value(nlohmann::json& json, base::Random& random) {
  nlohmann::json* at = &json;
  while (at->is_structured() && !at->empty() && !random.bernoulli(0.1)) {
    auto item = at->begin();
    std::advance(item, static_cast<std::ptrdiff_t>(random.below(at->size())));
    at = &*item;
  }
  static const std::vector<nlohmann::json> kValues{0,
                                                   1,
                                                   -1,
                                                   2,
                                                   3,
                                                   7,
                                                   255,
                                                   256,
                                                   -129,
                                                   32768,
                                                   65536,
                                                   1 << 24,
                                                   2147483647,
                                                   -2147483648LL,
                                                   4294967296LL,
                                                   1099511627776LL,
                                                   9223372036854775807LL,
                                                   1e308,
                                                   -0.5,
                                                   "",
                                                   "x",
                                                   true,
                                                   nullptr,
                                                   nlohmann::json::array(),
                                                   nlohmann::json::object(),
                                                   nlohmann::json::array({1, 2, 3})};
  if (at->is_array() && !at->empty() && random.bernoulli(0.5)) {
    if (random.bernoulli(0.5)) {
      at->erase(at->begin());
    } else {
      at->push_back(at->front());
    }
    return;
  }
  *at = kValues[static_cast<std::size_t>(random.below(kValues.size()))];
}

inline Bytes bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

inline std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Memory that a process of ours may take; beyond it allocation fails. Sanitizers reserve far more.
inline void limit_memory() {
#if !defined(__SANITIZE_ADDRESS__)
  const rlimit limit{std::uint64_t{3} << 30, std::uint64_t{3} << 30};
  setrlimit(RLIMIT_DATA, &limit);
#endif
}

/// What became of the mutations.
struct Tally {
  std::uint64_t accepted = 0, refused = 0;
};

/// `read` may succeed, refuse with an InputError of one line, or lack the memory; anything else fails the
/// test with `what`.
template <class Read>
void survive(const std::string& what, Tally& tally, Read read) {
  try {
    read();
    ++tally.accepted;
  } catch (const base::InputError& e) {
    ++tally.refused;
    const std::string text = e.what();
    EXPECT_FALSE(text.empty()) << what;
    EXPECT_EQ(text.find('\n'), std::string::npos) << what << ": " << text;
    EXPECT_LT(text.size(), 2000U) << what;
  } catch (const std::bad_alloc&) {
    ++tally.refused;
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": not an input error: " << e.what();
  }
}

}  // namespace dlasim::robustness
