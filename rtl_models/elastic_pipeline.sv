// Latency registers between a beat's acceptance and its offer, the last of them a two-entry queue.
//
//   valid_i ─► stage 1 ─► ... ─► stage Latency-1 ─► elastic_queue ─► valid_o
//
// All stages advance together, unless the last one holds a beat that the queue has no room for.
module elastic_pipeline #(
  parameter int unsigned Latency = 1,
  parameter int unsigned Width   = 1
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
  if (Latency == 1) begin : gen_queue_only
    elastic_queue #(.Width(Width)) u_queue (.*);
  end else begin : gen_stages
    localparam int unsigned Stages = Latency - 1;
    logic [Stages-1:0]       valid_q;
    logic [Stages*Width-1:0] data_q;  // youngest beat in the low bits
    logic                    queue_ready;

    assign ready_o = queue_ready | !valid_q[Stages-1];

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)      valid_q <= '0;
      else if (ready_o) valid_q <= (valid_q << 1) | Stages'(valid_i);
    end
    always_ff @(posedge clk_i) begin
      if (ready_o) data_q <= (data_q << Width) | (Stages * Width)'(data_i);
    end

    elastic_queue #(.Width(Width)) u_queue (
      .clk_i,
      .rst_ni,
      .valid_i(valid_q[Stages-1]),
      .ready_o(queue_ready),
      .data_i (data_q[(Stages-1)*Width+:Width]),
      .valid_o,
      .ready_i,
      .data_o
    );
  end
endmodule
