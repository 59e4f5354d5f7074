// One node of the adder tree with its truncation unit: number_formats.md section 5.
module tree_node #(
  parameter int unsigned Level = 0,  // from the leaves
  parameter int unsigned Node  = 0   // counted level by level from the leaves
) (
  input  logic                        clk_i,
  input  dla_pkg::staged_settings_t   staged_settings_i,
  input  dla_pkg::position_t          position_i,
  input  logic [15:0]                 oc_lane_i,
  input  logic                        valid_i,  // the terms move: one draw
  input  logic [dla_pkg::SumBits-1:0] left_i,
  input  logic [dla_pkg::SumBits-1:0] right_i,
  output logic [dla_pkg::SumBits-1:0] sum_o
);
  localparam logic [63:0] TermFormat = Level == 0 ? dla_pkg::AccumulatorFormat : dla_pkg::TreeFormat;
  localparam int unsigned TermBits   = dla_pkg::code_bits(TermFormat);
  localparam int unsigned CodeBits   = dla_pkg::code_bits(dla_pkg::TreeFormat);
  localparam int unsigned PointBits  = dla_pkg::PointSettingsBits;
  localparam int unsigned Below      = Level == 0 ? 0 : Level - 1;
  localparam logic [31:0] PointTree  = 32'd2 << 16;

  wire dla_pkg::point_settings_t settings = staged_settings_i.tree[Level*PointBits+:PointBits];
  // Both terms have the fractional length of the level below.
  wire signed [8:0] length = 9'($signed(Level == 0
      ? staged_settings_i.accumulator.fraction_length
      : staged_settings_i.tree[Below*PointBits+dla_pkg::FractionLengthAt+:dla_pkg::FractionLengthBits]));
  logic [31:0]         draw;
  logic [CodeBits-1:0] code;

  random_source u_source (
    .clk_i,
    .seed_i (settings.seed),
    .unit_i (PointTree + 32'(Node)),
    .oc_lane_i,
    .position_i,
    .first_i(position_i.first_sum),
    .draw_i (valid_i),
    .draw_o (draw)
  );
  truncating_adder #(
    .AFormat  (TermFormat),
    .BFormat  (TermFormat),
    .Format   (dla_pkg::TreeFormat),
    .Alignment(0)
  ) u_adder (
    .a_code_i  (left_i[TermBits-1:0]),
    .a_length_i(length),
    .b_code_i  (right_i[TermBits-1:0]),
    .b_length_i(length),
    .settings_i(settings),
    .draw_i    (draw),
    .code_o    (code)
  );
  assign sum_o = dla_pkg::SumBits'(code);
endmodule
