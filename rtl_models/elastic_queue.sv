// Two-entry queue: the last register of every pipeline. Because of the second entry ready_o depends on state
// alone and still a beat moves every cycle.
module elastic_queue #(
  parameter int unsigned Width = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             valid_i,
  output logic             ready_o,
  input  logic [Width-1:0] data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [Width-1:0] data_o
);
  logic [1:0]       queued_q;
  logic [Width-1:0] front_q, back_q;

  wire push = valid_i & ready_o;
  wire pop  = valid_o & ready_i;

  assign ready_o = !queued_q[1];
  assign valid_o = queued_q != 2'd0;
  assign data_o  = front_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) queued_q <= 2'd0;
    else         queued_q <= queued_q + {1'b0, push} - {1'b0, pop};
  end

  // The data needs no reset: nobody looks at it before valid_o. A beat goes to the front if the front is, or
  // becomes, free.
  always_ff @(posedge clk_i) begin
    if (push && (queued_q == 2'd0 || pop)) front_q <= data_i;
    else if (pop)                          front_q <= back_q;
    if (push)                              back_q  <= data_i;
  end
endmodule
