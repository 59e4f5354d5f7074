// The value of an ExMy code: number_formats.md section 4. Combinational.
module minifloat_decoder #(
  parameter int unsigned Exp          = 4,
  parameter int unsigned Man          = 3,
  parameter int          Bias         = 7,
  parameter int unsigned ExpZero      = 0,   // 0 subnormal, 1 zero, 2 normal
  parameter int unsigned Specials     = 0,   // 0 ieee, 1 fn, 2 none
  parameter int unsigned ExponentBits = 16
) (
  input  logic [Exp+Man:0]               code_i,
  output logic                           nan_o,
  output logic                           infinity_o,
  output logic                           negative_o,
  output logic [Man:0]                   significand_o,
  output logic signed [ExponentBits-1:0] exponent_o  // of the significand's last place
);
  localparam int unsigned Bits = Exp + Man;
  localparam logic [Bits-1:0] AllOnes  = '1;
  localparam logic [Bits-1:0] Infinity = AllOnes << Man;

  wire [Bits-1:0] magnitude = code_i[Bits-1:0];
  wire [Exp-1:0]  field     = code_i[Bits-1:Man];
  wire [Man:0]    mantissa  = (Man + 1)'(magnitude & ~Infinity);
  wire subnormal = field == '0 && ExpZero == 0;
  wire empty     = field == '0 && (ExpZero == 1 || mantissa == '0);  // a zero, or no leading one

  assign nan_o         = Specials == 0 ? magnitude > Infinity : Specials == 1 && magnitude == AllOnes;
  assign infinity_o    = Specials == 0 && magnitude == Infinity;
  assign negative_o    = code_i[Bits] & !nan_o;
  assign significand_o = nan_o | infinity_o | empty ? '0 : subnormal ? mantissa : mantissa | ((Man + 1)'(1) << Man);
  assign exponent_o    = ExponentBits'(field) + ExponentBits'(subnormal) - ExponentBits'(Bias) - ExponentBits'(Man);
endmodule
