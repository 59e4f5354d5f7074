#include "weight_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"
#include "network/npy_tensor.h"

namespace dlasim::network {
namespace {

using base::InputError;

class FileWeights : public WeightSource {
 public:
  explicit FileWeights(const std::filesystem::path& file)
      : file_(file.string()), arrays_(base::read_npz(file)) {}

  std::optional<Tensor> find(const std::string& name, const Shape& shape, std::int64_t /*fan_in*/) override {
    asked_.insert(name);
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) return std::nullopt;
    const base::NpyArray& array = found->second;
    if (array.dtype != "f4" && array.dtype != "f8") {
      fail(name, fmt::format("the elements are {}, float32 (f4) is wanted", array.dtype));
    }
    if (array.shape != shape) {
      fail(name, fmt::format("shape {} is wanted, found {}", base::npy_shape_text(shape),
                             base::npy_shape_text(array.shape)));
    }
    Tensor tensor = tensor_from_npy(array, where(name));
    check_finite(name, tensor);
    return tensor;
  }

  std::optional<Shape> shape_of(const std::string& name) override {
    asked_.insert(name);
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) return std::nullopt;
    return found->second.shape;
  }

  Tensor require(const std::string& name, const Shape& shape, std::int64_t fan_in) override {
    auto tensor = find(name, shape, fan_in);
    if (tensor) return *std::move(tensor);
    fail(name,
         fmt::format("is missing; shape {} is wanted{}", base::npy_shape_text(shape), suggestion(name)));
  }

  void ignore(const std::string& name) override { asked_.insert(name); }

  void finish() const override {
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    for (const auto& [name, array] : arrays_) {
      if (asked_.contains(name)) continue;
      const std::string nearest = base::nearest_name(name, known);
      fail(name, "is not used by this network" +
                     (nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
    }
  }

 private:
  std::string where(const std::string& name) const { return fmt::format("{}: array '{}'", file_, name); }

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    throw InputError(fmt::format("{}: {}", where(name), what));
  }

  void check_finite(const std::string& name, const Tensor& tensor) const {
    std::size_t i = 0;
    for (const float v : tensor.data<float>()) {
      if (!std::isfinite(v)) fail(name, fmt::format("element {} is {}; weights must be finite", i, v));
      ++i;
    }
  }

  /// An array of the file that may have been meant. One that differs in its number only is another layer's.
  std::string suggestion(const std::string& name) const {
    std::vector<std::string> unused;
    for (const auto& [other, array] : arrays_) {
      if (!asked_.contains(other) && without_digits(other) != without_digits(name)) unused.push_back(other);
    }
    const std::string nearest = base::nearest_name(name, unused);
    return nearest.empty() ? "" : fmt::format("; the file has '{}'", nearest);
  }

  static std::string without_digits(std::string text) {
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
  }

  std::string file_;
  base::NpzArrays arrays_;
  std::set<std::string> asked_;
};

/// Normal weights whose outputs have the variance of the inputs; small biases. Each array's numbers depend on
/// the seed and its name only, so that a changed layer leaves the others as they are.
class RandomWeights : public WeightSource {
 public:
  explicit RandomWeights(base::YamlNode node)
      : node_(std::move(node)), random_(static_cast<std::uint64_t>(node_.get_int("random", 0))) {}

  std::optional<Tensor> find(const std::string& name, const Shape& shape, std::int64_t fan_in) override {
    return require(name, shape, fan_in);
  }

  std::optional<Shape> shape_of(const std::string& /*name*/) override { return std::nullopt; }

  Tensor require(const std::string& name, const Shape& shape, std::int64_t fan_in) override {
    constexpr double kBiasDeviation = 0.1;
    check_size(name, shape);
    const double deviation =
        shape.size() == 1 ? kBiasDeviation : 1.0 / std::sqrt(static_cast<double>(fan_in));
    base::Random random = random_.split(hash(name));
    Tensor tensor(DType::kFloat32, shape);
    for (float& v : tensor.data<float>()) v = static_cast<float>(random.normal() * deviation);
    return tensor;
  }

  void ignore(const std::string& /*name*/) override {}
  void finish() const override {}

 private:
  void check_size(const std::string& name, const Shape& shape) const {
    constexpr std::int64_t kMostGenerated = std::int64_t{1} << 28;
    std::int64_t left = kMostGenerated;
    for (const std::int64_t d : shape) left /= std::max<std::int64_t>(1, d);
    if (left > 0) return;
    node_.fail(fmt::format("random array '{}': shape {} has more than {} elements", name,
                           base::npy_shape_text(shape), kMostGenerated));
  }

  /// 64-bit FNV-1a.
  static std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325ULL;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return value;
  }

  base::YamlNode node_;
  base::Random random_;
};

class NoWeights : public WeightSource {
 public:
  explicit NoWeights(base::YamlNode network) : network_(std::move(network)) {}

  std::optional<Tensor> find(const std::string&, const Shape&, std::int64_t) override { return std::nullopt; }
  std::optional<Shape> shape_of(const std::string& name) override { refuse(name); }
  Tensor require(const std::string& name, const Shape&, std::int64_t) override { refuse(name); }
  void ignore(const std::string&) override {}
  void finish() const override {}

 private:
  [[noreturn]] void refuse(const std::string& name) const {
    network_.fail(
        fmt::format("array '{}' is wanted; give weights: file.npz or weights: {{random: 1}}", name));
  }

  base::YamlNode network_;
};

}  // namespace

std::unique_ptr<WeightSource> open_weights(const base::YamlNode& network) {
  const auto weights = network.find("weights");
  if (!weights) return std::make_unique<NoWeights>(network);
  if (weights->is_map()) return std::make_unique<RandomWeights>(*weights);
  const std::filesystem::path file = weights->as_path();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    weights->fail(fmt::format("{}: there is no such file", file.string()));
  }
  return std::make_unique<FileWeights>(file);
}

}  // namespace dlasim::network
