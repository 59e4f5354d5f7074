#pragma once
/// Ranges out of the calibration files of other tools, in place of a calibration of our own.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "network/graph.h"
#include "quantize/calibration.h"

namespace dlasim::quantize {

/// The magnitude of tensors (TensorRT) or of layers' inputs (NCNN), by name.
struct CalibrationTable {
  enum class Key {
    kTensor,      ///< names are tensors'
    kLayerInput,  ///< names are layers'; the value is that of their first input
  };
  Key key = Key::kTensor;
  std::map<std::string, double> magnitude;
};

/// A TensorRT calibration cache: a first line "TRT-<version>-<calibrator>", then "<tensor>: <8 hexadecimal
/// digits>", the big-endian bits of a float32 scale; magnitude = 127 scale. Names may hold colons. Throws
/// base::InputError with file and line.
CalibrationTable parse_tensorrt_cache(std::string_view text, std::string_view where);

/// An NCNN table: lines "<layer> <scale>" for a layer's input, scale = 127 / magnitude, and
/// "<layer>_param_<i> <scale>..." for weights, which are not used: weights are at hand. Throws
/// base::InputError with file and line.
CalibrationTable parse_ncnn_table(std::string_view text, std::string_view where);

/// Either of the two: a first line that begins with "TRT-" tells.
CalibrationTable read_calibration_table(const std::filesystem::path& file);

/// Replaces the ranges of what the table names by {-magnitude, magnitude}; the others stay as they are.
/// Returns how many were replaced. Throws base::InputError for a name that the graph does not have: a table
/// of another network shall not be taken for this one's.
std::size_t apply_calibration_table(const CalibrationTable& table, const network::Graph& graph,
                                    Ranges& ranges);

}  // namespace dlasim::quantize
