// Turns complete sums into output values, oc_lanes wide, a position a cycle:
//
//   v = clamp(requantise(sum + bias) + zero point)      parameters of the position's slot
//   v = table(v)                                        lower and upper half of the lanes apart
//   v = combine(v, operand word or the gate's other lane)
//
// In a layer of number formats output_units take their place.
// The units are combinational and PostLatency registers follow: retiming moves them between the units.
module post_processor (
  input  logic                                                clk_i,
  input  logic                                                rst_ni,
  input  dla_pkg::post_settings_t                             settings_i,  // constant while a beat is inside
  input  dla_pkg::staged_settings_t                           staged_settings_i,
  // from the DMA
  input  logic                                                operand_valid_i,
  input  logic [dla_pkg::OperandWordBits-1:0]                 operand_word_i,
  input  logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] operand_values_i,
  input  logic                                                parameter_valid_i,
  input  logic [dla_pkg::SlotBits-1:0]                        parameter_slot_i,
  input  logic [dla_pkg::OcLaneBits-1:0]                      parameter_oc_lane_i,
  input  logic [dla_pkg::SumBits-1:0]                         parameter_bias_i,
  input  logic [31:0]                                         parameter_mantissa_i,
  input  logic [31:0]                                         parameter_shift_i,
  input  logic                                                table_valid_i,
  input  logic                                                table_bank_i,
  input  logic [dla_pkg::TableBits-1:0]                       table_entry_i,
  input  logic [$clog2(dla_pkg::OcLanes+1)-1:0]               table_count_i,  // entries from table_entry_i on
  input  logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] table_values_i,
  // from the partial-sum buffer
  input  logic                                                valid_i,
  output logic                                                ready_o,
  input  logic [dla_pkg::OcLanes*dla_pkg::SumBits-1:0]        sum_i,
  input  dla_pkg::position_t                                  position_i,
  // to the output buffer
  output logic                                                valid_o,
  input  logic                                                ready_i,
  output logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] value_o,
  output logic [$clog2(dla_pkg::OutputWords+dla_pkg::PartialSumDepth)-1:0] word_o,
  output logic [dla_pkg::LayerBits-1:0]                       layer_o,
  output logic                                                write_o,
  output logic                                                last_of_tile_o
);
  localparam int unsigned ActivationBits = dla_pkg::ActivationBits;
  localparam int unsigned SumBits        = dla_pkg::SumBits;
  localparam int unsigned OcLanes        = dla_pkg::OcLanes;
  localparam int unsigned WordBits       = OcLanes * ActivationBits;
  localparam int unsigned ParameterBits  = SumBits + 64;
  localparam int unsigned LaneBits       = $clog2(OcLanes + 1) + 1;
  localparam int unsigned OutputBits     = $clog2(dla_pkg::OutputWords + dla_pkg::PartialSumDepth);

  logic [WordBits-1:0]              operand_q[0:dla_pkg::OperandWords-1];
  logic signed [ActivationBits-1:0] table_q[0:2*dla_pkg::TableEntries-1];
  logic [WordBits-1:0]              value;
  logic [OcLanes*32-1:0]            looked_up;  // after the table, before the combiner
  logic [2*OcLanes*32-1:0]          upper_half; // lane + gate_offset, for the gate

  wire gated    = settings_i.combine == dla_pkg::CombineGate;
  wire combines = settings_i.combine != dla_pkg::CombineNone;
  wire [WordBits-1:0] operand = operand_q[position_i.operand_word[dla_pkg::OperandWordBits-1:0]];

  always_ff @(posedge clk_i) begin
    if (operand_valid_i) operand_q[operand_word_i] <= operand_values_i;
  end
  always_ff @(posedge clk_i) begin
    if (table_valid_i) begin
      for (int i = 0; i < OcLanes; i++) begin
        if (i < 32'(table_count_i)) begin
          table_q[(table_bank_i ? dla_pkg::TableEntries : 32'd0)+32'(table_entry_i)+i] <=
              table_values_i[i*ActivationBits+:ActivationBits];
        end
      end
    end
  end

  assign upper_half = {{OcLanes * 32{1'b0}}, looked_up} >> (32 * 32'(settings_i.gate_offset));

  for (genvar oc = 0; oc < OcLanes; oc++) begin : gen_lane
    logic [ParameterBits-1:0]      parameter_q[0:dla_pkg::ParameterSlots-1];
    wire  [ParameterBits-1:0]      parameters = parameter_q[position_i.parameter_slot];
    logic                          table_bank;
    logic [dla_pkg::TableBits-1:0] table_entry;
    logic signed [31:0]            combined;

    always_ff @(posedge clk_i) begin
      if (parameter_valid_i && parameter_oc_lane_i == dla_pkg::OcLaneBits'(oc)) begin
        parameter_q[parameter_slot_i] <= {parameter_bias_i, parameter_mantissa_i, parameter_shift_i};
      end
    end

    post_lane u_lane (
      .settings_i,
      .upper_i      (gated && LaneBits'(oc) >= LaneBits'(settings_i.gate_offset)),
      .sum_i        (sum_i[oc*SumBits+:SumBits]),
      .taps_inside_i(position_i.taps_inside),
      .bias_i       (parameters[64+:SumBits]),
      .mantissa_i   (parameters[63:32]),
      .shift_i      (parameters[31:0]),
      .table_bank_o (table_bank),
      .table_entry_o(table_entry),
      .table_value_i(table_q[(table_bank ? dla_pkg::TableEntries : 32'd0)+32'(table_entry)]),
      .value_o      (looked_up[oc*32+:32])
    );

    wire [31:0] second = gated ? upper_half[oc*32+:32] : 32'($signed(operand[oc*ActivationBits+:ActivationBits]));
    combiner u_combiner (
      .settings_i,
      .first_i (looked_up[oc*32+:32]),
      .second_i(second),
      .value_o (combined)
    );

    // The lanes of the gate's upper half have nothing to be combined with.
    wire active = LaneBits'(oc) < LaneBits'(position_i.oc_active);
    wire paired = LaneBits'(oc) + LaneBits'(settings_i.gate_offset) < LaneBits'(position_i.oc_active);
    wire use_combined = gated ? paired : combines;
    wire [31:0] chosen = use_combined ? combined : looked_up[oc*32+:32];
    logic [ActivationBits-1:0] lane_value;
    assign value[oc*ActivationBits+:ActivationBits] = position_i.last_sum && active ? lane_value : '0;

    if (dla_pkg::TruncationKind == 0) begin : gen_integer
      assign lane_value = chosen[ActivationBits-1:0];
    end else begin : gen_units
      logic [ActivationBits-1:0] code;
      output_units u_units (
        .clk_i,
        .staged_settings_i,
        .position_i,
        .oc_lane_i(16'(oc)),
        .sum_i    (sum_i[oc*SumBits+:SumBits]),
        .bias_i   (parameters[64+:SumBits]),
        .operand_i(operand[oc*ActivationBits+:ActivationBits]),
        .value_o  (code)
      );
      assign lane_value = staged_settings_i.reduces | staged_settings_i.elementwise ? code : chosen[ActivationBits-1:0];
    end
  end

  elastic_pipeline #(
    .Latency(dla_pkg::PostLatency),
    .Width  (WordBits + OutputBits + dla_pkg::LayerBits + 2)
  ) u_pipeline (
    .clk_i,
    .rst_ni,
    .valid_i,
    .ready_o,
    .data_i ({value, position_i.output_word, position_i.layer, position_i.last_sum, position_i.last_of_tile}),
    .valid_o,
    .ready_i,
    .data_o ({value_o, word_o, layer_o, write_o, last_of_tile_o})
  );
endmodule
