#define DLA_ISA baseline
#include "carrier_kernels.h"
#include "requantize_row_kernels.h"
