// One unit's draws: its LFSR, seeded anew for every output element. number_formats.md section 2.
// Hardware without stochastic rounding has none.
module random_source (
  input  logic               clk_i,
  input  logic [31:0]        seed_i,      // lfsr.seed of the point
  input  logic [31:0]        unit_i,      // point * 65536 + instance
  input  logic [15:0]        oc_lane_i,
  input  dla_pkg::position_t position_i,
  input  logic               first_i,     // the element's first value
  input  logic               draw_i,      // a value moves
  output logic [31:0]        draw_o
);
  /*verilator no_inline_module*/
  if (dla_pkg::LfsrBits == 0) begin : gen_none
    assign draw_o = '0;
  end else begin : gen_lfsr
    localparam int unsigned Bits = dla_pkg::LfsrBits;
    logic [31:0]     hash;
    logic [Bits-1:0] draw;

    always_comb begin
      hash = seed_i + 32'h9E3779B1 * unit_i + 32'h85EBCA77 * (position_i.element + 32'(oc_lane_i));
      hash = (hash ^ (hash >> 16)) * 32'h85EBCA6B;
      hash = (hash ^ (hash >> 13)) * 32'hC2B2AE35;
      hash = hash ^ (hash >> 16);
    end

    lfsr #(
      .Bits        (Bits),
      .Depth       (dla_pkg::PartialSumDepth),
      .PositionBits(dla_pkg::PartialSumBits)
    ) u_lfsr (
      .clk_i,
      .position_i  (position_i.index),
      .seed_valid_i(first_i),
      .seed_i      (hash[Bits-1:0]),
      .draw_i,
      .draw_o      (draw)
    );
    assign draw_o = 32'(draw);
  end
endmodule
