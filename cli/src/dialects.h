#pragma once
/// One network under the requantisations of every dialect.

#include <functional>
#include <optional>
#include <string_view>

#include "golden_run.h"
#include "network/quantized_graph.h"
#include "report/dialect_report.h"
#include "session.h"

namespace dlasim::cli {

/// "double", "single", "pytorch", "int64".
std::string_view name(network::RequantRule rule);

/// The multiply-accumulate parameters of an operator, or nullptr.
const network::qop::MacParameters* mac_of(const network::QuantizedOperation& operation);

/// How an operator requantises one number: a multiply-accumulate layer its sum, a product the product. None
/// for other operators.
std::optional<network::qop::MacParameters> requantisation_of(const network::QuantizedOperation& operation);

/// The node of the network's own graph that another dialect's graph has under the same name with the same
/// operands and output, or nullptr.
const network::QuantizedNode* same_node(const network::QuantizedGraph& graph,
                                        const network::QuantizedNode& node);

/// The network lowered again by another rule. Throws base::UnsupportedError for number formats, which have no
/// requantisation.
network::QuantizedGraph lowered_by(const Session& session, const QuantizedNetwork& network,
                                   network::RequantRule rule);

/// `dlasim study --dialects`: every layer in every dialect on the inputs that it has in the network's own,
/// and the whole network in each.
report::DialectReport compare_dialects(const Session& session, const QuantizedNetwork& network);

}  // namespace dlasim::cli
