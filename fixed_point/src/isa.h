#pragma once
/// Kernels are compiled once for every instruction set the build knows, each time in a namespace of its own
/// (DLA_ISA), and the best one that the processor has is taken at run time. Code that is compiled more than
/// once must not call inline functions of other headers: the linker keeps one copy of those, and it may be
/// the one with instructions that this processor lacks.

namespace dlasim::fixed_point::detail {

/// The best instruction set of this processor that the build has kernels for.
enum class Isa { kBaseline, kAvx2, kAvx512 };
Isa best_isa() noexcept;

}  // namespace dlasim::fixed_point::detail
