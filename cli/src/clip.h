#pragma once
/// What a network is run on: audio, codes, arrays or noise, as the section `data` of a configuration names
/// it.
///
///     test: {codes: x.npy}     # classes of a mu-law signal; the answer is the next class
///     test: {wav: x.wav}       # samples [1, 1, T, channels]
///     test: x.npy              # or a list, one file an input: float, or the input's own integers
///     test: {random: 1}        # noise from a seed: normal, or uniform over an integer input's codes

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/yaml.h"
#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::cli {

/// How a mu-law code becomes the network's input.
enum class Encoding {
  kOneHot,  ///< [1, 1, T, classes]
  kScalar,  ///< 2 code / (classes - 1) - 1
  kCentred  ///< (code - classes/2) / (classes/2): silence is exactly 0
};
struct CodeAlphabet {
  Encoding encoding = Encoding::kOneHot;
  int classes = 256;
};

/// The network's input for a row of codes: [1, 1, T, classes] or [1, 1, T, 1], float32.
network::Tensor encode(std::span<const int> codes, const CodeAlphabet& alphabet);

/// Inputs of one run of the network and, where it is known, what the network should have said.
struct Clip {
  std::vector<network::Tensor> inputs;   ///< in the order of the graph's inputs: float32 or its dtype
  std::vector<std::int64_t> labels;      ///< class of each output position; empty: no such task
  std::optional<CodeAlphabet> alphabet;  ///< of the codes that the clip was made from
  std::vector<float> target;             ///< samples of the output; empty: unknown
  std::optional<double> sample_rate;     ///< Hz, where the file says so
};

/// A clip that decides the network's length: codes or audio; nothing for the other forms. `data` holds what
/// codes need besides (`encoding`, `classes`); `most`: only the first positions.
std::optional<Clip> read_sequence(const base::YamlNode& node, const base::YamlNode& data,
                                  std::optional<std::int64_t> most);

/// A clip of the other forms, for the inputs of `graph`.
Clip read_tensors(const base::YamlNode& node, const network::Graph& graph);

/// The samples of the first channel of a .wav file: as many as `positions`, which it must have.
std::vector<float> read_target(const base::YamlNode& node, std::int64_t positions);

}  // namespace dlasim::cli
