#pragma once
/// f of spec/number_formats.md section 5: the activation of a staged layer, exact.

#include "golden/exact_value.h"
#include "network/number_format.h"

namespace dlasim::golden {

/// f(v). `v` must have at most 64 bits where f multiplies (leaky_relu): the slope has up to 53.
Value apply_function(const network::StagedActivation& function, const Value& v);
WideValue apply_function(const network::StagedActivation& function, const WideValue& v);

/// Throws base::InputError: a slope that is not finite, a nan limit, min above max.
void check_function(const network::StagedActivation& function);

}  // namespace dlasim::golden
