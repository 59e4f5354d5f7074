// Exact sum of two DFP codes as sign and magnitude: number_formats.md section 1; a truncation unit follows.
// Combinational. Their fractional lengths differ by Alignment places at most.
module dfp_adder #(
  parameter int unsigned ABits        = 16,
  parameter int unsigned BBits        = 16,
  parameter int unsigned Alignment    = 16,
  parameter int unsigned LengthBits   = 9,
  parameter int unsigned ExponentBits = 13,
  parameter int unsigned SumBits      = (ABits > BBits ? ABits : BBits) + Alignment + 1
) (
  input  logic signed [ABits-1:0]        a_code_i,
  input  logic signed [LengthBits-1:0]   a_length_i,
  input  logic signed [BBits-1:0]        b_code_i,
  input  logic signed [LengthBits-1:0]   b_length_i,
  output logic                           negative_o,
  output logic [SumBits-1:0]             significand_o,
  output logic signed [ExponentBits-1:0] exponent_o
);
  localparam int unsigned ShiftBits = $clog2(Alignment + 1) + 1;

  // The term of the shorter fraction goes to the left.
  wire signed [LengthBits:0] longer_by = (LengthBits + 1)'(a_length_i) - (LengthBits + 1)'(b_length_i);
  wire b_is_shorter = !longer_by[LengthBits];
  wire [LengthBits:0]  distance = b_is_shorter ? longer_by : -longer_by;
  wire [ShiftBits-1:0] shift    = ShiftBits'(distance);
  wire signed [SumBits-1:0] a   = b_is_shorter ? SumBits'(a_code_i) : SumBits'(a_code_i) << shift;
  wire signed [SumBits-1:0] b   = b_is_shorter ? SumBits'(b_code_i) << shift : SumBits'(b_code_i);
  wire signed [SumBits-1:0] sum = a + b;

  assign negative_o    = sum[SumBits-1];
  assign significand_o = negative_o ? -sum : sum;
  assign exponent_o    = b_is_shorter ? -(ExponentBits'(a_length_i)) : -(ExponentBits'(b_length_i));
endmodule
