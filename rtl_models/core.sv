// The datapath: everything between the DMA's words and the DMA's reads.
//
//   weight_loader ─► rows ──────────┐
//   address_generator ─► activation_buffer ─► pe_array ─► adder_tree ─► partial_sum_buffer ─► post_processor
//                                                                                               ─► output_buffer
//
// hold_i is a test input: hand-shake i does not take place in a cycle in which bit i is high.
module core (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  // Configure: taken only while all tiles are done
  input  logic                                 configure_valid_i,
  input  logic                                 maximum_i,
  input  logic                                 wide_i,
  input  logic signed [31:0]                   pad_value_i,
  input  dla_pkg::geometry_t                   geometry_i,
  input  dla_pkg::post_settings_t              settings_i,
  // ConfigureStaged: makes the layer of the Configure before it one of number formats
  input  logic                                 configure_staged_valid_i,
  input  dla_pkg::staged_settings_t            staged_settings_i,
  // RunTile
  input  logic                                 tile_valid_i,
  output logic                                 tile_ready_o,
  input  dla_pkg::run_tile_t                   tile_i,
  // words from the load channel
  input  logic                                 load_valid_i,
  input  logic [31:0]                          load_target_i,
  input  logic [31:0]                          load_word_i,   // buffer word; parameter slot; table bank
  input  logic [31:0]                          load_entry_i,  // parameter: oc lane; table: first entry
  input  logic [31:0]                          load_count_i,
  input  logic [dla_pkg::MaxLanes*32-1:0]      load_values_i,
  input  logic [63:0]                          load_bias_i,
  input  logic [31:0]                          load_mantissa_i,
  input  logic [31:0]                          load_shift_i,
  // the store channel
  input  logic                                 read_i,
  input  logic [dla_pkg::OutputWordBits-1:0]   read_word_i,
  output logic                                 data_valid_o,
  output logic [dla_pkg::OcLanes*dla_pkg::ActivationBits-1:0] data_o,
  output logic [dla_pkg::CountBits-1:0]        tiles_done_o,
  output logic [dla_pkg::LayerBits-1:0]        layer_o,  // of the word that the post-processor offers
  output logic                                 idle_o,   // no tile is waiting or being walked
  // the six hand-shakes, in the order of the data
  input  logic [5:0]                           hold_i,
  output logic [5:0]                           valid_o,
  output logic [5:0]                           ready_o,
  output logic [dla_pkg::CountBits-1:0]        ic_tiles_loaded_o,
  output logic [dla_pkg::CountBits-1:0]        ic_tiles_consumed_o
);
  localparam int unsigned IcLanes        = dla_pkg::IcLanes;
  localparam int unsigned OcLanes        = dla_pkg::OcLanes;
  localparam int unsigned ActivationBits = dla_pkg::ActivationBits;
  localparam int unsigned WeightBits     = dla_pkg::WeightBits;
  localparam int unsigned SumBits        = dla_pkg::SumBits;

  // configuration registers
  logic                                 maximum_q, wide_q;
  logic signed [31:0]                   pad_value_q;
  logic [dla_pkg::GeometryBits-1:0]     geometry_q;
  logic [dla_pkg::PostSettingsBits-1:0] settings_q;
  logic [dla_pkg::StagedSettingsBits-1:0] staged_settings_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {maximum_q, wide_q, pad_value_q, geometry_q, settings_q} <= '0;
    end else if (configure_valid_i) begin
      maximum_q   <= maximum_i;
      wide_q      <= wide_i;
      pad_value_q <= pad_value_i;
      geometry_q  <= geometry_i;
      settings_q  <= settings_i;
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                       staged_settings_q <= '0;
    else if (configure_valid_i)        staged_settings_q <= '0;
    else if (configure_staged_valid_i) staged_settings_q <= staged_settings_i;
  end

  // The load channel's 32-bit lanes, at the width of each buffer.
  logic [IcLanes*ActivationBits-1:0] activations;
  logic [OcLanes*ActivationBits-1:0] operands;
  logic [OcLanes*WeightBits-1:0]     weights;
  for (genvar i = 0; i < IcLanes; i++) begin : gen_activation
    assign activations[i*ActivationBits+:ActivationBits] = load_values_i[i*32+:ActivationBits];
  end
  for (genvar i = 0; i < OcLanes; i++) begin : gen_word
    assign operands[i*ActivationBits+:ActivationBits] = load_values_i[i*32+:ActivationBits];
    assign weights[i*WeightBits+:WeightBits]          = load_values_i[i*32+:WeightBits];
  end

  logic [dla_pkg::TapRequestBits-1:0]     tap_request, activation_request;
  logic [IcLanes*ActivationBits-1:0]      x;
  logic [IcLanes*OcLanes*SumBits-1:0]     lane_sum;
  logic [$clog2(IcLanes+1)-1:0]           lanes_active;
  logic [OcLanes*SumBits-1:0]             channel_sum, total;
  logic [dla_pkg::PositionBits-1:0]       lane_position, channel_position, total_position;
  logic                                   row_valid, row_bank;
  logic [dla_pkg::TapBits-1:0]            row_tap;
  logic [dla_pkg::IcLaneBits-1:0]         row_ic_lane;
  logic [OcLanes*WeightBits-1:0]          row_w;
  logic [OcLanes*ActivationBits-1:0]      value;
  logic [$clog2(dla_pkg::OutputWords+dla_pkg::PartialSumDepth)-1:0] word;
  logic                                   write, last_of_tile;
  logic                                   loader_tile_ready, generator_tile_ready;
  logic                                   loader_idle, generator_idle;

  wire tile_accepted = tile_valid_i & tile_ready_o;
  assign idle_o       = loader_idle & generator_idle;
  assign tile_ready_o = loader_tile_ready & generator_tile_ready;

  weight_loader u_weight_loader (
    .clk_i,
    .rst_ni,
    .write_valid_i      (load_valid_i && load_target_i == dla_pkg::LoadWeight),
    .write_word_i       (load_word_i[dla_pkg::WeightWordBits-1:0]),
    .write_values_i     (weights),
    .tile_valid_i       (tile_accepted),
    .tile_ready_o       (loader_tile_ready),
    .tile_i,
    .ic_tiles_consumed_i(ic_tiles_consumed_o),
    .row_valid_o        (row_valid),
    .row_bank_o         (row_bank),
    .row_tap_o          (row_tap),
    .row_ic_lane_o      (row_ic_lane),
    .row_w_o            (row_w),
    .ic_tiles_loaded_o,
    .idle_o             (loader_idle)
  );

  address_generator u_address_generator (
    .clk_i,
    .rst_ni,
    .geometry_i       (geometry_q),
    .staged_settings_i(staged_settings_q),
    .tile_valid_i     (tile_accepted),
    .tile_ready_o     (generator_tile_ready),
    .tile_i,
    .ic_tiles_loaded_i(ic_tiles_loaded_o),
    .valid_o          (valid_o[0]),
    .ready_i          (ready_o[0] & !hold_i[0]),
    .request_o        (tap_request),
    .idle_o           (generator_idle)
  );

  activation_buffer u_activation_buffer (
    .clk_i,
    .rst_ni,
    .pad_value_i   (pad_value_q),
    .write_valid_i (load_valid_i && load_target_i == dla_pkg::LoadActivation),
    .write_word_i  (load_word_i[dla_pkg::ActivationWordBits-1:0]),
    .write_values_i(activations),
    .valid_i       (valid_o[0] & !hold_i[0]),
    .ready_o       (ready_o[0]),
    .request_i     (tap_request),
    .valid_o       (valid_o[1]),
    .ready_i       (ready_o[1] & !hold_i[1]),
    .x_o           (x),
    .request_o     (activation_request)
  );

  pe_array u_pe_array (
    .clk_i,
    .rst_ni,
    .maximum_i          (maximum_q),
    .wide_i             (wide_q),
    .staged_settings_i  (staged_settings_q),
    .valid_i            (valid_o[1] & !hold_i[1]),
    .ready_o            (ready_o[1]),
    .x_i                (x),
    .request_i          (activation_request),
    .row_valid_i        (row_valid),
    .row_bank_i         (row_bank),
    .row_tap_i          (row_tap),
    .row_ic_lane_i      (row_ic_lane),
    .row_w_i            (row_w),
    .ic_tiles_consumed_o,
    .valid_o            (valid_o[2]),
    .ready_i            (ready_o[2] & !hold_i[2]),
    .sum_o              (lane_sum),
    .lanes_active_o     (lanes_active),
    .position_o         (lane_position)
  );

  adder_tree u_adder_tree (
    .clk_i,
    .rst_ni,
    .wide_i        (wide_q),
    .staged_settings_i(staged_settings_q),
    .valid_i       (valid_o[2] & !hold_i[2]),
    .ready_o       (ready_o[2]),
    .sum_i         (lane_sum),
    .lanes_active_i(lanes_active),
    .position_i    (lane_position),
    .valid_o       (valid_o[3]),
    .ready_i       (ready_o[3] & !hold_i[3]),
    .sum_o         (channel_sum),
    .position_o    (channel_position)
  );

  partial_sum_buffer u_partial_sum_buffer (
    .clk_i,
    .rst_ni,
    .staged_settings_i(staged_settings_q),
    .valid_i   (valid_o[3] & !hold_i[3]),
    .ready_o   (ready_o[3]),
    .sum_i     (channel_sum),
    .position_i(channel_position),
    .valid_o   (valid_o[4]),
    .ready_i   (ready_o[4] & !hold_i[4]),
    .sum_o     (total),
    .position_o(total_position)
  );

  post_processor u_post_processor (
    .clk_i,
    .rst_ni,
    .settings_i          (settings_q),
    .staged_settings_i   (staged_settings_q),
    .operand_valid_i     (load_valid_i && load_target_i == dla_pkg::LoadOperand),
    .operand_word_i      (load_word_i[dla_pkg::OperandWordBits-1:0]),
    .operand_values_i    (operands),
    .parameter_valid_i   (load_valid_i && load_target_i == dla_pkg::LoadParameter),
    .parameter_slot_i    (load_word_i[dla_pkg::SlotBits-1:0]),
    .parameter_oc_lane_i (load_entry_i[dla_pkg::OcLaneBits-1:0]),
    .parameter_bias_i    (load_bias_i[SumBits-1:0]),
    .parameter_mantissa_i(load_mantissa_i),
    .parameter_shift_i   (load_shift_i),
    .table_valid_i       (load_valid_i && load_target_i == dla_pkg::LoadTable),
    .table_bank_i        (load_word_i[0]),
    .table_entry_i       (load_entry_i[dla_pkg::TableBits-1:0]),
    .table_count_i       (load_count_i[$clog2(OcLanes+1)-1:0]),
    .table_values_i      (operands),
    .valid_i             (valid_o[4] & !hold_i[4]),
    .ready_o             (ready_o[4]),
    .sum_i               (total),
    .position_i          (total_position),
    .valid_o             (valid_o[5]),
    .ready_i             (ready_o[5] & !hold_i[5]),
    .value_o             (value),
    .word_o              (word),
    .layer_o,
    .write_o             (write),
    .last_of_tile_o      (last_of_tile)
  );

  output_buffer u_output_buffer (
    .clk_i,
    .rst_ni,
    .valid_i       (valid_o[5] & !hold_i[5]),
    .ready_o       (ready_o[5]),
    .value_i       (value),
    .word_i        (word),
    .write_i       (write),
    .last_of_tile_i(last_of_tile),
    .read_i,
    .read_word_i,
    .data_valid_o,
    .data_o,
    .tiles_done_o
  );
endmodule
