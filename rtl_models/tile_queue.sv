// The tile that a walker works on and the one that waits behind it.
module tile_queue (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               tile_valid_i,
  output logic               tile_ready_o,
  input  dla_pkg::run_tile_t tile_i,
  output logic               active_o,  // tile_o is being worked on
  output dla_pkg::run_tile_t tile_o,
  input  logic               done_i     // with the last step of tile_o
);
  logic                            active_q, next_valid_q;
  logic [dla_pkg::RunTileBits-1:0] tile_q, next_q;

  wire accepted  = tile_valid_i & tile_ready_o;
  wire free      = !active_q | done_i;
  wire available = next_valid_q | accepted;

  assign tile_ready_o = !next_valid_q;
  assign active_o     = active_q;
  assign tile_o       = tile_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q     <= 1'b0;
      next_valid_q <= 1'b0;
    end else begin
      active_q     <= !free | available;
      next_valid_q <= !free & available;
    end
  end
  always_ff @(posedge clk_i) begin
    if (accepted)          next_q <= tile_i;
    if (free && available) tile_q <= next_valid_q ? next_q : tile_i;
  end
endmodule
