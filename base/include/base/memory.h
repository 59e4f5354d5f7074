#pragma once
/// Large buffers.

#include <cstddef>

namespace dlasim::base {

/// Asks for large pages under a buffer of many MB that has not been written yet: the faults of small ones
/// take longer than filling it. Does nothing where the system has none.
void prefer_large_pages(void* begin, std::size_t bytes);

}  // namespace dlasim::base
