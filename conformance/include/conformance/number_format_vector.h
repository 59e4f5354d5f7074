#pragma once
/// `number_format` vectors of spec/vectors.md: formats, conversions, dot products and layers of the staged
/// datapath (spec/number_formats.md), compared code by code, value by value, flag by flag.

#include "conformance/engine.h"
#include "conformance/verify.h"

namespace dlasim::conformance {

/// Runs every kind on the golden model's units; `dot`, `mx_dot` and `conv2d` also as graphs on `engine`
/// (golden::run), which must outlive the handler. Where a trace is given, a failure names its first wrong
/// step.
VectorHandler golden_number_format_handler(const Engine& engine);

/// For other engines: `dot`, `mx_dot` and `conv2d` as graphs of one staged node, outputs compared. The kinds
/// that are no layers are unsupported. `engine` must outlive the handler.
VectorHandler engine_number_format_handler(const Engine& engine);

}  // namespace dlasim::conformance
