// The number format units of many formats side by side, one of them chosen by index: so that one Verilated module
// tests them all. FORMAT_COUNT and FORMATS, a list of DFP and MINIFLOAT, have to be defined in front of it
// (sim/cosim/src/number_format_bench.cpp does).
`define RESULT(I, CODE_BITS)                                                                         \
    logic [CODE_BITS-1:0] code;                                                                      \
    assign codes[I*64+:64] = 64'(code);

`define DFP(I, B, FL, SIGNED)                                                                        \
  if (1) begin : gen_format_``I                                                                      \
    `RESULT(I, B)                                                                                    \
    truncation_unit #(.IsMinifloat(1'b0), .DfpBits(B), .IsSigned(SIGNED),                            \
      .SignificandBits(SignificandBits)) u_unit (.nan_i(nan), .infinity_i(infinity), .negative_i(negative), \
      .significand_i(significand), .exponent_i(exponent), .fraction_length_i(16'(FL)), .rounding_i,  \
      .overflow_i, .lfsr_is_32_i, .draw_i, .code_o(code), .flags_o(flags[I*4+:4]));                  \
    for (genvar o = 0; o < 2; o++) begin : gen_operand                                               \
      logic [B-1:0] magnitude;                                                                       \
      dfp_decoder #(.DfpBits(B), .IsSigned(SIGNED)) u_decoder (                                      \
        .code_i(operand_i[o*64+:B]), .fraction_length_i(16'(FL)), .negative_o(negatives[2*I+o]), .significand_o(magnitude),       \
        .exponent_o(exponents[(2*I+o)*16+:16]));                                                     \
      assign significands[(2*I+o)*OperandBits+:OperandBits] = OperandBits'(magnitude);               \
      assign nans[2*I+o] = 1'b0;                                                                     \
      assign infinities[2*I+o] = 1'b0;                                                               \
    end                                                                                              \
  end

`define MINIFLOAT(I, E, M, BIAS, EXP_ZERO, SPECIALS)                                                 \
  if (1) begin : gen_format_``I                                                                      \
    `RESULT(I, 1 + E + M)                                                                            \
    truncation_unit #(.IsMinifloat(1'b1), .Exp(E), .Man(M), .Bias(BIAS), .ExpZero(EXP_ZERO),         \
      .Specials(SPECIALS), .SignificandBits(SignificandBits)) u_unit (.nan_i(nan), .infinity_i(infinity), \
      .negative_i(negative), .significand_i(significand), .exponent_i(exponent), .fraction_length_i(16'd0), \
      .rounding_i, .overflow_i, .lfsr_is_32_i, .draw_i, .code_o(code), .flags_o(flags[I*4+:4]));      \
    for (genvar o = 0; o < 2; o++) begin : gen_operand                                               \
      logic [M:0] magnitude;                                                                         \
      minifloat_decoder #(.Exp(E), .Man(M), .Bias(BIAS), .ExpZero(EXP_ZERO), .Specials(SPECIALS)) u_decoder ( \
        .code_i(operand_i[o*64+:1+E+M]), .nan_o(nans[2*I+o]), .infinity_o(infinities[2*I+o]),        \
        .negative_o(negatives[2*I+o]), .significand_o(magnitude), .exponent_o(exponents[(2*I+o)*16+:16])); \
      assign significands[(2*I+o)*OperandBits+:OperandBits] = OperandBits'(magnitude);               \
    end                                                                                              \
  end

module number_format_bench (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic [1:0]   operation_i,  // 0 convert the value, 1 multiply and 2 add the operands
  input  logic [7:0]   result_i,     // format of the result
  // a value
  input  logic         nan_i,
  input  logic         infinity_i,
  input  logic         negative_i,
  input  logic [127:0] significand_i,
  input  logic [15:0]  exponent_i,
  // two codes and their formats
  input  logic [127:0] operand_i,
  input  logic [15:0]  format_i,
  // rounding
  input  logic [2:0]   rounding_i,
  input  logic [1:0]   overflow_i,
  input  logic         lfsr_is_32_i,
  input  logic [31:0]  draw_i,
  output logic [63:0]  code_o,
  output logic [3:0]   flags_o,
  // random numbers
  input  logic         seed_valid_i,
  input  logic [31:0]  seed_i,
  input  logic         next_i,
  output logic [15:0]  draw_16_o,
  output logic [31:0]  draw_32_o
);
  localparam int unsigned Formats         = `FORMAT_COUNT;
  localparam int unsigned OperandBits     = 32;
  localparam int unsigned Span            = 288;  // fp32: exponents from -149 to 104
  localparam int unsigned SumBits         = OperandBits + Span + 1;
  localparam int unsigned SignificandBits = SumBits;

  logic [Formats*64-1:0]            codes;
  logic [Formats*4-1:0]             flags;
  logic [2*Formats-1:0]             nans, infinities, negatives;
  logic [2*Formats*OperandBits-1:0] significands;
  logic [2*Formats*16-1:0]          exponents;

  wire [8:0] a = {format_i[7:0], 1'b0};
  wire [8:0] b = {format_i[15:8], 1'b1};

  logic product_nan, product_infinity, product_negative, sum_nan, sum_infinity, sum_negative;
  logic [2*OperandBits-1:0] product;
  logic [SumBits-1:0]       sum;
  logic [15:0]              product_exponent, sum_exponent;

  minifloat_multiplier #(.ABits(OperandBits), .BBits(OperandBits)) u_multiplier (
    .a_nan_i(nans[a]), .a_infinity_i(infinities[a]), .a_negative_i(negatives[a]),
    .a_significand_i(significands[32'(a)*OperandBits+:OperandBits]), .a_exponent_i(exponents[32'(a)*16+:16]),
    .b_nan_i(nans[b]), .b_infinity_i(infinities[b]), .b_negative_i(negatives[b]),
    .b_significand_i(significands[32'(b)*OperandBits+:OperandBits]), .b_exponent_i(exponents[32'(b)*16+:16]),
    .nan_o(product_nan), .infinity_o(product_infinity), .negative_o(product_negative),
    .significand_o(product), .exponent_o(product_exponent));
  minifloat_adder #(.InBits(OperandBits), .Span(Span)) u_adder (
    .a_nan_i(nans[a]), .a_infinity_i(infinities[a]), .a_negative_i(negatives[a]),
    .a_significand_i(significands[32'(a)*OperandBits+:OperandBits]), .a_exponent_i(exponents[32'(a)*16+:16]),
    .b_nan_i(nans[b]), .b_infinity_i(infinities[b]), .b_negative_i(negatives[b]),
    .b_significand_i(significands[32'(b)*OperandBits+:OperandBits]), .b_exponent_i(exponents[32'(b)*16+:16]),
    .nan_o(sum_nan), .infinity_o(sum_infinity), .negative_o(sum_negative),
    .significand_o(sum), .exponent_o(sum_exponent));

  logic nan, infinity, negative;
  logic [SignificandBits-1:0] significand;
  logic [15:0] exponent;
  always_comb begin
    {nan, infinity, negative} = {nan_i, infinity_i, negative_i};
    significand = SignificandBits'(significand_i);
    exponent    = exponent_i;
    if (operation_i == 2'd1) begin
      {nan, infinity, negative} = {product_nan, product_infinity, product_negative};
      significand = SignificandBits'(product);
      exponent    = product_exponent;
    end else if (operation_i == 2'd2) begin
      {nan, infinity, negative} = {sum_nan, sum_infinity, sum_negative};
      significand = sum;
      exponent    = sum_exponent;
    end
  end

  `FORMATS

  assign code_o  = codes[32'(result_i)*64+:64];
  assign flags_o = flags[32'(result_i)*4+:4];

  lfsr #(.Bits(16)) u_lfsr_16 (.clk_i, .position_i(1'b0), .seed_valid_i, .seed_i(seed_i[15:0]), .draw_i(next_i),
                               .draw_o(draw_16_o));
  lfsr #(.Bits(32)) u_lfsr_32 (.clk_i, .position_i(1'b0), .seed_valid_i, .seed_i, .draw_i(next_i),
                               .draw_o(draw_32_o));
endmodule
