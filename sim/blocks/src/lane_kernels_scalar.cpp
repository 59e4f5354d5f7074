#define DLA_LANE_KERNELS_NAMESPACE scalar
#include "lane_kernels.inl.h"
