#pragma once
/// A row unit on blocks of rows.

#include "fixed_point/kernels.h"

namespace dlasim::fixed_point {

/// out[r][i] = Q(x[r] * w[r][i]); `w` and `out` have the shape of `block`.
void multiply_rows(const RowUnit& unit, const double* x, const double* w, double* out, const LaneBlock& block,
                   EventCounts& events) noexcept;
/// out[i] = Q(0 + v[i])
void add_to_zero(const RowUnit& unit, const double* v, double* out, std::size_t n,
                 EventCounts& events) noexcept;
/// Row i of `out` is Q(row 2i + row 2i+1) of `in`, of a last row without a partner Q(row + 0). `block` is the
/// shape of `in`; `out` may be `in`.
void add_row_pairs(const RowUnit& unit, const double* in, double* out, const LaneBlock& block,
                   EventCounts& events) noexcept;

}  // namespace dlasim::fixed_point
