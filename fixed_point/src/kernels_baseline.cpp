#define DLA_ISA baseline
#include "requantize_row_kernels.h"
