#pragma once
/// A network written in YAML, with weights in an .npz or made from a seed.
///
/// Three forms, of which a description has one. All take `name` (default "network") and
///
///     weights: file.npz           # relative to the YAML file
///     weights: {random: 1}        # or: weights from a seed, to try shapes without a file
///
/// Arrays are float32 (float64 is rounded). Every array of the file must be used: a misspelt optional bias
/// shall not be lost silently.
///
/// **wavenet** (spec/wavenet.md): activations are [1, 1, T, C], the logits [1, 1, T, classes] are the output.
///
///     wavenet:
///       input: {encoding: one_hot, classes: 256}   # or scalar: one channel
///       stacks: 2                                  # default 1
///       dilations: [1, 2, 4, 8]                    # of one stack
///       kernel: 2                                  # default 2
///       start_kernel: 1                            # default 1
///       residual_channels: 32
///       gate_channels: 32                          # D; default residual_channels
///       skip_channels: 64
///       end_channels: [64]                         # between the end layers; default [skip_channels], [] for
///                                                  # a single end layer
///       classes: 256                               # default input.classes
///       condition_channels: 0                      # P; above 0: a second input [1, 1, T, P]
///       sequence_length: 1000                      # T; default the receptive field
///
/// Arrays, O H W I order: `start`, `layer{i}.dilated` [2D,1,K,R] (first D outputs tanh, last D sigmoid; last
/// tap newest), `layer{i}.skip`, `layer{i}.residual` (not needed for the last layer), `layer{i}.condition`,
/// `end{i}` from 1, each with `.weight` and, if wanted, `.bias`. i counts layers over all stacks from 0.
///
/// **layers**: a list, each layer reading the one before it unless `input` or `inputs` names others.
///
///     input: {shape: [1, 32, 32, 3]}               # name: default "input"; or inputs: [{name, shape}, ...]
///     layers:
///       - {name: conv1, op: conv2d, filters: 16, kernel: 3, stride: 2, padding: same, activation: relu}
///     outputs: [conv1]                             # default the last layer
///
/// docs/network_yaml.md has every operator with its keys.
///
/// **graph**: every tensor and node spelt out, integers and their scales included. Written by write_network
/// (network_file.h) for imported models.

#include <cstdint>
#include <optional>

#include "base/yaml.h"
#include "network/graph.h"

namespace dlasim::network {

struct NetworkOptions {
  /// T of a `wavenet`; stands above the key `sequence_length`.
  std::optional<std::int64_t> sequence_length;
};

/// Reads a network description. Throws base::InputError with file, line, column and key; errors in the
/// weights name the file and the array. Unknown keys are refused.
Graph read_network(const base::YamlNode& network, const NetworkOptions& options = {});

}  // namespace dlasim::network
