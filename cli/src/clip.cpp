#include "clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <span>

#include "base/error.h"
#include "base/npy.h"
#include "base/random.h"
#include "base/wav.h"
#include "network/audio.h"
#include "quantize/affine.h"

namespace dlasim::cli {
namespace {

using base::Choice;
using base::YamlNode;
using network::Tensor;

/// What `read` makes of the file that `node` names; its errors say where the file is named.
template <class Read>
auto read_named(const YamlNode& node, Read read) {
  const std::filesystem::path file = node.as_path();
  try {
    return read(file);
  } catch (const base::InputError& e) {
    node.fail(e.what());
  }
}

constexpr std::array kEncodings{Choice<Encoding>{"one_hot", Encoding::kOneHot},
                                Choice<Encoding>{"scalar", Encoding::kScalar},
                                Choice<Encoding>{"centred", Encoding::kCentred}};

/// (code - classes/2) / (classes/2): silence is exactly 0.
Tensor centred_input(std::span<const int> codes, int classes) {
  Tensor input(network::DType::kFloat32, {1, 1, static_cast<std::int64_t>(codes.size()), 1});
  const float half = static_cast<float>(classes) / 2.0F;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    input.data<float>()[i] = (static_cast<float>(codes[i]) - half) / half;
  }
  return input;
}

/// The number of positions to use of `available` ones.
std::size_t shortened(std::size_t available, std::optional<std::int64_t> most) {
  if (!most) return available;
  if (*most < 1 || *most > static_cast<std::int64_t>(available)) {
    throw base::InputError(fmt::format("--samples: {} is not between 1 and {}", *most, available));
  }
  return static_cast<std::size_t>(*most);
}

/// Code t + 1 is what the network shall say at position t.
Clip read_codes(const YamlNode& node, const CodeAlphabet& alphabet, std::optional<std::int64_t> most) {
  const auto array = read_named(node, base::read_npy);
  const std::vector<std::int64_t> values = array.to_integers();
  if (array.shape.size() != 1 || values.size() < 2) {
    node.fail(fmt::format("'{}' has shape {}, but a list of at least 2 codes is needed",
                          node.as_path().string(), base::npy_shape_text(array.shape)));
  }
  const std::size_t count = shortened(values.size() - 1, most);
  std::vector<int> codes;
  Clip clip;
  for (std::size_t t = 0; t <= count; ++t) {
    if (values[t] < 0 || values[t] >= alphabet.classes) {
      node.fail(fmt::format("'{}': code {} at {} is not between 0 and {}", node.as_path().string(), values[t],
                            t, alphabet.classes - 1));
    }
    if (t < count) codes.push_back(static_cast<int>(values[t]));
    if (t > 0) clip.labels.push_back(values[t]);
  }
  clip.inputs.push_back(encode(codes, alphabet));
  clip.alphabet = alphabet;
  return clip;
}

Clip read_audio(const YamlNode& node, std::optional<std::int64_t> most) {
  const base::Wav wav = read_named(node, base::read_wav);
  const auto channels = static_cast<std::size_t>(wav.channels);
  const std::size_t frames = wav.samples.size() / channels;
  if (frames == 0) node.fail(fmt::format("'{}' has no samples", node.as_path().string()));
  const std::size_t count = shortened(frames, most);
  Tensor input(network::DType::kFloat32, {1, 1, static_cast<std::int64_t>(count), wav.channels});
  std::copy_n(wav.samples.begin(), count * channels, input.data<float>().begin());
  Clip clip;
  clip.inputs.push_back(std::move(input));
  clip.sample_rate = wav.sample_rate;
  return clip;
}

Tensor noise(const network::TensorInfo& info, base::Random& random) {
  if (info.dtype == network::DType::kFloat32) {
    Tensor input(network::DType::kFloat32, info.shape);
    for (float& v : input.data<float>()) v = static_cast<float>(random.normal());
    return input;
  }
  Tensor input(info.dtype, info.shape);
  for (std::int64_t i = 0; i < input.size(); ++i) {
    input.set_integer(i, random.integer(network::lowest(info.dtype), network::highest(info.dtype)));
  }
  return input;
}

/// Integers for an integer input are its codes; reals are rounded to them later, with the tensor's scale.
Tensor input_from_array(const YamlNode& node, const network::TensorInfo& info) {
  const auto array = read_named(node, base::read_npy);
  if (array.shape != info.shape) {
    node.fail(fmt::format("'{}' has shape {}, but input '{}' has {}", node.as_path().string(),
                          base::npy_shape_text(array.shape), info.name, base::npy_shape_text(info.shape)));
  }
  const bool real = array.holds<float>() || array.holds<double>();
  if (real || info.dtype == network::DType::kFloat32) {
    Tensor input(network::DType::kFloat32, info.shape);
    std::ranges::transform(array.to_doubles(), input.data<float>().begin(),
                           [](double v) { return static_cast<float>(v); });
    const auto values = input.data<float>();
    const auto bad = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
    if (bad != values.end()) {
      node.fail(fmt::format("'{}': element {} is {}; inputs must be finite", node.as_path().string(),
                            bad - values.begin(), *bad));
    }
    return input;
  }
  Tensor input(info.dtype, info.shape);
  const std::vector<std::int64_t> values = array.to_integers();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < network::lowest(info.dtype) || values[i] > network::highest(info.dtype)) {
      node.fail(fmt::format("'{}': {} at {} is no {}, which input '{}' holds", node.as_path().string(),
                            values[i], i, network::name(info.dtype), info.name));
    }
    input.set_integer(static_cast<std::int64_t>(i), values[i]);
  }
  return input;
}

}  // namespace

Tensor encode(std::span<const int> codes, const CodeAlphabet& alphabet) {
  switch (alphabet.encoding) {
    case Encoding::kOneHot:
      return network::one_hot_input(codes, alphabet.classes);
    case Encoding::kScalar:
      return network::scalar_input(codes, alphabet.classes);
    case Encoding::kCentred:
      return centred_input(codes, alphabet.classes);
  }
  return {};
}

std::optional<Clip> read_sequence(const YamlNode& node, const YamlNode& data,
                                  std::optional<std::int64_t> most) {
  if (!node.is_map()) return std::nullopt;
  if (node.has("wav")) return read_audio(node.at("wav"), most);
  if (!node.has("codes")) return std::nullopt;
  const auto classes = static_cast<int>(data.get_int_or("classes", 256, 2, 65536));
  const Encoding encoding =
      data.get_enum_or("encoding", Encoding::kOneHot, std::span<const Choice<Encoding>>(kEncodings));
  return read_codes(node.at("codes"), {encoding, classes}, most);
}

Clip read_tensors(const YamlNode& node, const network::Graph& graph) {
  Clip clip;
  if (node.is_map()) {
    base::Random random(static_cast<std::uint64_t>(node.get_int("random", 0)));
    for (const network::TensorId id : graph.inputs) clip.inputs.push_back(noise(graph.tensor(id), random));
    return clip;
  }
  const std::vector<YamlNode> files = node.is_list() ? node.items() : std::vector{node};
  if (files.size() != graph.inputs.size()) {
    node.fail(fmt::format("{} files, but the network has {} inputs", files.size(), graph.inputs.size()));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    clip.inputs.push_back(input_from_array(files[i], graph.tensor(graph.inputs[i])));
  }
  return clip;
}

std::vector<float> read_target(const YamlNode& node, std::int64_t positions) {
  const YamlNode file = node.at("wav");
  const base::Wav wav = read_named(file, base::read_wav);
  const auto channels = static_cast<std::size_t>(wav.channels);
  const auto count = static_cast<std::size_t>(positions);
  if (wav.samples.size() / channels < count) {
    file.fail(fmt::format("'{}' has {} samples, fewer than the {} of the test clip", file.as_path().string(),
                          wav.samples.size() / channels, count));
  }
  std::vector<float> target(count);
  for (std::size_t i = 0; i < count; ++i) target[i] = wav.samples[i * channels];
  return target;
}

}  // namespace dlasim::cli
