// Which of two numbers is less; -0 is 0. Neither is nan. Combinational.
module number_compare #(
  parameter int unsigned ABits        = 8,  // significands
  parameter int unsigned BBits        = 8,
  parameter int unsigned ExponentBits = 13
) (
  input  logic                           a_infinity_i,
  input  logic                           a_negative_i,
  input  logic [ABits-1:0]               a_significand_i,
  input  logic signed [ExponentBits-1:0] a_exponent_i,
  input  logic                           b_infinity_i,
  input  logic                           b_negative_i,
  input  logic [BBits-1:0]               b_significand_i,
  input  logic signed [ExponentBits-1:0] b_exponent_i,
  output logic                           less_o,    // a < b
  output logic                           greater_o  // a > b
);
  localparam int unsigned Bits  = ABits > BBits ? ABits : BBits;
  localparam int unsigned E     = ExponentBits + 1;
  localparam int unsigned Steps = $clog2(Bits);

  // Both with their leading one on top.
  logic [Bits-1:0]     a, b;
  logic signed [E-1:0] a_exponent, b_exponent;
  always_comb begin
    a          = Bits'(a_significand_i) << (Bits - ABits);
    b          = Bits'(b_significand_i) << (Bits - BBits);
    a_exponent = E'(a_exponent_i) + E'(ABits);
    b_exponent = E'(b_exponent_i) + E'(BBits);
    for (int i = 0; i < Steps; i++) begin
      if (a >> (Bits - (1 << (Steps - 1 - i))) == '0) begin
        a          = a << (1 << (Steps - 1 - i));
        a_exponent = a_exponent - (E'(1) << (Steps - 1 - i));
      end
      if (b >> (Bits - (1 << (Steps - 1 - i))) == '0) begin
        b          = b << (1 << (Steps - 1 - i));
        b_exponent = b_exponent - (E'(1) << (Steps - 1 - i));
      end
    end
  end

  wire a_zero = a_significand_i == '0 && !a_infinity_i;
  wire b_zero = b_significand_i == '0 && !b_infinity_i;
  wire a_below_zero = a_negative_i & !a_zero;
  wire b_below_zero = b_negative_i & !b_zero;
  logic smaller, larger;  // of the magnitudes
  always_comb begin
    smaller = a_exponent < b_exponent || (a_exponent == b_exponent && a < b);
    larger  = a_exponent > b_exponent || (a_exponent == b_exponent && a > b);
    if (a_zero || b_zero || a_infinity_i || b_infinity_i) begin
      smaller = (a_zero & !b_zero) | (b_infinity_i & !a_infinity_i);
      larger  = (b_zero & !a_zero) | (a_infinity_i & !b_infinity_i);
    end
  end
  assign less_o    = a_below_zero != b_below_zero ? a_below_zero : a_below_zero ? larger : smaller;
  assign greater_o = a_below_zero != b_below_zero ? b_below_zero : a_below_zero ? smaller : larger;
endmodule
