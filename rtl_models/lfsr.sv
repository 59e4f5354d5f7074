// The random source of a stochastic truncation unit: a draw is the register after as many steps as it has bits.
// number_formats.md section 2.
module lfsr #(
  parameter int unsigned Bits = 16  // 16 or 32
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  input  logic            seed_valid_i,  // a new output element
  input  logic [Bits-1:0] seed_i,        // 0 becomes 1
  input  logic            draw_i,
  output logic [Bits-1:0] next_draw_o    // what draw_i takes
);
  localparam logic [31:0] Mask = Bits == 16 ? 32'h0000_B400 : 32'h8020_0003;

  logic [Bits-1:0] state_q, state;
  always_comb begin
    state = state_q;
    for (int i = 0; i < Bits; i++) state = (state >> 1) ^ (state[0] ? Mask[Bits-1:0] : '0);
  end
  assign next_draw_o = state;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)           state_q <= Bits'(1);
    else if (seed_valid_i) state_q <= seed_i == '0 ? Bits'(1) : seed_i;
    else if (draw_i)       state_q <= state;
  end
endmodule
