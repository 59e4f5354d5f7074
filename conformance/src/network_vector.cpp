#include "conformance/network_vector.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "conformance/json_reader.h"

namespace dlasim::conformance {
namespace {

std::filesystem::path sibling(const JsonReader& field, const std::filesystem::path& file) {
  const std::filesystem::path name(field.string());
  if (name.empty() || name != name.filename() || name == "." || name == "..")
    field.fail("expected the name of a file beside this one, found '" + name.string() + "'");
  return file.parent_path() / name;
}

std::vector<std::filesystem::path> siblings(const JsonReader& field, const std::filesystem::path& file) {
  std::vector<std::filesystem::path> result;
  for (const JsonReader& e : field.elements()) result.push_back(sibling(e, file));
  if (result.empty()) field.fail("expected one file or more");
  return result;
}

network::RequantRule rounding(const JsonReader& field) {
  const std::string text = field.string();
  if (text == "double") return network::RequantRule::kDouble;
  if (text == "single") return network::RequantRule::kSingle;
  field.fail("expected 'double' or 'single', found '" + text + "'");
}

TensorChecksum checksum(const JsonReader& field) {
  TensorChecksum result;
  result.tensor = field.at("tensor").integer();
  result.name = field.at("name").string();
  try {
    result.dtype = network::dtype_from_name(field.at("dtype").string());
  } catch (const base::InputError& e) {
    field.at("dtype").fail(e.what());
  }
  result.shape = field.at("shape").integers();
  result.crc32 = static_cast<std::uint32_t>(
      field.at("crc32").integer_between(0, std::numeric_limits<std::uint32_t>::max()));
  return result;
}

}  // namespace

NetworkVector read_network_vector(const std::filesystem::path& file) {
  return parse_network_vector(read_json(file), file);
}

NetworkVector parse_network_vector(const nlohmann::json& document, const std::filesystem::path& file) {
  const JsonReader root(document, file.string());
  if (root.at("format").string() != "dla-network-vector/1")
    root.at("format").fail("expected 'dla-network-vector/1', found '" + root.at("format").string() + "'");
  NetworkVector vector;
  vector.name = root.at("name").string();
  vector.source = root.at("source").string();
  vector.model = sibling(root.at("model"), file);
  const std::string extension = vector.model.extension().string();
  vector.model_format = root.has("model_format") ? root.at("model_format").string()
                        : extension.empty()      ? std::string()
                                                 : extension.substr(1);
  vector.inputs = siblings(root.at("inputs"), file);
  vector.outputs = siblings(root.at("outputs"), file);
  if (root.has("rounding")) vector.rounding = rounding(root.at("rounding"));
  if (root.has("operators")) vector.operators = root.at("operators").strings();
  if (root.has("tensor_crc32")) {
    for (const JsonReader& e : root.at("tensor_crc32").elements()) vector.checksums.push_back(checksum(e));
  }
  if (root.has("tolerance") && root.at("tolerance").has("max_abs"))
    vector.tolerance_max_abs = root.at("tolerance").at("max_abs").number();
  return vector;
}

}  // namespace dlasim::conformance
