// Keeps the post-processor's words until the DMA has stored them. Always ready: the tokens see to it that a word
// is stored before it is written again. Read latency 1; a word written in the cycle of its read is seen later.
module output_buffer (
  input  logic                                                clk_i,
  input  logic                                                rst_ni,
  // from the post-processor
  input  logic                                                valid_i,
  output logic                                                ready_o,
  input  logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] value_i,
  input  logic [$clog2(dla_pkg::OutputWords+dla_pkg::PartialSumDepth)-1:0] word_i,
  input  logic                                                write_i,
  input  logic                                                last_of_tile_i,
  // to the DMA
  input  logic                                                read_i,
  input  logic [dla_pkg::OutputWordBits-1:0]                  read_word_i,
  output logic                                                data_valid_o,
  output logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] data_o,
  output logic [dla_pkg::CountBits-1:0]                       tiles_done_o
);
  localparam int unsigned WordBits = dla_pkg::OcLanes * dla_pkg::ActivationBits;

  logic [WordBits-1:0]           memory_q[0:dla_pkg::OutputWords-1];
  logic [WordBits-1:0]           data_q;
  logic                          data_valid_q;
  logic [dla_pkg::CountBits-1:0] tiles_done_q;

  wire tile_done = valid_i & last_of_tile_i;

  always_ff @(posedge clk_i) begin
    if (valid_i && write_i) memory_q[word_i[dla_pkg::OutputWordBits-1:0]] <= value_i;
    if (read_i)             data_q <= memory_q[read_word_i];
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      data_valid_q <= 1'b0;
      tiles_done_q <= '0;
    end else begin
      data_valid_q <= read_i;
      tiles_done_q <= tiles_done_q + dla_pkg::CountBits'(tile_done);
    end
  end

  assign ready_o      = 1'b1;
  assign data_o       = data_q;
  assign data_valid_o = data_valid_q;
  assign tiles_done_o = tiles_done_q;
endmodule
