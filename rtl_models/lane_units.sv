// Product and accumulator of one lane with their truncation units: number_formats.md section 5.
//
//   x, w ─► exact product ─► Q[product] ─► exact sum with the accumulator ─► Q[accumulator]
//
// A padded tap's product is +0 and passes both units. Combinational but for the random sources.
module lane_units #(
  parameter int unsigned InputBits       = dla_pkg::code_bits(dla_pkg::InputFormat),
  parameter int unsigned WeightBits      = dla_pkg::code_bits(dla_pkg::WeightFormat),
  parameter int unsigned AccumulatorBits = dla_pkg::code_bits(dla_pkg::AccumulatorFormat)
) (
  input  logic                       clk_i,
  input  dla_pkg::staged_settings_t  staged_settings_i,
  input  dla_pkg::position_t         position_i,
  input  logic [15:0]                ic_lane_i,
  input  logic [15:0]                oc_lane_i,
  input  logic                       valid_i,  // the tap moves: one draw of each unit
  input  logic                       first_tap_i,
  input  logic                       padded_i,
  input  logic [InputBits-1:0]       x_i,
  input  logic [WeightBits-1:0]      w_i,
  input  logic [AccumulatorBits-1:0] sum_i,
  output logic [AccumulatorBits-1:0] sum_o     // with this tap
);
  localparam int unsigned E           = dla_pkg::ExponentBits;
  localparam int unsigned ProductBits = dla_pkg::code_bits(dla_pkg::ProductFormat);
  localparam logic [31:0] PointProduct = 32'd0, PointAccumulator = 32'd1 << 16;

  wire first = first_tap_i & position_i.first_sum;
  wire [AccumulatorBits-1:0] base = first_tap_i ? '0 : sum_i;
  logic [31:0] product_draw, accumulator_draw;

  random_source u_accumulator_source (
    .clk_i,
    .seed_i (staged_settings_i.accumulator.seed),
    .unit_i (PointAccumulator + 32'(ic_lane_i)),
    .oc_lane_i,
    .position_i,
    .first_i(first),
    .draw_i (valid_i),
    .draw_o (accumulator_draw)
  );
  if (dla_pkg::ProductExact == 1) begin : gen_no_product_source
    assign product_draw = '0;
  end else begin : gen_product_source
    random_source u_product_source (
      .clk_i,
      .seed_i (staged_settings_i.product.seed),
      .unit_i (PointProduct + 32'(ic_lane_i)),
      .oc_lane_i,
      .position_i,
      .first_i(first),
      .draw_i (valid_i),
      .draw_o (product_draw)
    );
  end

  if (dla_pkg::TruncationKind == 1) begin : gen_dfp
    localparam int unsigned FullBits = InputBits + WeightBits;
    wire signed [FullBits-1:0] full =
        padded_i ? '0 : FullBits'($signed(x_i)) * FullBits'($signed(w_i));
    wire signed [8:0] full_length =
        9'($signed(staged_settings_i.input_fraction_length)) + 9'($signed(staged_settings_i.weight_fraction_length));
    logic [ProductBits-1:0] product;
    logic signed [8:0]      product_length;

    if (dla_pkg::ProductExact == 1) begin : gen_exact
      assign product        = full;
      assign product_length = full_length;
    end else begin : gen_rounded
      assign product_length = 9'($signed(staged_settings_i.product.fraction_length));
      point_unit #(
        .Format         (dla_pkg::ProductFormat),
        .SignificandBits(FullBits)
      ) u_product (
        .settings_i   (staged_settings_i.product),
        .nan_i        (1'b0),
        .infinity_i   (1'b0),
        .negative_i   (full[FullBits-1]),
        .significand_i(full[FullBits-1] ? -full : full),
        .exponent_i   (-(E'(full_length))),
        .draw_i       (product_draw),
        .code_o       (product)
      );
    end
    truncating_adder u_accumulator (
      .a_code_i  (base),
      .a_length_i(9'($signed(staged_settings_i.accumulator.fraction_length))),
      .b_code_i  (product),
      .b_length_i(product_length),
      .settings_i(staged_settings_i.accumulator),
      .draw_i    (accumulator_draw),
      .code_o    (sum_o)
    );
  end else begin : gen_minifloat
    localparam int unsigned XBits    = dla_pkg::significand_bits(dla_pkg::InputFormat);
    localparam int unsigned WBits    = dla_pkg::significand_bits(dla_pkg::WeightFormat);
    localparam int unsigned FullBits = XBits + WBits;
    logic                 x_nan, x_infinity, x_negative, w_nan, w_infinity, w_negative, nan, infinity, negative;
    logic [XBits-1:0]     x;
    logic [WBits-1:0]     w;
    logic [FullBits-1:0]  significand;
    logic signed [E-1:0]  x_exponent, w_exponent, exponent;

    number_decoder #(.Format(dla_pkg::InputFormat)) u_x (
      .code_i           (x_i),
      .fraction_length_i(8'sd0),
      .nan_o            (x_nan),
      .infinity_o       (x_infinity),
      .negative_o       (x_negative),
      .significand_o    (x),
      .exponent_o       (x_exponent)
    );
    number_decoder #(.Format(dla_pkg::WeightFormat)) u_w (
      .code_i           (w_i),
      .fraction_length_i(8'sd0),
      .nan_o            (w_nan),
      .infinity_o       (w_infinity),
      .negative_o       (w_negative),
      .significand_o    (w),
      .exponent_o       (w_exponent)
    );
    minifloat_multiplier #(
      .ABits       (XBits),
      .BBits       (WBits),
      .ExponentBits(E)
    ) u_multiplier (
      .a_nan_i        (x_nan),
      .a_infinity_i   (x_infinity),
      .a_negative_i   (x_negative),
      .a_significand_i(x),
      .a_exponent_i   (x_exponent),
      .b_nan_i        (w_nan),
      .b_infinity_i   (w_infinity),
      .b_negative_i   (w_negative),
      .b_significand_i(w),
      .b_exponent_i   (w_exponent),
      .nan_o          (nan),
      .infinity_o     (infinity),
      .negative_o     (negative),
      .significand_o  (significand),
      .exponent_o     (exponent)
    );
    wire                p_nan         = nan & !padded_i;
    wire                p_infinity    = infinity & !padded_i;
    wire                p_negative    = negative & !padded_i;
    wire [FullBits-1:0] p_significand = padded_i ? '0 : significand;

    if (dla_pkg::ProductExact == 1) begin : gen_exact
      number_adder #(
        .BBits          (FullBits),
        .LowestExponent (dla_pkg::lowest_exponent(dla_pkg::InputFormat) +
                         dla_pkg::lowest_exponent(dla_pkg::WeightFormat)),
        .HighestExponent(dla_pkg::highest_exponent(dla_pkg::InputFormat) +
                         dla_pkg::highest_exponent(dla_pkg::WeightFormat))
      ) u_accumulator (
        .a_code_i       (base),
        .b_nan_i        (p_nan),
        .b_infinity_i   (p_infinity),
        .b_negative_i   (p_negative),
        .b_significand_i(p_significand),
        .b_exponent_i   (exponent),
        .settings_i     (staged_settings_i.accumulator),
        .draw_i         (accumulator_draw),
        .code_o         (sum_o)
      );
    end else begin : gen_rounded
      logic [ProductBits-1:0] product;
      point_unit #(
        .Format         (dla_pkg::ProductFormat),
        .SignificandBits(FullBits)
      ) u_product (
        .settings_i   (staged_settings_i.product),
        .nan_i        (p_nan),
        .infinity_i   (p_infinity),
        .negative_i   (p_negative),
        .significand_i(p_significand),
        .exponent_i   (exponent),
        .draw_i       (product_draw),
        .code_o       (product)
      );
      truncating_adder u_accumulator (
        .a_code_i  (base),
        .a_length_i(9'sd0),
        .b_code_i  (product),
        .b_length_i(9'sd0),
        .settings_i(staged_settings_i.accumulator),
        .draw_i    (accumulator_draw),
        .code_o    (sum_o)
      );
    end
  end
endmodule
