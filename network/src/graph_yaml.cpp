/// The form `graph` of a network description: every tensor and node with all its attributes.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/npy.h"
#include "graph_fields.h"
#include "network/npy_tensor.h"
#include "network/shape_inference.h"
#include "network_reader.h"

namespace dlasim::network {
namespace {

using base::YamlNode;

constexpr int kMostAxes = 8;

constexpr std::array kDTypes{
    base::Choice<DType>{"float32", DType::kFloat32}, base::Choice<DType>{"int4", DType::kInt4},
    base::Choice<DType>{"int8", DType::kInt8},       base::Choice<DType>{"uint8", DType::kUInt8},
    base::Choice<DType>{"int16", DType::kInt16},     base::Choice<DType>{"int32", DType::kInt32},
    base::Choice<DType>{"int64", DType::kInt64},     base::Choice<DType>{"bool", DType::kBool}};

/// Every operator with its kind set and its attributes at their defaults.
const std::map<std::string, Operation, std::less<>>& operations() {
  static const auto kOperations = [] {
    std::vector<Operation> list{op::Conv2d{},
                                op::DepthwiseConv2d{},
                                op::TransposeConv2d{},
                                op::FullyConnected{},
                                op::BatchMatmul{},
                                op::Softmax{},
                                op::Slice{},
                                op::Concat{},
                                op::Pad{},
                                op::Transpose{},
                                op::Reshape{},
                                op::Quantize{},
                                op::Dequantize{},
                                op::SpaceToBatch{},
                                op::BatchToSpace{},
                                op::Svdf{},
                                op::Lstm{},
                                op::FakeQuantize{},
                                op::Clip{}};
    using Binary = op::Binary::Kind;
    for (const auto kind : {Binary::kAdd, Binary::kSub, Binary::kMul, Binary::kMinimum, Binary::kMaximum}) {
      list.emplace_back(op::Binary{kind, FusedActivation::kNone});
    }
    for (const auto kind : {op::Pool2d::Kind::kAverage, op::Pool2d::Kind::kMax}) {
      op::Pool2d pool;
      pool.kind = kind;
      list.emplace_back(pool);
    }
    for (const auto kind : {op::Reduce::Kind::kMean, op::Reduce::Kind::kSum}) {
      list.emplace_back(op::Reduce{kind, {}, false});
    }
    for (int kind = 0; kind <= static_cast<int>(op::Unary::Kind::kPRelu); ++kind) {
      list.emplace_back(op::Unary{static_cast<op::Unary::Kind>(kind), {}});
    }
    std::map<std::string, Operation, std::less<>> result;
    for (Operation& operation : list) {
      std::string key(name(operation));
      result.emplace(std::move(key), std::move(operation));
    }
    return result;
  }();
  return kOperations;
}

float as_float(const YamlNode& node) {
  const auto value = static_cast<float>(node.as_double());
  if (!std::isfinite(value)) node.fail("does not fit float32");
  return value;
}

void check_affine(const YamlNode& node, const Affine& affine) {
  const bool positive = std::all_of(affine.scale.begin(), affine.scale.end(),
                                    [](float s) { return s > 0.0F && std::isfinite(s); });
  if (affine.scale.empty() || !positive || affine.scale.size() != affine.zero_point.size()) {
    node.fail("scales must be above 0 and as many as zero points");
  }
}

Affine read_affine(const YamlNode& node) {
  Affine affine;
  for (const YamlNode& s : node.at("scale").items()) affine.scale.push_back(as_float(s));
  affine.zero_point = node.get_ints("zero_point");
  affine.axis = static_cast<int>(node.get_int_or("axis", -1, -1, kMostAxes));
  check_affine(node, affine);
  return affine;
}

/// Reads the attributes that are given.
struct AttributeReader {
  const YamlNode& node;

  template <class T>
  void operator()(std::string_view key, T& member) const {
    if (const auto value = node.find(key)) read(*value, member);
  }

  static void read(const YamlNode& n, std::int64_t& m) { m = n.as_int(-kLargestSize, kLargestSize); }
  static void read(const YamlNode& n, int& m) { m = static_cast<int>(n.as_int(-1, kMostAxes)); }
  static void read(const YamlNode& n, bool& m) { m = n.as_bool(); }
  static void read(const YamlNode& n, float& m) { m = as_float(n); }
  static void read(const YamlNode& n, double& m) { m = n.as_double(); }
  static void read(const YamlNode& n, std::optional<std::int64_t>& m) { m = n.as_int(); }
  static void read(const YamlNode& n, FusedActivation& m) {
    m = n.as_enum(std::span<const base::Choice<FusedActivation>>(kActivationNames));
  }
  static void read(const YamlNode& n, Pair& m) {
    const auto values = n.as_ints(0, kLargestSize);
    if (values.size() != m.size()) n.fail("needs two entries");
    std::copy(values.begin(), values.end(), m.begin());
  }
  static void read(const YamlNode& n, Padding& m) {
    const auto edge = [&](std::string_view key) { return n.get_int_or(key, 0, -kLargestSize, kLargestSize); };
    m = {.top = edge("top"), .left = edge("left"), .bottom = edge("bottom"), .right = edge("right")};
  }
  static void read(const YamlNode& n, std::vector<std::int64_t>& m) {
    m = n.as_ints(-kLargestSize, kLargestSize);
  }
  static void read(const YamlNode& n, std::vector<double>& m) { m = n.as_doubles(); }
  static void read(const YamlNode& n, std::vector<int>& m) {
    m.clear();
    for (const std::int64_t v : n.as_ints(0, kMostAxes)) m.push_back(static_cast<int>(v));
  }
  static void read(const YamlNode& n, std::vector<Affine>& m) {
    m.clear();
    for (const YamlNode& item : n.items()) m.push_back(read_affine(item));
  }
};

/// The arrays of the .npz, each used once.
class Arrays {
 public:
  explicit Arrays(const YamlNode& network) : place_(network) {
    if (const auto weights = network.find("weights")) {
      file_ = weights->as_path();
      arrays_ = base::read_npz(file_);
    }
  }
  base::NpyArray take(const YamlNode& where, const std::string& name) {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) where.fail("array '" + name + "' is missing in the weights");
    base::NpyArray array = std::move(found->second);
    arrays_.erase(found);
    return array;
  }
  std::string place_of(const std::string& name) const { return file_.string() + ": array '" + name + "'"; }
  void finish() const {
    if (!arrays_.empty()) place_.fail(place_of(arrays_.begin()->first) + " is not used");
  }

 private:
  YamlNode place_;
  std::filesystem::path file_;
  base::NpzArrays arrays_;
};

class GraphReader {
 public:
  explicit GraphReader(Arrays& arrays) : arrays_(arrays) {}

  Graph read(const YamlNode& node) {
    for (const YamlNode& tensor : node.at("tensors").items()) read_tensor(tensor);
    written_.resize(graph_.tensors.size());
    for (std::size_t i = 0; i < written_.size(); ++i) written_[i] = graph_.tensors[i].constant.has_value();
    for (const YamlNode& input : node.at("inputs").items()) {
      const TensorId id = tensor_of(input);
      mark_written(input, id);
      graph_.inputs.push_back(id);
    }
    for (const YamlNode& item : node.at("nodes").items()) read_node(item);
    for (const YamlNode& output : node.at("outputs").items()) {
      const TensorId id = tensor_of(output);
      if (!written_[static_cast<std::size_t>(id)]) output.fail("nothing writes this tensor");
      graph_.outputs.push_back(id);
    }
    try {
      check_shapes(graph_);
    } catch (const base::InputError& e) {
      node.fail(e.what());
    }
    return std::move(graph_);
  }

 private:
  TensorId tensor_of(const YamlNode& node) const {
    const std::string text = node.as_string();
    if (text.empty()) return kNoTensor;
    const auto found = ids_.find(text);
    if (found == ids_.end()) node.fail("there is no tensor '" + text + "'");
    return found->second;
  }

  void mark_written(const YamlNode& node, TensorId id) {
    if (id == kNoTensor) node.fail("needs a tensor");
    if (written_[static_cast<std::size_t>(id)]) node.fail("this tensor is written twice");
    written_[static_cast<std::size_t>(id)] = true;
  }

  void read_tensor(const YamlNode& node) {
    TensorInfo info;
    info.name = node.get_string("name");
    info.dtype = node.get_enum<DType>("dtype", kDTypes);
    info.shape = node.get_ints("shape", 0, kLargestSize);
    if (info.shape.size() > kMostAxes) node.fail("more than 8 dimensions");
    if (element_count(info.shape) > kLargestSize)
      node.fail("shape " + to_string(info.shape) + " is too large");
    read_tensor_affine(node, info);
    if (node.get_bool_or("constant", false)) info.constant = read_constant(node, info);
    if (info.name.empty() || !ids_.emplace(info.name, static_cast<TensorId>(graph_.tensors.size())).second) {
      node.fail("tensor name '" + info.name + "' is empty or given twice");
    }
    graph_.add_tensor(std::move(info));
  }

  void read_tensor_affine(const YamlNode& node, TensorInfo& info) {
    Affine affine;
    if (const auto scale = node.find("scale")) {
      affine = {{as_float(*scale)}, {node.get_int_or("zero_point", 0)}, -1};
    } else if (node.has("axis")) {
      affine.axis =
          static_cast<int>(node.get_int("axis", -1, static_cast<std::int64_t>(info.shape.size()) - 1));
      const base::NpyArray scales = arrays_.take(node, info.name + ".scale");
      const base::NpyArray zero_points = arrays_.take(node, info.name + ".zero_point");
      affine.scale.assign(scales.as<float>().begin(), scales.as<float>().end());
      affine.zero_point = zero_points.to_integers();
      if (affine.axis >= 0 && static_cast<std::int64_t>(affine.scale.size()) !=
                                  info.shape[static_cast<std::size_t>(affine.axis)]) {
        node.fail(std::to_string(affine.scale.size()) + " scales along axis " + std::to_string(affine.axis));
      }
    } else {
      return;
    }
    check_affine(node, affine);
    info.affine = std::move(affine);
  }

  Tensor read_constant(const YamlNode& node, const TensorInfo& info) {
    Tensor stored = tensor_from_npy(arrays_.take(node, info.name), arrays_.place_of(info.name));
    const DType stored_as = info.dtype == DType::kInt4 ? DType::kInt8 : info.dtype;
    if (stored.dtype() != stored_as || stored.shape() != info.shape) {
      node.fail(arrays_.place_of(info.name) + " is " + std::string(network::name(stored.dtype())) + " " +
                to_string(stored.shape()));
    }
    if (info.dtype != DType::kInt4) return stored;
    Tensor codes(DType::kInt4, info.shape);
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const std::int64_t v = stored.integer(i);
      if (v < lowest(DType::kInt4) || v > highest(DType::kInt4)) node.fail("an element does not fit int4");
      codes.set_integer(i, v);
    }
    return codes;
  }

  void read_node(const YamlNode& node) {
    Node result;
    result.name = node.get_string("name");
    if (!names_.insert(result.name).second) node.fail("node name '" + result.name + "' is given twice");
    std::vector<base::Choice<const Operation*>> choices;
    for (const auto& [key, operation] : operations()) choices.push_back({key, &operation});
    result.operation = *node.get_enum<const Operation*>("op", choices);
    std::visit([&](auto& o) { for_each_field(o, AttributeReader{node}); }, result.operation);
    for (const YamlNode& input : node.at("inputs").items()) {
      const TensorId id = tensor_of(input);
      if (id != kNoTensor && !written_[static_cast<std::size_t>(id)])
        input.fail("nothing before writes this tensor");
      result.inputs.push_back(id);
    }
    if (result.inputs.empty()) node.fail("needs inputs");
    const auto outputs = node.at("outputs").items();
    if (outputs.size() != 1) node.fail("needs exactly one output");
    mark_written(outputs[0], tensor_of(outputs[0]));
    result.outputs = {tensor_of(outputs[0])};
    node.finish();
    graph_.nodes.push_back(std::move(result));
  }

  Arrays& arrays_;
  Graph graph_;
  std::map<std::string, TensorId> ids_;
  std::set<std::string> names_;
  std::vector<bool> written_;
};

}  // namespace

Graph read_graph(const YamlNode& network) {
  Arrays arrays(network);
  Graph graph = GraphReader(arrays).read(network.at("graph"));
  arrays.finish();
  return graph;
}

}  // namespace dlasim::network
