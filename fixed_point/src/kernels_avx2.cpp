#define DLA_ISA avx2
#include "carrier_kernels.h"
#include "requantize_row_kernels.h"
