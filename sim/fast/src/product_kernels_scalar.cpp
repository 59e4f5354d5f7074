#define DLA_NO_VECTORS
#define DLA_PRODUCT_NAMESPACE scalar
#include "product_kernels.inl.h"
