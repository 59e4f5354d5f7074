// The random source of a stochastic truncation unit: a draw is the register after as many steps as it has bits.
// number_formats.md section 2.
//
// The register of each position is kept: ic tiles of one position follow each other with all others between them.
module lfsr #(
  parameter int unsigned Bits         = 16,  // 16 or 32
  parameter int unsigned Depth        = 1,   // positions
  parameter int unsigned PositionBits = 1
) (
  input  logic                    clk_i,
  input  logic [PositionBits-1:0] position_i,
  input  logic                    seed_valid_i,  // a new output element: draw from the seed
  input  logic [Bits-1:0]         seed_i,        // 0 becomes 1
  input  logic                    draw_i,        // draw_o is used: go on from it
  output logic [Bits-1:0]         draw_o
);
  localparam logic [31:0] Mask = Bits == 16 ? 32'h0000_B400 : 32'h8020_0003;

  logic [Bits-1:0] state_q[0:Depth-1];
  logic [Bits-1:0] state;
  always_comb begin
    state = !seed_valid_i ? state_q[position_i] : seed_i == '0 ? Bits'(1) : seed_i;
    for (int i = 0; i < Bits; i++) state = (state >> 1) ^ (state[0] ? Mask[Bits-1:0] : '0);
  end
  assign draw_o = state;

  always_ff @(posedge clk_i) begin
    if (draw_i) state_q[position_i] <= state;
  end
endmodule
