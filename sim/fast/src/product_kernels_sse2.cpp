#define DLA_PRODUCT_NAMESPACE sse2
#include "product_kernels.inl.h"
