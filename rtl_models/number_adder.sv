// Q[point](a + b) of a minifloat code and an exact number, such as a product that nothing has rounded: their
// multiply-add is fused. Combinational.
module number_adder #(
  parameter logic [63:0] AFormat         = dla_pkg::AccumulatorFormat,
  parameter int unsigned BBits           = 8,   // significand of b
  parameter int          LowestExponent  = -9,  // of b
  parameter int          HighestExponent = 9,
  parameter logic [63:0] Format          = dla_pkg::AccumulatorFormat,
  parameter int unsigned ACodeBits       = dla_pkg::code_bits(AFormat),
  parameter int unsigned CodeBits        = dla_pkg::code_bits(Format)
) (
  input  logic [ACodeBits-1:0]                    a_code_i,
  input  logic                                    b_nan_i,
  input  logic                                    b_infinity_i,
  input  logic                                    b_negative_i,
  input  logic [BBits-1:0]                        b_significand_i,
  input  logic signed [dla_pkg::ExponentBits-1:0] b_exponent_i,
  input  dla_pkg::point_settings_t                settings_i,
  input  logic [31:0]                             draw_i,
  output logic [CodeBits-1:0]                     code_o
);
  localparam int unsigned E      = dla_pkg::ExponentBits;
  localparam int unsigned ABits  = dla_pkg::significand_bits(AFormat);
  localparam int unsigned InBits = ABits > BBits ? ABits : BBits;
  localparam int AAbove = dla_pkg::highest_exponent(AFormat) - LowestExponent;
  localparam int BAbove = HighestExponent - dla_pkg::lowest_exponent(AFormat);
  localparam int unsigned Span    = AAbove > BAbove ? AAbove : BAbove;
  localparam int unsigned SumBits = InBits + Span + 1;

  logic                a_nan, a_infinity, a_negative, nan, infinity, negative;
  logic [ABits-1:0]    a_significand;
  logic [SumBits-1:0]  significand;
  logic signed [E-1:0] a_exponent, exponent;

  number_decoder #(.Format(AFormat)) u_decoder (
    .code_i           (a_code_i),
    .fraction_length_i(8'sd0),
    .nan_o            (a_nan),
    .infinity_o       (a_infinity),
    .negative_o       (a_negative),
    .significand_o    (a_significand),
    .exponent_o       (a_exponent)
  );
  minifloat_adder #(
    .InBits      (InBits),
    .Span        (Span),
    .ExponentBits(E)
  ) u_adder (
    .a_nan_i        (a_nan),
    .a_infinity_i   (a_infinity),
    .a_negative_i   (a_negative),
    .a_significand_i(InBits'(a_significand)),
    .a_exponent_i   (a_exponent),
    .b_nan_i,
    .b_infinity_i,
    .b_negative_i,
    .b_significand_i(InBits'(b_significand_i)),
    .b_exponent_i,
    .nan_o          (nan),
    .infinity_o     (infinity),
    .negative_o     (negative),
    .significand_o  (significand),
    .exponent_o     (exponent)
  );
  point_unit #(
    .Format         (Format),
    .SignificandBits(SumBits)
  ) u_unit (
    .settings_i,
    .nan_i        (nan),
    .infinity_i   (infinity),
    .negative_i   (negative),
    .significand_i(significand),
    .exponent_i   (exponent),
    .draw_i,
    .code_o
  );
endmodule
