// Sums the ic lanes of each oc lane in a balanced, pipelined binary tree: neighbours first, a register a level.
//
// The nodes are numbered as a heap: node i adds nodes 2i and 2i+1, the leaves follow the inner nodes, node 1 is
// the sum. Lanes without a channel, and those up to the next power of two, are +0. In a layer of number formats
// every node is followed by its truncation unit.
module adder_tree (
  input  logic                                                        clk_i,
  input  logic                                                        rst_ni,
  input  logic                                                        wide_i,  // 0: sums wrap at 32 bits
  input  dla_pkg::staged_settings_t                                   staged_settings_i,
  // from the PE array: [ic][oc]
  input  logic                                                        valid_i,
  output logic                                                        ready_o,
  input  logic [dla_pkg::IcLanes*dla_pkg::OcLanes*dla_pkg::SumBits-1:0] sum_i,
  input  logic [$clog2(dla_pkg::IcLanes+1)-1:0]                       lanes_active_i,
  input  dla_pkg::position_t                                          position_i,
  // to the partial-sum buffer
  output logic                                                        valid_o,
  input  logic                                                        ready_i,
  output logic [dla_pkg::OcLanes*dla_pkg::SumBits-1:0]                sum_o,
  output dla_pkg::position_t                                          position_o
);
  localparam int unsigned Levels    = dla_pkg::TreeLevels;
  localparam int unsigned Leaves    = 1 << Levels;
  localparam int unsigned SumBits   = dla_pkg::SumBits;
  localparam int unsigned NodeBits  = dla_pkg::OcLanes * SumBits;
  localparam int unsigned Stages    = Levels > 1 ? Levels - 1 : 0;

  // What the level above reads. Every node is a variable of its own, so that no false loop is seen between them.
  logic [2*Leaves*NodeBits-1:NodeBits]  node /*verilator split_var*/;
  logic                                 advance;
  logic                                 top_valid, queue_ready;
  logic [dla_pkg::PositionBits-1:0]     top_position;
  // What moves into each level, in the order of the levels from the leaves on.
  logic [Stages:0]                        moves;
  logic [(Stages+1)*dla_pkg::PositionBits-1:0] positions;

  assign ready_o = advance;

  for (genvar ic = 0; ic < Leaves; ic++) begin : gen_leaf
    if (ic < dla_pkg::IcLanes) begin : gen_lane
      assign node[(Leaves+ic)*NodeBits+:NodeBits] =
          32'(lanes_active_i) > ic ? sum_i[ic*NodeBits+:NodeBits] : '0;
    end else begin : gen_padding
      assign node[(Leaves+ic)*NodeBits+:NodeBits] = '0;
    end
  end

  for (genvar i = 1; i < Leaves; i++) begin : gen_node
    localparam int unsigned Level = Levels - $clog2(i + 1);  // from the leaves
    localparam int unsigned First = 1 << (Levels - 1 - Level);
    logic [NodeBits-1:0] sum;
    for (genvar oc = 0; oc < dla_pkg::OcLanes; oc++) begin : gen_oc
      wire signed [SumBits-1:0] left          = node[2*i*NodeBits+oc*SumBits+:SumBits];
      wire signed [SumBits-1:0] right         = node[(2*i+1)*NodeBits+oc*SumBits+:SumBits];
      wire signed [SumBits-1:0] total         = left + right;
      wire signed [SumBits-1:0] integer_total = wide_i ? total : SumBits'($signed(total[31:0]));

      if (dla_pkg::TruncationKind == 0) begin : gen_integer
        assign sum[oc*SumBits+:SumBits] = integer_total;
      end else begin : gen_units
        logic [SumBits-1:0] code;
        tree_node #(
          .Level(Level),
          // nodes are counted level by level from the leaves, left to right
          .Node (Leaves - (Leaves >> Level) + i - First)
        ) u_node (
          .clk_i,
          .staged_settings_i,
          .position_i(positions[Level*dla_pkg::PositionBits+:dla_pkg::PositionBits]),
          .oc_lane_i (16'(oc)),
          .valid_i   (moves[Level] & advance),
          .left_i    (left),
          .right_i   (right),
          .sum_o     (code)
        );
        assign sum[oc*SumBits+:SumBits] = staged_settings_i.reduces ? code : integer_total;
      end
    end
    if (i == 1) begin : gen_top  // the queue is the last level's register
      assign node[i*NodeBits+:NodeBits] = sum;
    end else begin : gen_register
      logic [NodeBits-1:0] sum_q;
      always_ff @(posedge clk_i) begin
        if (advance) sum_q <= sum;
      end
      assign node[i*NodeBits+:NodeBits] = sum_q;
    end
  end

  if (Stages == 0) begin : gen_no_stages
    assign advance      = queue_ready;
    assign top_valid    = valid_i;
    assign top_position = position_i;
    assign moves        = valid_i;
    assign positions    = position_i;
  end else begin : gen_stages
    logic [Stages-1:0]                        valid_q;
    logic [Stages*dla_pkg::PositionBits-1:0]  position_q;
    assign advance      = queue_ready | !valid_q[Stages-1];
    assign top_valid    = valid_q[Stages-1];
    assign top_position = position_q[(Stages-1)*dla_pkg::PositionBits+:dla_pkg::PositionBits];
    assign moves        = {valid_q, valid_i};
    assign positions    = {position_q, position_i};

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)      valid_q <= '0;
      else if (advance) valid_q <= (valid_q << 1) | Stages'(valid_i);
    end
    always_ff @(posedge clk_i) begin
      if (advance) begin
        position_q <= (position_q << dla_pkg::PositionBits) | (Stages * dla_pkg::PositionBits)'(position_i);
      end
    end
  end

  elastic_queue #(
    .Width(NodeBits + dla_pkg::PositionBits)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .valid_i(top_valid),
    .ready_o(queue_ready),
    .data_i ({node[NodeBits+:NodeBits], top_position}),
    .valid_o,
    .ready_i,
    .data_o ({sum_o, position_o})
  );
endmodule
