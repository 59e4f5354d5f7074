// Walks one tile: ic tile, output row, output column, ky, kx; one request a step. The coordinates are running
// sums, so that only the region's row-major address needs multipliers.
module tap_walker (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  dla_pkg::geometry_t            geometry_i,
  input  dla_pkg::staged_settings_t     staged_settings_i,
  // from the tile queue
  input  dla_pkg::run_tile_t            tile_i,        // being walked
  input  logic                          step_i,        // the request is taken
  output logic                          last_step_o,   // this is the tile's last request
  output logic [dla_pkg::CountBits-1:0] ic_tiles_begun_o,
  output dla_pkg::tap_request_t         request_o
);
  localparam int unsigned WordBits = dla_pkg::ActivationWordBits;

  logic [31:0]                           ic_tile_q, row_q, col_q, ky_q, kx_q;
  logic [dla_pkg::TapBits-1:0]           tap_q;
  logic [dla_pkg::PartialSumBits-1:0]    index_q;
  logic [$clog2(dla_pkg::MaxTaps+1)-1:0] taps_inside_q;
  logic [dla_pkg::CountBits-1:0]         ic_tiles_begun_q;
  // Upsampled region coordinates relative to the tile's start: of the position, of the tap within it.
  logic [31:0] row_offset_q, col_offset_q, ky_offset_q, kx_offset_q;

  wire last_kx       = kx_q + 32'd1 == tile_i.kernel_width;
  wire last_ky       = ky_q + 32'd1 == tile_i.kernel_height;
  wire last_col      = col_q + 32'd1 == tile_i.cols;
  wire last_row      = row_q + 32'd1 == tile_i.rows;
  wire last_ic_tile  = ic_tile_q + 32'd1 == tile_i.ic_tiles;
  wire last_tap      = last_kx & last_ky;
  wire last_position = last_col & last_row;
  wire first_tap     = kx_q == 32'd0 && ky_q == 32'd0;

  // A coordinate is padding if it is outside the region or between two of its elements.
  wire [31:0] y_at      = tile_i.y_start + row_offset_q + ky_offset_q;
  wire [31:0] x_at      = tile_i.x_start + col_offset_q + kx_offset_q;
  wire [31:0] y         = y_at / geometry_i.upsample_y;
  wire [31:0] x         = x_at / geometry_i.upsample_x;
  wire        y_between = y_at % geometry_i.upsample_y != 32'd0;
  wire        x_between = x_at % geometry_i.upsample_x != 32'd0;
  wire        y_outside = y_at[31] || y_between || y >= tile_i.region_height;
  wire        x_outside = x_at[31] || x_between || x >= tile_i.region_width;
  wire        padded    = y_outside | x_outside;
  wire [WordBits-1:0] pixel = y[WordBits-1:0] * tile_i.region_width[WordBits-1:0] + x[WordBits-1:0];
  wire [WordBits-1:0] word  = tile_i.activation_word +
      (padded ? WordBits'(0) : pixel * tile_i.ic_tiles[WordBits-1:0] + ic_tile_q[WordBits-1:0]);

  localparam int unsigned InsideBits = $clog2(dla_pkg::MaxTaps + 1);
  wire [InsideBits-1:0] taps_inside = (first_tap ? InsideBits'(0) : taps_inside_q) + InsideBits'(!padded);

  localparam int unsigned LanesBits = $clog2(dla_pkg::IcLanes + 1);
  localparam int unsigned OperandBits = $clog2(dla_pkg::OperandWords + dla_pkg::PartialSumDepth);
  localparam int unsigned OutputBits = $clog2(dla_pkg::OutputWords + dla_pkg::PartialSumDepth);
  logic [dla_pkg::PositionBits-1:0] position;
  assign request_o = {
    word,
    tap_q,
    last_ic_tile ? tile_i.last_tile_lanes : LanesBits'(dla_pkg::IcLanes),
    ic_tiles_begun_q[0],  // bank
    padded,
    first_tap,
    last_tap,
    last_tap & last_position,  // last_of_ic_tile
    position
  };

  localparam int unsigned AddressBits = dla_pkg::PartialSumBits + dla_pkg::SlotBits + OperandBits + OutputBits +
                                        InsideBits + $clog2(dla_pkg::OcLanes + 1) + dla_pkg::LayerBits;
  wire [AddressBits-1:0] addresses = {
    index_q,
    tile_i.parameter_slot,
    tile_i.operand_word + OperandBits'(index_q),
    tile_i.output_word + OutputBits'(index_q),
    taps_inside,
    tile_i.oc_active,
    tile_i.layer
  };
  wire [2:0] ends = {
    ic_tile_q == 32'd0 && !tile_i.continue_sum,   // first_sum
    last_ic_tile & !tile_i.hold_sum,              // last_sum
    last_ic_tile & last_tap & last_position       // last_of_tile
  };

  // The output element's number, which seeds the truncation units.
  if (dla_pkg::TruncationKind == 0) begin : gen_integer
    assign position = {addresses, ends};
  end else begin : gen_element
    logic [31:0] row_element_q, col_element_q;
    wire  [31:0] element = tile_i.output_element + row_element_q + col_element_q;
    assign position = {addresses, element, ends};

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        {row_element_q, col_element_q} <= '0;
      end else if (step_i && last_tap) begin
        col_element_q <= last_col ? '0 : col_element_q + staged_settings_i.element_column_stride;
        if (last_col) row_element_q <= last_row ? '0 : row_element_q + staged_settings_i.element_row_stride;
      end
    end
  end
  assign last_step_o      = last_ic_tile & last_tap & last_position;
  assign ic_tiles_begun_o = ic_tiles_begun_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {ic_tile_q, row_q, col_q, ky_q, kx_q}                  <= '0;
      {row_offset_q, col_offset_q, ky_offset_q, kx_offset_q} <= '0;
      {tap_q, index_q, taps_inside_q}                        <= '0;
      ic_tiles_begun_q                                       <= '0;
    end else if (step_i) begin
      taps_inside_q <= taps_inside;
      tap_q         <= last_tap ? '0 : tap_q + dla_pkg::TapBits'(1);
      kx_q          <= last_kx ? '0 : kx_q + 32'd1;
      kx_offset_q   <= last_kx ? '0 : kx_offset_q + geometry_i.dilation_x;
      if (last_kx) begin
        ky_q        <= last_ky ? '0 : ky_q + 32'd1;
        ky_offset_q <= last_ky ? '0 : ky_offset_q + geometry_i.dilation_y;
      end
      if (last_tap) begin
        index_q      <= last_position ? '0 : index_q + dla_pkg::PartialSumBits'(1);
        col_q        <= last_col ? '0 : col_q + 32'd1;
        col_offset_q <= last_col ? '0 : col_offset_q + geometry_i.stride_x;
        if (last_col) begin
          row_q        <= last_row ? '0 : row_q + 32'd1;
          row_offset_q <= last_row ? '0 : row_offset_q + geometry_i.stride_y;
        end
        if (last_position) begin
          ic_tile_q        <= last_ic_tile ? '0 : ic_tile_q + 32'd1;
          ic_tiles_begun_q <= ic_tiles_begun_q + dla_pkg::CountBits'(1);
        end
      end
    end
  end
endmodule
