// Holds input regions and answers tap requests; a padded tap gets the pad value. One write and one read a cycle;
// the two entries of the output queue are the read port's registers.
module activation_buffer (
  input  logic                                                clk_i,
  input  logic                                                rst_ni,
  input  logic signed [31:0]                                  pad_value_i,
  // from the DMA
  input  logic                                                write_valid_i,
  input  logic [dla_pkg::ActivationWordBits-1:0]              write_word_i,
  input  logic [dla_pkg::IcLanes*dla_pkg::ActivationBits-1:0] write_values_i,
  // from the address generator
  input  logic                                                valid_i,
  output logic                                                ready_o,
  input  dla_pkg::tap_request_t                               request_i,
  // to the PE array
  output logic                                                valid_o,
  input  logic                                                ready_i,
  output logic [dla_pkg::IcLanes*dla_pkg::ActivationBits-1:0] x_o,
  output dla_pkg::tap_request_t                               request_o
);
  localparam int unsigned WordBits = dla_pkg::IcLanes * dla_pkg::ActivationBits;

  logic [WordBits-1:0] memory_q[0:dla_pkg::ActivationWords-1];
  wire  [WordBits-1:0] x = request_i.padded ? {dla_pkg::IcLanes{pad_value_i[dla_pkg::ActivationBits-1:0]}}
                                            : memory_q[request_i.word];

  always_ff @(posedge clk_i) begin
    if (write_valid_i) memory_q[write_word_i] <= write_values_i;
  end

  elastic_pipeline #(
    .Latency(1),
    .Width  (WordBits + dla_pkg::TapRequestBits)
  ) u_pipeline (
    .clk_i,
    .rst_ni,
    .valid_i,
    .ready_o,
    .data_i ({x, request_i}),
    .valid_o,
    .ready_i,
    .data_o ({x_o, request_o})
  );
endmodule
