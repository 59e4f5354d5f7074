#define DLA_ISA avx2
#include "requantize_row_kernels.h"
