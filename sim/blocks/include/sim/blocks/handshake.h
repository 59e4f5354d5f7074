#pragma once
/// The hand-shakes of the datapath, and the random stalls that test them.

#include <array>
#include <cstddef>
#include <cstdint>

namespace dlasim::sim::blocks {

/// In the order of the data.
enum class Handshake { kTapRequest, kActivation, kLaneSums, kChannelSums, kTotals, kOutput };
inline constexpr std::size_t kHandshakes = 6;
using HandshakeFlags = std::array<bool, kHandshakes>;

/// "producer -> consumer"
inline constexpr std::array<const char*, kHandshakes> kHandshakeNames{
    "address_generator -> activation_buffer",
    "activation_buffer -> pe_array",
    "pe_array -> adder_tree",
    "adder_tree -> partial_sum_buffer",
    "partial_sum_buffer -> post_processor",
    "post_processor -> output_buffer"};

/// Random stalls: a hand-shake does not take place although both sides are ready. Shakes out blocks that
/// lean on an accidental latency; the results may not depend on it.
struct StallPlan {
  std::uint64_t seed = 0;
  std::uint32_t per_mille = 0;  ///< chance of a stall, each hand-shake, each cycle

  bool enabled() const { return per_mille != 0; }
  /// The hand-shakes that are held back in `cycle`. A function of seed and cycle alone, so that every
  /// scheduler of the blocks stalls alike. Ten bits of a splitmix64 number for each hand-shake.
  HandshakeFlags stalled(std::uint64_t cycle) const {
    constexpr unsigned kBits = 10;
    HandshakeFlags flags{};
    if (!enabled()) return flags;
    std::uint64_t random = mixed(mixed(seed) + cycle);
    const std::uint64_t limit = (std::uint64_t{per_mille} << kBits) / 1000;
    for (bool& flag : flags) {
      flag = (random & ((1U << kBits) - 1)) < limit;
      random >>= kBits;
    }
    return flags;
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
};

}  // namespace dlasim::sim::blocks
