// The value of a DFP(B, fl) code as sign and magnitude: number_formats.md section 3. Combinational.
module dfp_decoder #(
  parameter int unsigned DfpBits        = 8,
  parameter bit          IsSigned       = 1'b1,
  parameter int unsigned ExponentBits   = 16,
  parameter int unsigned LengthBits     = ExponentBits
) (
  input  logic [DfpBits-1:0]             code_i,
  input  logic signed [LengthBits-1:0]   fraction_length_i,
  output logic                           negative_o,
  output logic [DfpBits-1:0]             significand_o,
  output logic signed [ExponentBits-1:0] exponent_o
);
  assign negative_o    = IsSigned & code_i[DfpBits-1];
  assign significand_o = negative_o ? -code_i : code_i;
  assign exponent_o    = -(ExponentBits'(fraction_length_i));
endmodule
