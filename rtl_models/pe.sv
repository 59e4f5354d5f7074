// One processing element: two banks of weight registers, a multiplier and an accumulator; beside them, in hardware
// that has them, product and accumulator of number formats with their truncation units.
module pe (
  input  logic                                      clk_i,
  // configuration
  input  logic                                      wide_i,     // 0: the accumulator wraps at 32 bits
  input  logic                                      maximum_i,  // keep the largest product
  input  dla_pkg::staged_settings_t                 staged_settings_i,
  input  logic [15:0]                               ic_lane_i,  // which PE this is: seeds its units
  input  logic [15:0]                               oc_lane_i,
  // weight registers
  input  logic                                      row_valid_i,
  input  logic                                      row_bank_i,
  input  logic        [dla_pkg::TapBits-1:0]        row_tap_i,
  input  logic signed [dla_pkg::WeightBits-1:0]     row_w_i,
  // one tap of one position
  input  logic                                      valid_i,
  input  logic signed [dla_pkg::ActivationBits-1:0] x_i,
  input  logic                                      bank_i,
  input  logic        [dla_pkg::TapBits-1:0]        tap_i,
  input  logic                                      first_tap_i,
  input  logic                                      padded_i,
  input  logic                                      seen_before_i,  // a tap of this position was no padding
  input  dla_pkg::position_t                        position_i,
  output logic signed [dla_pkg::SumBits-1:0]        sum_o           // with this tap
);
  localparam int unsigned SumBits = dla_pkg::SumBits;

  logic signed [dla_pkg::WeightBits-1:0] weight_q[0:2*dla_pkg::MaxTaps-1];
  logic signed [SumBits-1:0]             acc_q, integer_sum;

  always_ff @(posedge clk_i) begin
    if (row_valid_i) weight_q[(row_bank_i ? dla_pkg::MaxTaps : 32'd0)+32'(row_tap_i)] <= row_w_i;
  end

  wire signed [dla_pkg::WeightBits-1:0] weight =
      weight_q[(bank_i ? dla_pkg::MaxTaps : 32'd0) + 32'(tap_i)];
  wire signed [SumBits-1:0] product_full = SumBits'(x_i) * SumBits'(weight);
  wire signed [SumBits-1:0] product      = wide_i ? product_full : SumBits'($signed(product_full[31:0]));
  wire signed [SumBits-1:0] base         = first_tap_i ? '0 : acc_q;
  wire signed [SumBits-1:0] total        = base + product;

  always_comb begin
    if (!maximum_i)                               integer_sum = wide_i ? total : SumBits'($signed(total[31:0]));
    else if (padded_i)                            integer_sum = base;
    else if (!seen_before_i || product > base)    integer_sum = product;
    else                                          integer_sum = base;
  end

  if (dla_pkg::TruncationKind == 0) begin : gen_integer
    assign sum_o = integer_sum;
  end else begin : gen_units
    localparam int unsigned CodeBits = dla_pkg::code_bits(dla_pkg::AccumulatorFormat);
    logic [CodeBits-1:0] code;
    lane_units u_units (
      .clk_i,
      .staged_settings_i,
      .position_i,
      .ic_lane_i,
      .oc_lane_i,
      .valid_i,
      .first_tap_i,
      .padded_i,
      .x_i  (x_i[dla_pkg::code_bits(dla_pkg::InputFormat)-1:0]),
      .w_i  (weight[dla_pkg::code_bits(dla_pkg::WeightFormat)-1:0]),
      .sum_i(acc_q[CodeBits-1:0]),
      .sum_o(code)
    );
    assign sum_o = staged_settings_i.reduces ? SumBits'(code) : integer_sum;
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) acc_q <= sum_o;
  end
endmodule
