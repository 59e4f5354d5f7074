#define DLA_PRODUCT_NAMESPACE avx2
#include "product_kernels.inl.h"
