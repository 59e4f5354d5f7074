// Exact product of two minifloat values: number_formats.md section 1; a truncation unit follows. Combinational.
module minifloat_multiplier #(
  parameter int unsigned ABits        = 4,  // significands
  parameter int unsigned BBits        = 4,
  parameter int unsigned ExponentBits = 16
) (
  input  logic                           a_nan_i,
  input  logic                           a_infinity_i,
  input  logic                           a_negative_i,
  input  logic [ABits-1:0]               a_significand_i,
  input  logic signed [ExponentBits-1:0] a_exponent_i,
  input  logic                           b_nan_i,
  input  logic                           b_infinity_i,
  input  logic                           b_negative_i,
  input  logic [BBits-1:0]               b_significand_i,
  input  logic signed [ExponentBits-1:0] b_exponent_i,
  output logic                           nan_o,
  output logic                           infinity_o,
  output logic                           negative_o,
  output logic [ABits+BBits-1:0]         significand_o,
  output logic signed [ExponentBits-1:0] exponent_o
);
  wire a_zero = a_significand_i == '0 && !a_infinity_i && !a_nan_i;
  wire b_zero = b_significand_i == '0 && !b_infinity_i && !b_nan_i;
  wire any_infinity = a_infinity_i | b_infinity_i;

  assign nan_o         = a_nan_i | b_nan_i | (any_infinity & (a_zero | b_zero));
  assign infinity_o    = any_infinity & !nan_o;
  assign negative_o    = (a_negative_i ^ b_negative_i) & !nan_o;
  assign significand_o = (ABits + BBits)'(a_significand_i) * (ABits + BBits)'(b_significand_i);
  assign exponent_o    = a_exponent_i + b_exponent_i;
endmodule
