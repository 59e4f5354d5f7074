#pragma once
/// What the accelerator and its host run, as data: the compiler refuses by these tables, the support matrix
/// is printed from them, and a test runs a case of each row and refuses one beyond each limit.
///
/// Integer operators only; the staged number formats have rules of their own (docs/number_formats.md).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::compiler {

/// Who computes a node.
enum class Place { kArray, kHost };
std::string_view name(Place place);

/// Element types of one operator's tensors that run together: any input with any weight, bias and output.
struct TypeSupport {
  std::string_view operation;          ///< network::name of the operation
  std::vector<network::DType> input;   ///< of all activation inputs, which agree
  std::vector<network::DType> weight;  ///< empty: the operator has none
  std::vector<network::DType> bias;    ///< empty: the operator has none; an absent bias always runs
  std::vector<network::DType> output;  ///< empty: the same as the input
  Place place = Place::kArray;
};

/// A node in its graph, and the hardware that is to run it.
struct NodeContext {
  const network::QuantizedGraph& graph;
  const network::QuantizedNode& node;
  const arch::Hardware& hardware;
};

/// One attribute of one operator, and the values that run.
struct Limit {
  std::string_view operation;
  std::string_view attribute;  ///< "stride", "weight", ... as messages name it
  std::string_view allowed;    ///< for people: "1..65535"
  /// What the node has where that is not allowed.
  std::optional<std::string> (*violation)(const NodeContext&);
};

/// Every row, sorted by operation.
std::span<const TypeSupport> supported_types();
std::span<const Limit> limits();

/// Who computes the node. Throws base::UnsupportedError "OPERATOR 'NODE': ATTRIBUTE is FOUND; the
/// accelerator runs ALLOWED" for the first row that it breaks.
Place check_support(const NodeContext& context);

/// The matrix as a Markdown page: operators x element types x place, then operators x attributes.
std::string support_page();

}  // namespace dlasim::sim::compiler
