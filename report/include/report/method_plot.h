#pragma once
/// The candidates of `dlasim quantize --compare` as a picture.

#include <optional>
#include <string>
#include <vector>

namespace dlasim::report {

/// What one way to quantise achieves in each layer.
struct MethodCurve {
  std::string method;
  std::vector<std::optional<double>> sqnr_db;  ///< by layer; none: not compared; infinite: exact
};

/// SQNR over the layers in execution order, a line a method: a line that falls shows where it loses. `layers`
/// are the names; every curve has as many entries.
std::string to_svg(const std::string& title, const std::vector<std::string>& layers,
                   const std::vector<MethodCurve>& curves);

}  // namespace dlasim::report
