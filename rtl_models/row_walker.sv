// Walks the weight rows of one tile: ic tile, tap, ic lane; the words of the weight buffer are consecutive.
module row_walker (
  input  logic                                clk_i,
  input  logic                                rst_ni,
  // from the tile queue
  input  dla_pkg::run_tile_t                  tile_i,        // being walked
  input  logic                                step_i,
  output logic                                last_of_ic_tile_o,
  output logic                                last_step_o,   // this is the tile's last row
  output logic [dla_pkg::CountBits-1:0]       ic_tiles_begun_o,
  output logic [dla_pkg::WeightWordBits-1:0]  word_o,
  output logic [dla_pkg::TapBits-1:0]         tap_o,
  output logic [dla_pkg::IcLaneBits-1:0]      ic_lane_o
);
  localparam int unsigned LanesBits = $clog2(dla_pkg::IcLanes + 1);

  logic [31:0]                        ic_tile_q, ky_q, kx_q;
  logic [dla_pkg::WeightWordBits-1:0] offset_q;
  logic [dla_pkg::TapBits-1:0]        tap_q;
  logic [dla_pkg::IcLaneBits-1:0]     ic_lane_q;
  logic [dla_pkg::CountBits-1:0]      ic_tiles_begun_q;

  wire last_ic_tile = ic_tile_q + 32'd1 == tile_i.ic_tiles;
  wire [LanesBits-1:0] lanes = last_ic_tile ? tile_i.last_tile_lanes : LanesBits'(dla_pkg::IcLanes);
  wire last_lane    = LanesBits'(ic_lane_q) + LanesBits'(1) == lanes;
  wire last_kx      = kx_q + 32'd1 == tile_i.kernel_width;
  wire last_tap     = last_kx && ky_q + 32'd1 == tile_i.kernel_height;

  assign last_of_ic_tile_o = last_tap & last_lane;
  assign last_step_o       = last_of_ic_tile_o & last_ic_tile;
  assign ic_tiles_begun_o  = ic_tiles_begun_q;
  assign word_o            = tile_i.weight_word + offset_q;
  assign tap_o             = tap_q;
  assign ic_lane_o         = ic_lane_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {ic_tile_q, ky_q, kx_q, offset_q, tap_q, ic_lane_q, ic_tiles_begun_q} <= '0;
    end else if (step_i) begin
      offset_q  <= last_step_o ? '0 : offset_q + dla_pkg::WeightWordBits'(1);
      ic_lane_q <= last_lane ? '0 : ic_lane_q + dla_pkg::IcLaneBits'(1);
      if (last_lane) begin
        tap_q <= last_tap ? '0 : tap_q + dla_pkg::TapBits'(1);
        kx_q  <= last_kx ? '0 : kx_q + 32'd1;
        if (last_kx) ky_q <= last_tap ? '0 : ky_q + 32'd1;
      end
      if (last_of_ic_tile_o) begin
        ic_tile_q        <= last_ic_tile ? '0 : ic_tile_q + 32'd1;
        ic_tiles_begun_q <= ic_tiles_begun_q + dla_pkg::CountBits'(1);
      end
    end
  end
endmodule
