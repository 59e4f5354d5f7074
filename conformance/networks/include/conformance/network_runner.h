#pragma once
/// Runs network vectors: a whole model, imported, lowered and computed.

#include "conformance/engine.h"
#include "conformance/verify.h"

namespace dlasim::conformance {

/// For Verifier::handle_networks. What a model's format asks for:
/// - `tflite`: import, lower with the vector's rounding, run on `engine`; every output bit must agree. A
/// failure names
///   the first tensor whose checksum differs, where the vector has `tensor_crc32`.
/// - `nam`, `classic-wavenet/1`: the float reference, from zero state and prewarmed, within
/// `tolerance.max_abs`;
///   `model_original` too where there is one. `engine` takes no part.
/// Other formats are unsupported. `engine` must outlive the handler.
VectorHandler network_handler(const Engine& engine);

}  // namespace dlasim::conformance
