// Exact sum of two minifloat values: number_formats.md section 1; a truncation unit follows. Combinational.
//
// Both are aligned to the last place of the smaller exponent, which costs Span bits for a format whose exponents
// span that many: exact without a sticky bit, so that whatever format follows may round as it likes.
module minifloat_adder #(
  parameter int unsigned InBits       = 4,   // significands
  parameter int unsigned Span         = 16,  // largest difference of the exponents
  parameter int unsigned ExponentBits = 16
) (
  input  logic                           a_nan_i,
  input  logic                           a_infinity_i,
  input  logic                           a_negative_i,
  input  logic [InBits-1:0]              a_significand_i,
  input  logic signed [ExponentBits-1:0] a_exponent_i,
  input  logic                           b_nan_i,
  input  logic                           b_infinity_i,
  input  logic                           b_negative_i,
  input  logic [InBits-1:0]              b_significand_i,
  input  logic signed [ExponentBits-1:0] b_exponent_i,
  output logic                           nan_o,
  output logic                           infinity_o,
  output logic                           negative_o,
  output logic [InBits+Span:0]           significand_o,
  output logic signed [ExponentBits-1:0] exponent_o
);
  localparam int unsigned Bits      = InBits + Span + 1;
  localparam int unsigned ShiftBits = Span == 0 ? 1 : $clog2(Span + 1);

  wire signed [ExponentBits-1:0] distance = a_exponent_i - b_exponent_i;
  wire a_is_higher = !distance[ExponentBits-1];
  wire [ShiftBits-1:0] shift = a_is_higher ? ShiftBits'(distance) : ShiftBits'(-distance);
  wire [Bits-1:0] a = a_is_higher ? Bits'(a_significand_i) << shift : Bits'(a_significand_i);
  wire [Bits-1:0] b = a_is_higher ? Bits'(b_significand_i) : Bits'(b_significand_i) << shift;
  wire opposite = a_negative_i ^ b_negative_i;
  wire a_wins   = a >= b;

  assign nan_o         = a_nan_i | b_nan_i | (a_infinity_i & b_infinity_i & opposite);
  assign infinity_o    = (a_infinity_i | b_infinity_i) & !nan_o;
  assign significand_o = !opposite ? a + b : a_wins ? a - b : b - a;
  assign exponent_o    = a_is_higher ? b_exponent_i : a_exponent_i;

  always_comb begin
    if (nan_o)             negative_o = 1'b0;
    else if (a_infinity_i) negative_o = a_negative_i;
    else if (b_infinity_i) negative_o = b_negative_i;
    else if (!opposite)    negative_o = a_negative_i;  // -0 + -0 too
    else                   negative_o = a != b && (a_wins ? a_negative_i : b_negative_i);
  end
endmodule
