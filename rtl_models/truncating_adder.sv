// Q[point](a + b) of two codes. Combinational.
//
//   codes ─► exact sum ─► truncation unit ─► code
module truncating_adder #(
  parameter logic [63:0] AFormat   = dla_pkg::AccumulatorFormat,
  parameter logic [63:0] BFormat   = dla_pkg::ProductFormat,
  parameter logic [63:0] Format    = dla_pkg::AccumulatorFormat,
  parameter int unsigned Alignment = dla_pkg::Alignment,
  parameter int unsigned ABits     = dla_pkg::code_bits(AFormat),
  parameter int unsigned BBits     = dla_pkg::code_bits(BFormat),
  parameter int unsigned CodeBits  = dla_pkg::code_bits(Format)
) (
  input  logic [ABits-1:0]          a_code_i,
  input  logic signed [8:0]         a_length_i,  // DFP: fractional length
  input  logic [BBits-1:0]          b_code_i,
  input  logic signed [8:0]         b_length_i,
  input  dla_pkg::point_settings_t  settings_i,
  input  logic [31:0]               draw_i,
  output logic [CodeBits-1:0]       code_o
);
  /*verilator no_inline_module*/
  localparam int unsigned E = dla_pkg::ExponentBits;

  if (dla_pkg::TruncationKind == 1) begin : gen_dfp
    localparam int unsigned SumBits = (ABits > BBits ? ABits : BBits) + Alignment + 1;
    logic                negative;
    logic [SumBits-1:0]  significand;
    logic signed [E-1:0] exponent;

    dfp_adder #(
      .ABits       (ABits),
      .BBits       (BBits),
      .Alignment   (Alignment),
      .ExponentBits(E)
    ) u_adder (
      .a_code_i,
      .a_length_i,
      .b_code_i,
      .b_length_i,
      .negative_o   (negative),
      .significand_o(significand),
      .exponent_o   (exponent)
    );
    point_unit #(
      .Format         (Format),
      .SignificandBits(SumBits)
    ) u_unit (
      .settings_i,
      .nan_i        (1'b0),
      .infinity_i   (1'b0),
      .negative_i   (negative),
      .significand_i(significand),
      .exponent_i   (exponent),
      .draw_i,
      .code_o
    );
  end else begin : gen_minifloat
    localparam int unsigned BSignificandBits = dla_pkg::significand_bits(BFormat);
    logic                        nan, infinity, negative;
    logic [BSignificandBits-1:0] significand;
    logic signed [E-1:0]         exponent;

    number_decoder #(.Format(BFormat)) u_decoder (
      .code_i           (b_code_i),
      .fraction_length_i(8'sd0),
      .nan_o            (nan),
      .infinity_o       (infinity),
      .negative_o       (negative),
      .significand_o    (significand),
      .exponent_o       (exponent)
    );
    number_adder #(
      .AFormat        (AFormat),
      .BBits          (BSignificandBits),
      .LowestExponent (dla_pkg::lowest_exponent(BFormat)),
      .HighestExponent(dla_pkg::highest_exponent(BFormat)),
      .Format         (Format)
    ) u_adder (
      .a_code_i,
      .b_nan_i        (nan),
      .b_infinity_i   (infinity),
      .b_negative_i   (negative),
      .b_significand_i(significand),
      .b_exponent_i   (exponent),
      .settings_i,
      .draw_i,
      .code_o
    );
  end
endmodule
