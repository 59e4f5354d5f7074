// tanh and sigmoid of int16: scale the input to steps of 1/24, look up, interpolate, fold the sign; output in
// Q0.15. integer_semantics.md section 5, tflite_semantics.md 7.3. Combinational.
module curve_unit (
  input  logic               tanh_i,        // else sigmoid
  input  logic               tflite_i,      // input factor multiplier * 2^-shift, else 2^shift
  input  logic signed [15:0] x_i,
  input  logic signed [31:0] multiplier_i,
  input  logic signed [31:0] shift_i,
  output logic signed [15:0] y_o
);
  /*verilator no_inline_module*/
  localparam int unsigned Bits = 52;  // 3 * x * 2^31 needs 49

  logic signed [Bits-1:0] factored, d, rounding;
  logic        [Bits-1:0] magnitude, step;
  logic        [4:0]      right;
  logic        [8:0]      fraction;
  logic        [15:0]     low, high, slope;
  logic signed [31:0]     y;

  always_comb begin
    right    = tflite_i ? shift_i[4:0] : -shift_i[4:0];
    factored = tflite_i ? Bits'(x_i) * Bits'(multiplier_i) : Bits'(x_i) * Bits'(3);
    rounding = right == 5'd0 ? '0 : Bits'(1) << (right - 5'd1);
    if (!tflite_i && !shift_i[31]) d = factored << shift_i[4:0];
    else                           d = (factored + rounding) >>> right;

    magnitude = d[Bits-1] ? -d : d;
    step      = tanh_i ? magnitude >> 8 : magnitude >> 9;
    fraction  = tanh_i ? {1'b0, magnitude[7:0]} : magnitude[8:0];
    low       = dla_pkg::curve_table(step[7:0]);
    high      = dla_pkg::curve_table(step[7:0] + 8'd1);
    slope     = high - low;
    y = (tanh_i ? 32'(low) << 8 : 32'(low) << 9) + 32'(fraction) * 32'(slope);
    if (step >= Bits'(255)) y = tanh_i ? 32'sh00FFFF00 : 32'sh01FFFC00;

    if (tanh_i) begin
      if (d[Bits-1]) y = (32'sh00800000 - y + 32'sd127) >>> 8;
      else           y = (y - 32'sh00800000 + 32'sd128) >>> 8;
    end else begin
      if (d[Bits-1]) y = (32'sh02000000 - y + 32'sd511) >>> 10;
      else           y = (y + 32'sd512) >>> 10;
    end
    y_o = y[15:0];
  end
endmodule
