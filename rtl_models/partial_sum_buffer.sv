// Accumulates the adder tree's results of successive ic tiles: a read-modify-write a cycle. Complete sums go on;
// of a tile that holds its sums only the last position, as the token that the tile is done.
module partial_sum_buffer (
  input  logic                                         clk_i,
  input  logic                                         rst_ni,
  input  dla_pkg::staged_settings_t                    staged_settings_i,
  // from the adder tree
  input  logic                                         valid_i,
  output logic                                         ready_o,
  input  logic [dla_pkg::OcLanes*dla_pkg::SumBits-1:0] sum_i,
  input  dla_pkg::position_t                           position_i,
  // to the post-processor
  output logic                                         valid_o,
  input  logic                                         ready_i,
  output logic [dla_pkg::OcLanes*dla_pkg::SumBits-1:0] sum_o,
  output dla_pkg::position_t                           position_o
);
  localparam int unsigned SumBits  = dla_pkg::SumBits;
  localparam int unsigned WordBits = dla_pkg::OcLanes * SumBits;

  logic [WordBits-1:0] memory_q[0:dla_pkg::PartialSumDepth-1];
  logic [WordBits-1:0] total;
  wire  [WordBits-1:0] entry = memory_q[position_i.index];

  for (genvar oc = 0; oc < dla_pkg::OcLanes; oc++) begin : gen_oc
    wire [SumBits-1:0] held        = position_i.first_sum ? SumBits'(0) : entry[oc*SumBits+:SumBits];
    wire [SumBits-1:0] integer_total = held + sum_i[oc*SumBits+:SumBits];

    if (dla_pkg::TruncationKind == 0) begin : gen_integer
      assign total[oc*SumBits+:SumBits] = integer_total;
    end else begin : gen_units
      logic [SumBits-1:0] code;
      partial_sum_unit u_unit (
        .clk_i,
        .staged_settings_i,
        .position_i,
        .oc_lane_i(16'(oc)),
        .valid_i  (valid_i & ready_o),
        .before_i (held),
        .sum_i    (sum_i[oc*SumBits+:SumBits]),
        .total_o  (code)
      );
      assign total[oc*SumBits+:SumBits] = staged_settings_i.reduces ? code : integer_total;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o && !position_i.last_sum) memory_q[position_i.index] <= total;
  end

  elastic_pipeline #(
    .Latency(1),
    .Width  (WordBits + dla_pkg::PositionBits)
  ) u_pipeline (
    .clk_i,
    .rst_ni,
    .valid_i(valid_i & (position_i.last_sum | position_i.last_of_tile)),
    .ready_o,
    .data_i ({total, position_i}),
    .valid_o,
    .ready_i,
    .data_o ({sum_o, position_o})
  );
endmodule
