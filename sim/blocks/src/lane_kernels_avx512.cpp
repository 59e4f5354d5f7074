#define DLA_LANE_KERNELS_NAMESPACE avx512
#include "lane_kernels.inl.h"
