#pragma once
/// A run configuration, read and prepared: what `run`, `compile` and the other verbs begin with.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "clip.h"
#include "network/graph.h"
#include "network/quantized_graph.h"
#include "network/tensor.h"
#include "numerics.h"
#include "quantize/calibration_table.h"
#include "quantize/tensor_samples.h"
#include "sim/arch/hardware.h"
#include "sim/cosim/block_modes.h"

namespace dlasim::cli {

/// Everything that a configuration file says.
struct Session {
  std::string name;
  network::Graph graph;  ///< for the length of the test clip
  sim::arch::Hardware hardware;
  Numerics numerics;
  Clip test;
  bool imported = false;  ///< the network brings its integers and scales along; nothing is calibrated
  /// The network for the length of the calibration clip, and that clip; empty if `imported`.
  std::optional<network::Graph> calibration_graph;  ///< absent: `graph` has the length of that clip
  const network::Graph& graph_of_calibration() const {
    return calibration_graph ? *calibration_graph : graph;
  }
  Clip calibration;
  /// Ranges that replace calibrated ones.
  std::optional<quantize::CalibrationTable> calibration_table;
  std::optional<double> sample_rate;
  /// Positions at a time; absent: every layer runs over the whole sequence before the next one begins.
  std::optional<std::int64_t> hop;
  std::filesystem::path output_directory;
  /// `cosim:` of the file: which blocks are RTL or in lockstep where the command line names none.
  sim::cosim::BlockModes block_modes;
};

/// Options that every verb with a configuration takes. Where `config` is a model file, `data` is the test
/// clip as well and everything else has its default.
struct SessionOptions {
  std::filesystem::path config;
  std::vector<std::string> assignments;  ///< --set a.b.c=value
  std::optional<std::filesystem::path> output_directory;
  std::optional<std::filesystem::path> data;  ///< calibration clip in place of the configuration's
  std::optional<std::int64_t> samples;        ///< --samples: only the first ones of the test clip
};

/// Reads and checks everything; nothing has been computed yet. Throws base::InputError.
Session open_session(const SessionOptions& options);

/// A network before and after quantisation; tensor ids agree.
struct QuantizedNetwork {
  network::Graph real;  ///< float, after the rewrites that quantisation begins with
  network::QuantizedGraph integer;
  /// Integers and their scales, before lowering: what another rounding starts from. None for number formats.
  std::optional<network::Graph> scaled;
};

/// The test network after the rewrites that number formats begin with.
network::Graph rewritten_graph(const Session& session);

/// What the tensors hold over the calibration clip: for `fl: auto`.
quantize::TensorSamples sample_calibration(const Session& session);

/// The staged graph of rewritten_graph(session) under formats that need not be the session's.
network::QuantizedGraph quantize_staged_session(const Session& session, const network::Graph& real,
                                                const network::NumericsConfig& numerics,
                                                const quantize::TensorSamples& samples);

/// Calibrates on the calibration clip and quantises the graph of the test clip; or lowers the integers that
/// the network brought along.
QuantizedNetwork quantize_session(const Session& session);
/// The same; takes the networks out of the session, so that a rewrite that changes all weights need not leave
/// them as they were read.
QuantizedNetwork quantize_networks_of(Session& session);

/// The clip's tensors as `graph` is given them: reals become codes by the input's scale or format, integers
/// stay.
std::vector<network::Tensor> integer_inputs(const network::QuantizedGraph& graph,
                                            const std::vector<network::Tensor>& inputs);

}  // namespace dlasim::cli
