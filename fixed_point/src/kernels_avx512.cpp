#define DLA_ISA avx512
#include "requantize_row_kernels.h"
