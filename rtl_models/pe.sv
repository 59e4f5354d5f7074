// One processing element: two banks of weight registers, a multiplier and an accumulator.
module pe (
  input  logic                                      clk_i,
  // configuration
  input  logic                                      wide_i,     // 0: the accumulator wraps at 32 bits
  input  logic                                      maximum_i,  // keep the largest product
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
  output logic signed [dla_pkg::SumBits-1:0]        sum_o           // with this tap
);
  localparam int unsigned SumBits = dla_pkg::SumBits;

  logic signed [dla_pkg::WeightBits-1:0] weight_q[0:2*dla_pkg::MaxTaps-1];
  logic signed [SumBits-1:0]             acc_q;

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
    if (!maximum_i)                               sum_o = wide_i ? total : SumBits'($signed(total[31:0]));
    else if (padded_i)                            sum_o = base;
    else if (!seen_before_i || product > base)    sum_o = product;
    else                                          sum_o = base;
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) acc_q <= sum_o;
  end
endmodule
