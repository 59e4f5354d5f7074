#pragma once
/// Changing a value that the waves show: for faults on purpose.

#include <cstdint>
#include <functional>
#include <string>

#include "sim/trace/accelerator_view.h"

namespace dlasim::sim::trace {

/// The value's bits, sign-extended to 64, to those that it is to have.
using SignalChange = std::function<std::int64_t(std::int64_t value)>;

/// Applies `change` to the field or lane `signal` of the beat that `block` offers. Nothing happens while
/// there is no beat. The blocks behind `view` must not be const.
void change_signal(const AcceleratorView& view, const std::string& block, const std::string& signal,
                   const SignalChange& change);

}  // namespace dlasim::sim::trace
