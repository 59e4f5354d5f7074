#pragma once
/// Network vectors, format `dla-network-vector/1` of spec/vectors.md: a model file with inputs and outputs.
/// Only the description is read here; models and arrays belong to the importers and the .npy reader.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "network/quantized_graph.h"
#include "network/tensor.h"

namespace dlasim::conformance {

/// The checksum of one operator's output, to find the first operator that is wrong.
struct TensorChecksum {
  std::int64_t tensor = 0;  ///< index in the model file
  std::string name;
  network::DType dtype = network::DType::kInt8;
  network::Shape shape;
  std::uint32_t crc32 = 0;  ///< zlib's CRC-32 of the row-major little-endian bytes
};

/// One case: paths are absolute or relative to the working directory, ready to open.
struct NetworkVector {
  std::string name;
  std::string source;
  std::filesystem::path model;
  std::string model_format;  ///< as written ("nam", ...), or the model's file extension without the dot
  std::vector<std::filesystem::path> inputs, outputs;
  /// Present where the file names a rounding: kDouble or kSingle.
  std::optional<network::RequantRule> rounding;
  std::vector<TensorChecksum> checksums;    ///< in execution order; may be empty
  std::vector<std::string> operators;       ///< kinds in the model; may be empty
  std::optional<double> tolerance_max_abs;  ///< of a floating-point run
};

/// Reads one network.json. Throws base::InputError with the file and the field. File names must be plain:
/// a vector cannot point outside its directory.
NetworkVector read_network_vector(const std::filesystem::path& file);

/// As above from parsed JSON.
NetworkVector parse_network_vector(const nlohmann::json& document, const std::filesystem::path& file);

}  // namespace dlasim::conformance
