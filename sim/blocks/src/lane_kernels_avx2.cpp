#define DLA_LANE_KERNELS_NAMESPACE avx2
#include "lane_kernels.inl.h"
