#define DLA_ISA avx512
#include "carrier_kernels.h"
#include "requantize_row_kernels.h"
