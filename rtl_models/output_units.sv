// One oc lane of the post-processor in a layer of number formats: number_formats.md section 5.
//
//   total ─► + bias ─► Q[bias] ─┐
//   first, second ─► operation ─┴► f ─► Q[output] ─► code
//
// `total` is the partial sum; of an element-wise layer it is the first operand's code. Combinational: an output
// element passes these units once, so that their draws are the first after the seed.
module output_units (
  input  logic                                      clk_i,
  input  dla_pkg::staged_settings_t                 staged_settings_i,
  input  dla_pkg::position_t                        position_i,
  input  logic [15:0]                               oc_lane_i,
  input  logic [dla_pkg::SumBits-1:0]               sum_i,
  input  logic [dla_pkg::SumBits-1:0]               bias_i,
  input  logic [dla_pkg::ActivationBits-1:0]        operand_i,
  output logic signed [dla_pkg::ActivationBits-1:0] value_o  // sign-extended
);
  localparam int unsigned E           = dla_pkg::ExponentBits;
  localparam int unsigned OutputBits  = dla_pkg::code_bits(dla_pkg::OutputFormat);
  localparam int unsigned TotalBits   = dla_pkg::significand_bits(dla_pkg::PartialSumFormat);
  localparam int unsigned BiasedBits  = dla_pkg::significand_bits(dla_pkg::BiasFormat);
  localparam int unsigned PairBits    = dla_pkg::significand_bits(dla_pkg::InputFormat);
  localparam int unsigned Span        = dla_pkg::TruncationKind == 1 ? dla_pkg::Alignment
      : dla_pkg::highest_exponent(dla_pkg::InputFormat) - dla_pkg::lowest_exponent(dla_pkg::InputFormat);
  localparam int unsigned PairSumBits = PairBits + Span + 1;
  localparam int unsigned Wider       = TotalBits > BiasedBits ? TotalBits : BiasedBits;
  localparam int unsigned WiderPair   = PairSumBits > 2 * PairBits ? PairSumBits : 2 * PairBits;
  localparam int unsigned Bits        = Wider > WiderPair ? Wider : WiderPair;
  localparam int unsigned ResultBits  = Bits + dla_pkg::LimitBits;
  localparam logic [31:0] PointBias = 32'd4 << 16, PointOutput = 32'd6 << 16;
  localparam logic [2:0] OperationAdd = 3'd1, OperationSubtract = 3'd2, OperationSubtractFrom = 3'd3,
                         OperationMultiply = 3'd4, OperationMinimum = 3'd5, OperationMaximum = 3'd6;

  logic [31:0] bias_draw, output_draw;
  random_source u_bias_source (
    .clk_i,
    .seed_i (staged_settings_i.bias.seed),
    .unit_i (PointBias),
    .oc_lane_i,
    .position_i,
    .first_i(1'b1),
    .draw_i (1'b0),
    .draw_o (bias_draw)
  );
  random_source u_output_source (
    .clk_i,
    .seed_i (staged_settings_i.result.seed),
    .unit_i (PointOutput),
    .oc_lane_i,
    .position_i,
    .first_i(1'b1),
    .draw_i (1'b0),
    .draw_o (output_draw)
  );

  // total and bias
  logic [dla_pkg::code_bits(dla_pkg::BiasFormat)-1:0] biased_code;
  logic total_nan, total_infinity, total_negative, biased_nan, biased_infinity, biased_negative;
  logic [TotalBits-1:0]  total;
  logic [BiasedBits-1:0] biased;
  logic signed [E-1:0]   total_exponent, biased_exponent;
  truncating_adder #(
    .AFormat(dla_pkg::PartialSumFormat),
    .BFormat(dla_pkg::BiasOperandFormat),
    .Format (dla_pkg::BiasFormat)
  ) u_bias (
    .a_code_i  (sum_i[dla_pkg::code_bits(dla_pkg::PartialSumFormat)-1:0]),
    .a_length_i(9'($signed(staged_settings_i.partial_sum.fraction_length))),
    .b_code_i  (bias_i[dla_pkg::code_bits(dla_pkg::BiasOperandFormat)-1:0]),
    .b_length_i(9'($signed(staged_settings_i.bias_fraction_length))),
    .settings_i(staged_settings_i.bias),
    .draw_i    (bias_draw),
    .code_o    (biased_code)
  );
  number_decoder #(.Format(dla_pkg::PartialSumFormat)) u_total (
    .code_i           (sum_i[dla_pkg::code_bits(dla_pkg::PartialSumFormat)-1:0]),
    .fraction_length_i($signed(staged_settings_i.partial_sum.fraction_length)),
    .nan_o            (total_nan),
    .infinity_o       (total_infinity),
    .negative_o       (total_negative),
    .significand_o    (total),
    .exponent_o       (total_exponent)
  );
  number_decoder #(.Format(dla_pkg::BiasFormat)) u_biased (
    .code_i           (biased_code),
    .fraction_length_i($signed(staged_settings_i.bias.fraction_length)),
    .nan_o            (biased_nan),
    .infinity_o       (biased_infinity),
    .negative_o       (biased_negative),
    .significand_o    (biased),
    .exponent_o       (biased_exponent)
  );

  // the operands of an element-wise layer
  logic first_nan, first_infinity, first_negative, second_nan, second_infinity, second_negative;
  logic sum_nan, sum_infinity, sum_negative, product_nan, product_infinity, product_negative, less, greater;
  logic [PairBits-1:0]    first, second;
  logic [PairSumBits-1:0] pair_sum;
  logic [2*PairBits-1:0]  product;
  logic signed [E-1:0]    first_exponent, second_exponent, sum_exponent, product_exponent;
  wire [2:0] operation = staged_settings_i.operation;
  number_decoder #(.Format(dla_pkg::InputFormat)) u_first (
    .code_i           (sum_i[dla_pkg::code_bits(dla_pkg::InputFormat)-1:0]),
    .fraction_length_i($signed(staged_settings_i.input_fraction_length)),
    .nan_o            (first_nan),
    .infinity_o       (first_infinity),
    .negative_o       (first_negative),
    .significand_o    (first),
    .exponent_o       (first_exponent)
  );
  number_decoder #(.Format(dla_pkg::InputFormat)) u_second (
    .code_i           (operand_i[dla_pkg::code_bits(dla_pkg::InputFormat)-1:0]),
    .fraction_length_i($signed(staged_settings_i.weight_fraction_length)),
    .nan_o            (second_nan),
    .infinity_o       (second_infinity),
    .negative_o       (second_negative),
    .significand_o    (second),
    .exponent_o       (second_exponent)
  );
  minifloat_adder #(
    .InBits      (PairBits),
    .Span        (Span),
    .ExponentBits(E)
  ) u_sum (
    .a_nan_i        (first_nan),
    .a_infinity_i   (first_infinity),
    .a_negative_i   (first_negative ^ (operation == OperationSubtractFrom)),
    .a_significand_i(first),
    .a_exponent_i   (first_exponent),
    .b_nan_i        (second_nan),
    .b_infinity_i   (second_infinity),
    .b_negative_i   (second_negative ^ (operation == OperationSubtract)),
    .b_significand_i(second),
    .b_exponent_i   (second_exponent),
    .nan_o          (sum_nan),
    .infinity_o     (sum_infinity),
    .negative_o     (sum_negative),
    .significand_o  (pair_sum),
    .exponent_o     (sum_exponent)
  );
  minifloat_multiplier #(
    .ABits       (PairBits),
    .BBits       (PairBits),
    .ExponentBits(E)
  ) u_product (
    .a_nan_i        (first_nan),
    .a_infinity_i   (first_infinity),
    .a_negative_i   (first_negative),
    .a_significand_i(first),
    .a_exponent_i   (first_exponent),
    .b_nan_i        (second_nan),
    .b_infinity_i   (second_infinity),
    .b_negative_i   (second_negative),
    .b_significand_i(second),
    .b_exponent_i   (second_exponent),
    .nan_o          (product_nan),
    .infinity_o     (product_infinity),
    .negative_o     (product_negative),
    .significand_o  (product),
    .exponent_o     (product_exponent)
  );
  number_compare #(
    .ABits       (PairBits),
    .BBits       (PairBits),
    .ExponentBits(E)
  ) u_compare (
    .a_infinity_i   (first_infinity),
    .a_negative_i   (first_negative),
    .a_significand_i(first),
    .a_exponent_i   (first_exponent),
    .b_infinity_i   (second_infinity),
    .b_negative_i   (second_negative),
    .b_significand_i(second),
    .b_exponent_i   (second_exponent),
    .less_o         (less),
    .greater_o      (greater)
  );

  logic                nan, infinity, negative;
  logic [Bits-1:0]     significand;
  logic signed [E-1:0] exponent;
  wire takes_second = (operation == OperationMinimum & greater) | (operation == OperationMaximum & less);
  wire either_nan   = (operation == OperationMinimum | operation == OperationMaximum) & second_nan;
  always_comb begin
    {nan, infinity, negative} = {total_nan, total_infinity, total_negative};
    significand               = Bits'(total);
    exponent                  = total_exponent;
    if (staged_settings_i.has_bias) begin
      {nan, infinity, negative} = {biased_nan, biased_infinity, biased_negative};
      significand               = Bits'(biased);
      exponent                  = biased_exponent;
    end
    if (staged_settings_i.elementwise) begin
      case (operation)
        OperationAdd, OperationSubtract, OperationSubtractFrom: begin
          {nan, infinity, negative} = {sum_nan, sum_infinity, sum_negative};
          significand               = Bits'(pair_sum);
          exponent                  = sum_exponent;
        end
        OperationMultiply: begin
          {nan, infinity, negative} = {product_nan, product_infinity, product_negative};
          significand               = Bits'(product);
          exponent                  = product_exponent;
        end
        default: begin
          nan                  = first_nan | either_nan;
          {infinity, negative} = takes_second ? {second_infinity, second_negative} : {first_infinity, first_negative};
          significand          = takes_second ? Bits'(second) : Bits'(first);
          exponent             = takes_second ? second_exponent : first_exponent;
        end
      endcase
    end
  end

  logic                  result_nan, result_infinity, result_negative;
  logic [ResultBits-1:0] result;
  logic signed [E-1:0]   result_exponent;
  logic [OutputBits-1:0] code;
  activation_function #(.InBits(Bits)) u_function (
    .staged_settings_i,
    .nan_i        (nan),
    .infinity_i   (infinity),
    .negative_i   (negative),
    .significand_i(significand),
    .exponent_i   (exponent),
    .nan_o        (result_nan),
    .infinity_o   (result_infinity),
    .negative_o   (result_negative),
    .significand_o(result),
    .exponent_o   (result_exponent)
  );
  point_unit #(
    .Format         (dla_pkg::OutputFormat),
    .SignificandBits(ResultBits)
  ) u_output (
    .settings_i   (staged_settings_i.result),
    .nan_i        (result_nan),
    .infinity_i   (result_infinity),
    .negative_i   (result_negative),
    .significand_i(result),
    .exponent_i   (result_exponent),
    .draw_i       (output_draw),
    .code_o       (code)
  );
  assign value_o = dla_pkg::ActivationBits'($signed(code));
endmodule
