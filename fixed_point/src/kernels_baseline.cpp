#define DLA_ISA baseline
#define DLA_VECTOR_BYTES 16
#include "vector_isa.h"
// The above first: it defines the vectors of the kernels below.
#include "carrier_kernels.h"
#include "requantize_row_kernels.h"
