#pragma once
/// Where the YAML reader gets weights from.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/npy.h"
#include "base/random.h"
#include "base/yaml.h"
#include "network/tensor.h"

namespace dlasim::network {

/// Named float32 arrays.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  /// The array, which must have this shape and finite elements; nothing if there is none. `fan_in` is the
  /// number of products in one output: the scale of random weights.
  virtual std::optional<Tensor> find(const std::string& name, const Shape& shape, std::int64_t fan_in) = 0;
  /// The shape of the array if the source decides it, else nothing.
  virtual std::optional<Shape> shape_of(const std::string& name) = 0;
  /// Like `find`, for an array that must be there.
  virtual Tensor require(const std::string& name, const Shape& shape, std::int64_t fan_in) = 0;
  /// Accepts an array that may be there although nobody reads it.
  virtual void ignore(const std::string& name) = 0;
  /// Refuses arrays that nobody asked for.
  virtual void finish() const = 0;
};

/// The key `weights` of a network, which may be missing as long as nobody asks for an array.
std::unique_ptr<WeightSource> open_weights(const base::YamlNode& network);

}  // namespace dlasim::network
