// The weight buffer, and the unit that moves its words into the PEs' weight registers ahead of their use: a row
// (all oc lanes of one tap and ic lane) a cycle. The rows of an ic tile wait until the array is done with the
// tile that used their bank before.
module weight_loader (
  input  logic                                            clk_i,
  input  logic                                            rst_ni,
  // from the DMA
  input  logic                                            write_valid_i,
  input  logic [dla_pkg::WeightWordBits-1:0]              write_word_i,
  input  logic [dla_pkg::OcLanes*dla_pkg::WeightBits-1:0] write_values_i,
  // from the command processor
  input  logic                                            tile_valid_i,
  output logic                                            tile_ready_o,
  input  dla_pkg::run_tile_t                              tile_i,
  // from the PE array
  input  logic [dla_pkg::CountBits-1:0]                   ic_tiles_consumed_i,
  // to the PE array
  output logic                                            row_valid_o,
  output logic                                            row_bank_o,
  output logic [dla_pkg::TapBits-1:0]                     row_tap_o,
  output logic [dla_pkg::IcLaneBits-1:0]                  row_ic_lane_o,
  output logic [dla_pkg::OcLanes*dla_pkg::WeightBits-1:0] row_w_o,
  // to the address generator: ic tiles whose rows are all in registers
  output logic [dla_pkg::CountBits-1:0]                   ic_tiles_loaded_o,
  output logic                                            idle_o
);
  localparam int unsigned WordBits = dla_pkg::OcLanes * dla_pkg::WeightBits;

  logic [WordBits-1:0]                memory_q[0:dla_pkg::WeightWords-1];
  logic                               active, last_of_ic_tile, last_step;
  logic [dla_pkg::RunTileBits-1:0]    tile;
  logic [dla_pkg::CountBits-1:0]      ic_tiles_begun, ic_tiles_loaded_q;
  logic [dla_pkg::WeightWordBits-1:0] word;
  logic [dla_pkg::TapBits-1:0]        tap, row_tap_q;
  logic [dla_pkg::IcLaneBits-1:0]     ic_lane, row_ic_lane_q;
  logic                               row_valid_q, row_bank_q, row_completes_tile_q;
  logic [WordBits-1:0]                row_w_q;

  // Two banks: at most two ic tiles ahead of the array.
  wire [dla_pkg::CountBits-1:0] ahead = ic_tiles_begun - ic_tiles_consumed_i - dla_pkg::CountBits'(2);
  wire move = active & ahead[dla_pkg::CountBits-1];

  tile_queue u_tiles (
    .clk_i,
    .rst_ni,
    .tile_valid_i,
    .tile_ready_o,
    .tile_i,
    .active_o(active),
    .tile_o  (tile),
    .done_i  (move & last_step)
  );

  row_walker u_walker (
    .clk_i,
    .rst_ni,
    .tile_i           (tile),
    .step_i           (move),
    .last_of_ic_tile_o(last_of_ic_tile),
    .last_step_o      (last_step),
    .ic_tiles_begun_o (ic_tiles_begun),
    .word_o           (word),
    .tap_o            (tap),
    .ic_lane_o        (ic_lane)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_valid_q          <= 1'b0;
      row_completes_tile_q <= 1'b0;
      ic_tiles_loaded_q    <= '0;
    end else begin
      row_valid_q          <= move;
      row_completes_tile_q <= move & last_of_ic_tile;
      ic_tiles_loaded_q    <= ic_tiles_loaded_q + dla_pkg::CountBits'(row_completes_tile_q);
    end
  end
  always_ff @(posedge clk_i) begin
    if (write_valid_i) memory_q[write_word_i] <= write_values_i;
    if (move) begin
      row_w_q       <= memory_q[word];
      row_bank_q    <= ic_tiles_begun[0];
      row_tap_q     <= tap;
      row_ic_lane_q <= ic_lane;
    end
  end

  assign row_valid_o       = row_valid_q;
  assign row_bank_o        = row_bank_q;
  assign row_tap_o         = row_tap_q;
  assign row_ic_lane_o     = row_ic_lane_q;
  assign row_w_o           = row_w_q;
  assign ic_tiles_loaded_o = ic_tiles_loaded_q;
  assign idle_o            = !active & tile_ready_o & !row_valid_q;
endmodule
