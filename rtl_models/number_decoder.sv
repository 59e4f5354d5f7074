// The value of a code in any of the package's formats. Combinational.
module number_decoder #(
  parameter logic [63:0] Format          = dla_pkg::InputFormat,
  parameter int unsigned CodeBits        = dla_pkg::code_bits(Format),
  parameter int unsigned SignificandBits = dla_pkg::significand_bits(Format)
) (
  input  logic [CodeBits-1:0]                     code_i,
  input  logic signed [dla_pkg::FractionLengthBits-1:0]                       fraction_length_i,  // DFP
  output logic                                    nan_o,
  output logic                                    infinity_o,
  output logic                                    negative_o,
  output logic [SignificandBits-1:0]              significand_o,
  output logic signed [dla_pkg::ExponentBits-1:0] exponent_o
);
  if (Format[20]) begin : gen_minifloat
    minifloat_decoder #(
      .Exp         (32'(Format[10:7])),
      .Man         (32'(Format[15:11])),
      .Bias        (32'($signed(Format[47:32]))),
      .ExpZero     (32'(Format[17:16])),
      .Specials    (32'(Format[19:18])),
      .ExponentBits(dla_pkg::ExponentBits)
    ) u_decoder (
      .code_i,
      .nan_o,
      .infinity_o,
      .negative_o,
      .significand_o,
      .exponent_o
    );
  end else begin : gen_dfp
    dfp_decoder #(
      .DfpBits     (CodeBits),
      .ExponentBits(dla_pkg::ExponentBits),
      .LengthBits  (dla_pkg::FractionLengthBits)
    ) u_decoder (
      .code_i,
      .fraction_length_i,
      .negative_o,
      .significand_o,
      .exponent_o
    );
    assign nan_o      = 1'b0;
    assign infinity_o = 1'b0;
  end
endmodule
