#pragma once
/// Activations that an operator before them can take over.

#include <optional>

#include "network/graph.h"

namespace dlasim::network {

/// What the activation slot of the operator before would say in place of `operation`; nothing where no slot
/// can.
inline std::optional<FusedActivation> fusable_activation(const Operation& operation) {
  const auto* unary = std::get_if<op::Unary>(&operation);
  if (unary == nullptr) return std::nullopt;
  switch (unary->kind) {
    case op::Unary::Kind::kRelu:
      return FusedActivation::kRelu;
    case op::Unary::Kind::kRelu6:
      return FusedActivation::kRelu6;
    case op::Unary::Kind::kReluN1To1:
    case op::Unary::Kind::kHardtanh:
      return FusedActivation::kReluN1To1;
    default:
      return std::nullopt;
  }
}

}  // namespace dlasim::network
