// The partial sum of one oc lane with its truncation unit: number_formats.md section 5.
module partial_sum_unit (
  input  logic                        clk_i,
  input  dla_pkg::staged_settings_t   staged_settings_i,
  input  dla_pkg::position_t          position_i,
  input  logic [15:0]                 oc_lane_i,
  input  logic                        valid_i,   // the sum moves: one draw
  input  logic [dla_pkg::SumBits-1:0] before_i,
  input  logic [dla_pkg::SumBits-1:0] sum_i,
  output logic [dla_pkg::SumBits-1:0] total_o
);
  localparam bit          HasTree    = dla_pkg::TreeLevels != 0;
  localparam logic [63:0] TermFormat = HasTree ? dla_pkg::TreeFormat : dla_pkg::AccumulatorFormat;
  localparam int unsigned TermBits   = dla_pkg::code_bits(TermFormat);
  localparam int unsigned CodeBits   = dla_pkg::code_bits(dla_pkg::PartialSumFormat);
  localparam int unsigned PointBits  = dla_pkg::PointSettingsBits;
  localparam int unsigned Top        = HasTree ? dla_pkg::TreeLevels - 1 : 0;
  localparam logic [31:0] PointPartialSum = 32'd3 << 16;

  wire signed [8:0] term_length = 9'($signed(HasTree
      ? staged_settings_i.tree[Top*PointBits+dla_pkg::FractionLengthAt+:dla_pkg::FractionLengthBits]
      : staged_settings_i.accumulator.fraction_length));
  logic [31:0]         draw;
  logic [CodeBits-1:0] code;

  random_source u_source (
    .clk_i,
    .seed_i (staged_settings_i.partial_sum.seed),
    .unit_i (PointPartialSum),
    .oc_lane_i,
    .position_i,
    .first_i(position_i.first_sum),
    .draw_i (valid_i),
    .draw_o (draw)
  );
  truncating_adder #(
    .AFormat(dla_pkg::PartialSumFormat),
    .BFormat(TermFormat),
    .Format (dla_pkg::PartialSumFormat)
  ) u_adder (
    .a_code_i  (before_i[CodeBits-1:0]),
    .a_length_i(9'($signed(staged_settings_i.partial_sum.fraction_length))),
    .b_code_i  (sum_i[TermBits-1:0]),
    .b_length_i(term_length),
    .settings_i(staged_settings_i.partial_sum),
    .draw_i    (draw),
    .code_o    (code)
  );
  assign total_o = dla_pkg::SumBits'(code);
endmodule
