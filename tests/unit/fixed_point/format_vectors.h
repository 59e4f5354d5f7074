#pragma once
/// Reads the `number_format` conformance vectors for the tests: formats, values and codes as vectors.md
/// writes them.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "fixed_point/exact.h"
#include "fixed_point/format.h"
#include "fixed_point/reduce.h"

namespace dlasim::fixed_point {

/// For messages of EXPECT_: what vectors.md would write.
std::string to_string(const Exact& v);
inline void PrintTo(const Exact& v, std::ostream* os) {
  *os << to_string(v);
}

namespace vectors {

using Json = nlohmann::json;

/// The files of one kind ("decode", "dot", ...); empty where the vectors are absent.
std::vector<std::filesystem::path> files(const std::string& kind);
Json load(const std::filesystem::path& path);

Format format(const Json& j);
Exact value(const Json& j);
std::uint64_t code(const Json& j);

StagedFormats staged_formats(const Json& points);
Activation activation(const Json& j);

}  // namespace vectors
}  // namespace dlasim::fixed_point
