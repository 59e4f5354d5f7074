#define DLA_ISA baseline
#define DLA_VECTOR_BYTES 16
#include "vector_isa.h"
// The above first: it defines the vectors of the kernels below. The walk over rows before what walks.
#include "narrow_rows.h"
// The kernels.
#include "carrier_kernels.h"
#include "fixed_kernels.h"
#include "float_kernels.h"
#include "requantize_row_kernels.h"
