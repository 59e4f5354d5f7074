// v * mantissa * 2^(shift - 31), rounded by one of the rules of integer_semantics.md section 1. Combinational.
//
//   v ─► left shift (D) ─► multiplier ─► high half, rounded (D) ─► rounding constant ─► right shift ─► result
//
// S and Q round once, at the end; D rounds at 2^-31 (half up) and again at the end (half away from zero).
module requantiser (
  input  logic        [31:0]                 rule_i,
  input  logic signed [dla_pkg::SumBits-1:0] v_i,
  input  logic signed [31:0]                 mantissa_i,
  input  logic signed [31:0]                 shift_i,  // to the left
  output logic signed [31:0]                 result_o
);
  /*verilator no_inline_module*/
  localparam int unsigned ProductBits = dla_pkg::SumBits + 16;

  logic signed [31:0]                 reduced, multiplicand, pytorch;
  logic signed [31:0]                 v_shifted;
  logic signed [dla_pkg::SumBits-1:0] v;
  logic signed [ProductBits-1:0]      product, x, half;
  logic        [6:0]                  right;

  pytorch_scaler u_pytorch (
    .v_i,
    .factor_i(mantissa_i),
    .result_o(pytorch)
  );

  always_comb begin
    // Q keeps 15 bits of the mantissa.
    reduced = mantissa_i < 32'sh7FFF0000 ? (mantissa_i + 32'sh00008000) >>> 16 : 32'sh00007FFF;

    v_shifted    = v_i[31:0];
    multiplicand = mantissa_i;
    right        = 7'd31 - shift_i[6:0];
    if (rule_i == dla_pkg::RequantDouble) begin
      v_shifted = v_i[31:0] << (shift_i[31] ? 5'd0 : shift_i[4:0]);
      right     = shift_i[31] ? -shift_i[6:0] : 7'd0;
    end
    v = dla_pkg::SumBits'(v_shifted);
    if (rule_i == dla_pkg::RequantInt64) begin
      v            = v_i;
      multiplicand = reduced;
      right        = 7'd15 - shift_i[6:0];
    end

    product = ProductBits'(v) * ProductBits'(multiplicand);
    x       = product;
    half    = right == 7'd0 ? '0 : ProductBits'(1) << (right - 7'd1);
    if (rule_i == dla_pkg::RequantDouble) begin
      x = (product + (ProductBits'(1) << 30)) >>> 31;
      if (x[ProductBits-1] && right != 7'd0) half = half - ProductBits'(1);
    end
    x = (x + half) >>> right;
    result_o = rule_i == dla_pkg::RequantPytorch ? pytorch : x[31:0];
  end
endmodule
