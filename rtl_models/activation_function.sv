// f of number_formats.md section 5 on an exact number: none, ReLU, leaky ReLU, clamp; nan stays. Combinational.
module activation_function #(
  parameter int unsigned InBits  = 32,  // significands
  parameter int unsigned OutBits = InBits + dla_pkg::LimitBits
) (
  input  dla_pkg::staged_settings_t               staged_settings_i,
  input  logic                                    nan_i,
  input  logic                                    infinity_i,
  input  logic                                    negative_i,
  input  logic [InBits-1:0]                       significand_i,
  input  logic signed [dla_pkg::ExponentBits-1:0] exponent_i,
  output logic                                    nan_o,
  output logic                                    infinity_o,
  output logic                                    negative_o,
  output logic [OutBits-1:0]                      significand_o,
  output logic signed [dla_pkg::ExponentBits-1:0] exponent_o
);
  localparam int unsigned E         = dla_pkg::ExponentBits;
  localparam int unsigned LimitBits = dla_pkg::LimitBits;
  localparam logic [1:0] FunctionRelu = 2'd1, FunctionLeaky = 2'd2, FunctionClamp = 2'd3;

  wire signed [E-1:0] minimum_exponent = staged_settings_i.minimum_exponent;
  wire signed [E-1:0] maximum_exponent = staged_settings_i.maximum_exponent;
  logic below, above, unused_greater, unused_less;

  number_compare #(
    .ABits       (InBits),
    .BBits       (LimitBits),
    .ExponentBits(E)
  ) u_minimum (
    .a_infinity_i   (infinity_i),
    .a_negative_i   (negative_i),
    .a_significand_i(significand_i),
    .a_exponent_i   (exponent_i),
    .b_infinity_i   (staged_settings_i.minimum_infinity),
    .b_negative_i   (staged_settings_i.minimum_negative),
    .b_significand_i(staged_settings_i.minimum_significand),
    .b_exponent_i   (minimum_exponent),
    .less_o         (below),
    .greater_o      (unused_greater)
  );
  number_compare #(
    .ABits       (InBits),
    .BBits       (LimitBits),
    .ExponentBits(E)
  ) u_maximum (
    .a_infinity_i   (infinity_i),
    .a_negative_i   (negative_i),
    .a_significand_i(significand_i),
    .a_exponent_i   (exponent_i),
    .b_infinity_i   (staged_settings_i.maximum_infinity),
    .b_negative_i   (staged_settings_i.maximum_negative),
    .b_significand_i(staged_settings_i.maximum_significand),
    .b_exponent_i   (maximum_exponent),
    .less_o         (unused_less),
    .greater_o      (above)
  );

  wire zero = significand_i == '0 && !infinity_i;
  always_comb begin
    {nan_o, infinity_o, negative_o} = {nan_i, infinity_i, negative_i};
    significand_o            = OutBits'(significand_i);
    exponent_o               = exponent_i;
    case (staged_settings_i.function_code)
      FunctionRelu: begin
        if (negative_i || zero) begin
          {infinity_o, negative_o} = 2'b00;
          significand_o            = '0;
        end
      end
      FunctionLeaky: begin
        if (negative_i) begin
          nan_o         = nan_i || (infinity_i && staged_settings_i.slope_significand == '0);
          negative_o    = !staged_settings_i.slope_negative;
          significand_o = OutBits'(significand_i) * OutBits'(staged_settings_i.slope_significand);
          exponent_o    = exponent_i + staged_settings_i.slope_exponent;
        end
      end
      FunctionClamp: begin
        if (below) begin
          {infinity_o, negative_o} = {staged_settings_i.minimum_infinity, staged_settings_i.minimum_negative};
          significand_o            = OutBits'(staged_settings_i.minimum_significand);
          exponent_o               = minimum_exponent;
        end else if (above) begin
          {infinity_o, negative_o} = {staged_settings_i.maximum_infinity, staged_settings_i.maximum_negative};
          significand_o            = OutBits'(staged_settings_i.maximum_significand);
          exponent_o               = maximum_exponent;
        end
      end
      default: ;
    endcase
    if (nan_o) {infinity_o, negative_o} = 2'b00;
  end
endmodule
