// oc_lanes x ic_lanes PEs, one tap of one position a cycle; after the last tap all accumulators go to the
// adder tree together. Lanes beyond lanes_active hold no channel: the adder tree leaves them out.
module pe_array (
  input  logic                                                        clk_i,
  input  logic                                                        rst_ni,
  // configuration, constant while a beat is inside
  input  logic                                                        maximum_i,
  input  logic                                                        wide_i,
  input  dla_pkg::staged_settings_t                                   staged_settings_i,
  // from the activation buffer
  input  logic                                                        valid_i,
  output logic                                                        ready_o,
  input  logic [dla_pkg::IcLanes*dla_pkg::ActivationBits-1:0]         x_i,
  input  dla_pkg::tap_request_t                                       request_i,
  // from the weight loader
  input  logic                                                        row_valid_i,
  input  logic                                                        row_bank_i,
  input  logic [dla_pkg::TapBits-1:0]                                 row_tap_i,
  input  logic [dla_pkg::IcLaneBits-1:0]                              row_ic_lane_i,
  input  logic [dla_pkg::OcLanes*dla_pkg::WeightBits-1:0]             row_w_i,
  output logic [dla_pkg::CountBits-1:0]                               ic_tiles_consumed_o,
  // to the adder tree: [ic][oc]
  output logic                                                        valid_o,
  input  logic                                                        ready_i,
  output logic [dla_pkg::IcLanes*dla_pkg::OcLanes*dla_pkg::SumBits-1:0] sum_o,
  output logic [$clog2(dla_pkg::IcLanes+1)-1:0]                       lanes_active_o,
  output dla_pkg::position_t                                          position_o
);
  localparam int unsigned ActivationBits = dla_pkg::ActivationBits;
  localparam int unsigned WeightBits = dla_pkg::WeightBits;
  localparam int unsigned SumBits = dla_pkg::SumBits;
  localparam int unsigned ArrayBits = dla_pkg::IcLanes * dla_pkg::OcLanes * SumBits;
  localparam int unsigned LanesBits = $clog2(dla_pkg::IcLanes + 1);

  logic [ArrayBits-1:0]          sum;
  logic [dla_pkg::CountBits-1:0] ic_tiles_consumed_q;

  wire accepted = valid_i & ready_o;
  wire consumed = accepted & request_i.last_of_ic_tile;
  // taps_inside counts this tap, too.
  wire seen_before = 32'(request_i.position.taps_inside) != (request_i.padded ? 32'd0 : 32'd1);

  for (genvar ic = 0; ic < dla_pkg::IcLanes; ic++) begin : gen_ic
    for (genvar oc = 0; oc < dla_pkg::OcLanes; oc++) begin : gen_oc
      pe u_pe (
        .clk_i,
        .wide_i,
        .maximum_i,
        .staged_settings_i,
        .ic_lane_i    (16'(ic)),
        .oc_lane_i    (16'(oc)),
        .row_valid_i  (row_valid_i && row_ic_lane_i == dla_pkg::IcLaneBits'(ic)),
        .row_bank_i,
        .row_tap_i,
        .row_w_i      (row_w_i[oc*WeightBits+:WeightBits]),
        .valid_i      (accepted),
        .x_i          (x_i[ic*ActivationBits+:ActivationBits]),
        .bank_i       (request_i.bank),
        .tap_i        (request_i.tap),
        .first_tap_i  (request_i.first_tap),
        .padded_i     (request_i.padded),
        .seen_before_i(seen_before),
        .position_i   (request_i.position),
        .sum_o        (sum[(ic*dla_pkg::OcLanes+oc)*SumBits+:SumBits])
      );
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) ic_tiles_consumed_q <= '0;
    else         ic_tiles_consumed_q <= ic_tiles_consumed_q + dla_pkg::CountBits'(consumed);
  end
  assign ic_tiles_consumed_o = ic_tiles_consumed_q;

  elastic_pipeline #(
    .Latency(1),
    .Width  (ArrayBits + LanesBits + dla_pkg::PositionBits)
  ) u_pipeline (
    .clk_i,
    .rst_ni,
    .valid_i(valid_i & request_i.last_tap),
    .ready_o,
    .data_i ({sum, request_i.lanes_active, request_i.position}),
    .valid_o,
    .ready_i,
    .data_o ({sum_o, lanes_active_o, position_o})
  );
endmodule
