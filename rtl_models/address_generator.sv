// Tap requests of the tiles that it is given: one a cycle; the first of an ic tile waits for its weights.
module address_generator (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  dla_pkg::geometry_t            geometry_i,  // changes only while idle_o
  input  dla_pkg::staged_settings_t     staged_settings_i,
  // from the command processor
  input  logic                          tile_valid_i,
  output logic                          tile_ready_o,
  input  dla_pkg::run_tile_t            tile_i,
  // from the weight loader: ic tiles whose weights are in registers
  input  logic [dla_pkg::CountBits-1:0] ic_tiles_loaded_i,
  // to the activation buffer
  output logic                          valid_o,
  input  logic                          ready_i,
  output dla_pkg::tap_request_t         request_o,
  output logic                          idle_o
);
  logic                               active, last_step, pipeline_ready;
  logic [dla_pkg::RunTileBits-1:0]    tile;
  logic [dla_pkg::TapRequestBits-1:0] request;
  logic [dla_pkg::CountBits-1:0]      ic_tiles_begun;

  // The counts wrap: the sign of their difference says which one is ahead.
  wire [dla_pkg::CountBits-1:0] ahead = ic_tiles_begun - ic_tiles_loaded_i;
  wire can_emit = active & ahead[dla_pkg::CountBits-1];
  wire emit     = can_emit & pipeline_ready;

  tile_queue u_tiles (
    .clk_i,
    .rst_ni,
    .tile_valid_i,
    .tile_ready_o,
    .tile_i,
    .active_o(active),
    .tile_o  (tile),
    .done_i  (emit & last_step)
  );

  tap_walker u_walker (
    .clk_i,
    .rst_ni,
    .geometry_i,
    .staged_settings_i,
    .tile_i          (tile),
    .step_i          (emit),
    .last_step_o     (last_step),
    .ic_tiles_begun_o(ic_tiles_begun),
    .request_o       (request)
  );

  elastic_pipeline #(
    .Latency(1),
    .Width  (dla_pkg::TapRequestBits)
  ) u_pipeline (
    .clk_i,
    .rst_ni,
    .valid_i(can_emit),
    .ready_o(pipeline_ready),
    .data_i (request),
    .valid_o,
    .ready_i,
    .data_o (request_o)
  );

  assign idle_o = !active & tile_ready_o & !valid_o;
endmodule
