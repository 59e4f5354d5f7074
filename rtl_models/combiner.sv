// Function of two values: add, subtract, multiply, minimum, maximum, gate. Three requantisers: both inputs of a
// sum to their common scale, and the result. Combinational.
module combiner (
  input  dla_pkg::post_settings_t settings_i,
  input  logic signed [31:0]      first_i,
  input  logic signed [31:0]      second_i,
  output logic signed [31:0]      value_o
);
  localparam int unsigned SumBits = dla_pkg::SumBits;

  wire signed [31:0] first_zero_point = settings_i.first_zero_point;
  wire signed [31:0] second_zero_point = settings_i.second_zero_point;
  wire signed [31:0] zero_point = settings_i.combine_zero_point;
  wire signed [63:0] combine_min = settings_i.combine_min;
  wire signed [63:0] combine_max = settings_i.combine_max;
  wire [31:0] kind = settings_i.combine;

  wire signed [32:0] a = 33'(first_i) - 33'(first_zero_point);
  wire signed [32:0] b = 33'(second_i) - 33'(second_zero_point);
  wire signed [63:0] product = 64'(a) * 64'(b);
  wire signed [63:0] a_shifted = 64'(a) << settings_i.left_shift[5:0];
  wire signed [63:0] b_shifted = 64'(b) << settings_i.left_shift[5:0];

  logic signed [31:0] x, y, scaled;
  logic signed [33:0] sum;
  logic signed [63:0] shifted;

  requantiser u_first (
    .rule_i    (settings_i.combine_rule),
    .v_i       (a_shifted[SumBits-1:0]),
    .mantissa_i(settings_i.first_mantissa),
    .shift_i   (settings_i.first_shift),
    .result_o  (x)
  );
  requantiser u_second (
    .rule_i    (settings_i.combine_rule),
    .v_i       (b_shifted[SumBits-1:0]),
    .mantissa_i(settings_i.second_mantissa),
    .shift_i   (settings_i.second_shift),
    .result_o  (y)
  );
  always_comb begin
    case (kind)
      dla_pkg::CombineAdd:      sum = 34'(x) + 34'(y);
      dla_pkg::CombineSubtract: sum = 34'(x) - 34'(y);
      default:                  sum = 34'(y) - 34'(x);
    endcase
  end
  wire multiplies = kind == dla_pkg::CombineMultiply || kind == dla_pkg::CombineGate;
  requantiser u_combined (
    .rule_i    (settings_i.combine_rule),
    .v_i       (multiplies ? product[SumBits-1:0] : SumBits'(sum)),
    .mantissa_i(settings_i.combined_mantissa),
    .shift_i   (settings_i.combined_shift),
    .result_o  (scaled)
  );

  always_comb begin
    shifted = 64'(scaled) + 64'(zero_point);
    if (shifted < combine_min)      value_o = combine_min[31:0];
    else if (shifted > combine_max) value_o = combine_max[31:0];
    else                            value_o = shifted[31:0];
    if (kind == dla_pkg::CombineMinimum) value_o = second_i < first_i ? second_i : first_i;
    if (kind == dla_pkg::CombineMaximum) value_o = second_i > first_i ? second_i : first_i;
  end
endmodule
