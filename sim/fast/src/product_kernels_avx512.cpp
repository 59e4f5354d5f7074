#define DLA_PRODUCT_NAMESPACE avx512
#include "product_kernels.inl.h"
