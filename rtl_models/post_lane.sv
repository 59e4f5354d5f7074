// One oc lane of the post-processor up to its table: bias, requantise, clamp, function of one value.
// Combinational: the registers of the post-processor's pipeline follow and are meant to be retimed.
module post_lane (
  input  dla_pkg::post_settings_t                      settings_i,
  input  logic                                         upper_i,  // the lane uses the upper table stage
  input  logic signed [dla_pkg::SumBits-1:0]           sum_i,
  input  logic [$clog2(dla_pkg::MaxTaps+1)-1:0]        taps_inside_i,
  // parameters of the channel
  input  logic signed [dla_pkg::SumBits-1:0]           bias_i,
  input  logic signed [31:0]                           mantissa_i,
  input  logic signed [31:0]                           shift_i,
  // to the table memory and back
  output logic                                         table_bank_o,
  output logic [dla_pkg::TableBits-1:0]                table_entry_o,
  input  logic signed [dla_pkg::ActivationBits-1:0]    table_value_i,
  output logic signed [31:0]                           value_o
);
  localparam int unsigned SumBits = dla_pkg::SumBits;

  wire signed [SumBits-1:0] biased = sum_i + bias_i;

  // A negative slope is a negative mantissa; its result is negated after the rounding.
  wire        use_negative = settings_i.negative_enable & biased[SumBits-1];
  wire        negate       = use_negative & settings_i.negative_mantissa[31];
  wire [31:0] mantissa     = !use_negative ? mantissa_i
                           : negate ? -settings_i.negative_mantissa : settings_i.negative_mantissa;

  logic signed [31:0]        scaled;
  logic signed [SumBits-1:0] average;
  requantiser u_requantiser (
    .rule_i    (settings_i.requant),
    .v_i       (biased),
    .mantissa_i(mantissa),
    .shift_i   (use_negative ? settings_i.negative_shift : shift_i),
    .result_o  (scaled)
  );
  average_divider u_average (
    .sum_i     (biased),
    .count_i   (taps_inside_i),
    .quotient_o(average)
  );

  wire signed [63:0] clamp_min = settings_i.clamp_min;
  wire signed [63:0] clamp_max = settings_i.clamp_max;
  wire signed [31:0] zero_point = settings_i.output_zero_point;
  wire        [31:0] kind = upper_i ? settings_i.upper_table : settings_i.lower_table;
  logic signed [63:0] v, shifted;
  logic signed [31:0] x;
  logic signed [15:0] curve;

  always_comb begin
    case (settings_i.requant)
      dla_pkg::RequantNone:    v = 64'(biased);
      dla_pkg::RequantAverage: v = 64'(average);
      default:                 v = negate ? -(64'(scaled)) : 64'(scaled);
    endcase
    shifted = v + 64'(zero_point);
    if (shifted < clamp_min)      x = clamp_min[31:0];
    else if (shifted > clamp_max) x = clamp_max[31:0];
    else                          x = shifted[31:0];
  end

  assign table_bank_o  = upper_i ? settings_i.upper_bank : settings_i.lower_bank;
  assign table_entry_o = x[dla_pkg::TableBits-1:0] &
                         (upper_i ? settings_i.upper_index_mask : settings_i.lower_index_mask);

  curve_unit u_curve (
    .tanh_i      (kind == dla_pkg::TableTanh16 || kind == dla_pkg::TableTanh16Tflite),
    .tflite_i    (kind == dla_pkg::TableSigmoid16Tflite || kind == dla_pkg::TableTanh16Tflite),
    .x_i         (x[15:0]),
    .multiplier_i(upper_i ? settings_i.upper_multiplier : settings_i.lower_multiplier),
    .shift_i     (upper_i ? settings_i.upper_shift : settings_i.lower_shift),
    .y_o         (curve)
  );

  always_comb begin
    case (kind)
      dla_pkg::TableNone:   value_o = x;
      dla_pkg::TableLookup: value_o = 32'(table_value_i);
      default:              value_o = 32'(curve);
    endcase
  end
endmodule
