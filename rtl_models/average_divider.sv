// sum / count, halves away from zero where count is even. Combinational: as the other units of the
// post-processor, it is spread over the pipeline's registers by retiming.
module average_divider (
  input  logic signed [dla_pkg::SumBits-1:0]           sum_i,
  input  logic        [$clog2(dla_pkg::MaxTaps+1)-1:0] count_i,  // 1 or more
  output logic signed [dla_pkg::SumBits-1:0]           quotient_o
);
  /*verilator no_inline_module*/
  localparam int unsigned Bits = dla_pkg::SumBits;

  wire negative = sum_i[Bits-1];
  wire [Bits-1:0] magnitude = (negative ? -sum_i : sum_i) + (Bits'(count_i) >> 1);
  wire [Bits-1:0] quotient  = magnitude / Bits'(count_i);
  assign quotient_o = negative ? -quotient : quotient;
endmodule
