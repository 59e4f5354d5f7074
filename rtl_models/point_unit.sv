// The truncation unit of one point: its format from the package, its registers from the layer. Combinational.
module point_unit #(
  parameter logic [63:0] Format          = dla_pkg::OutputFormat,
  parameter int unsigned SignificandBits = 32,
  parameter int unsigned CodeBits        = dla_pkg::code_bits(Format)
) (
  input  dla_pkg::point_settings_t               settings_i,
  input  logic                                   nan_i,
  input  logic                                   infinity_i,
  input  logic                                   negative_i,
  input  logic [SignificandBits-1:0]             significand_i,
  input  logic signed [dla_pkg::ExponentBits-1:0] exponent_i,
  input  logic [31:0]                            draw_i,
  output logic [CodeBits-1:0]                    code_o
);
  /*verilator no_inline_module*/
  wire signed [dla_pkg::FractionLengthBits-1:0] fraction_length = settings_i.fraction_length;
  logic [3:0] flags;  // events are counted in the model only

  truncation_unit #(
    .IsMinifloat    (Format[20]),
    .DfpBits        (CodeBits),
    .Exp            (32'(Format[10:7])),
    .Man            (32'(Format[15:11])),
    .Bias           (32'($signed(Format[47:32]))),
    .ExpZero        (32'(Format[17:16])),
    .Specials       (32'(Format[19:18])),
    .SignificandBits(SignificandBits),
    .ExponentBits   (dla_pkg::ExponentBits),
    .LengthBits     (dla_pkg::FractionLengthBits),
    .DrawBits       (dla_pkg::LfsrBits),
    .CodeBits       (CodeBits)
  ) u_unit (
    .nan_i,
    .infinity_i,
    .negative_i,
    .significand_i,
    .exponent_i,
    .fraction_length_i(fraction_length),
    .rounding_i       (settings_i.rounding),
    .overflow_i       (settings_i.overflow),
    .lfsr_is_32_i     (dla_pkg::LfsrBits == 32),
    .draw_i,
    .code_o,
    .flags_o          (flags)
  );
endmodule
