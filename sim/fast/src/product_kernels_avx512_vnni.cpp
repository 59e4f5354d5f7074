#define DLA_PRODUCT_NAMESPACE avx512_vnni
#include "product_kernels.inl.h"
