#pragma once
/// The kinds of number_format vectors that exercise one unit of the golden model.

#include <string>

#include "conformance/json_reader.h"

namespace dlasim::conformance {

/// Whether `test` is one of decode, convert, multiply, add, lfsr, stochastic, mx_convert, choose_fl.
bool is_unit_test(const std::string& test);

/// Runs such a file; empty, or the first difference: "case 12: ...". Throws base::InputError for a file that
/// is not what spec/vectors.md says.
std::string run_unit_test(const std::string& test, const JsonReader& root);

}  // namespace dlasim::conformance
