// float32(v) * M in float32, then to the nearest even integer, saturated to int32: the rule of PyTorch's qnnpack.
// Combinational. A product below 0.5 is 0 whatever its float32 form is, so subnormal numbers need no care.
module pytorch_scaler (
  input  logic signed [dla_pkg::SumBits-1:0] v_i,
  input  logic        [31:0]                 factor_i,  // M as IEEE 754 bits, finite
  output logic signed [31:0]                 result_o
);
  /*verilator no_inline_module*/
  localparam int unsigned Bits = dla_pkg::SumBits;
  localparam int unsigned ExponentBits = 12;  // signed, of every intermediate value

  logic [Bits-1:0] magnitude, aligned;
  logic [$clog2(Bits)-1:0] top;  // position of the leading one
  logic [24:0] v_rounded;
  logic [23:0] v_significand;
  logic [47:0] product;
  logic [24:0] p_rounded;
  logic [23:0] p_significand;
  logic signed [ExponentBits-1:0] v_exponent, p_exponent, exponent, drop;
  logic guard, sticky, up, zero, negative;
  logic [63:0] shifted;
  logic [31:0] integer_part;

  always_comb begin
    magnitude = v_i[Bits-1] ? -v_i : v_i;
    top = '0;
    for (int i = 0; i < Bits; i++) if (magnitude[i]) top = $clog2(Bits)'(i);

    // v to 24 significant bits
    aligned    = magnitude << ($clog2(Bits)'(Bits - 1) - top);
    guard      = aligned[Bits-25];
    sticky     = |aligned[Bits-26:0];
    up         = guard & (sticky | aligned[Bits-24]);
    v_rounded  = {1'b0, aligned[Bits-1-:24]} + {24'd0, up};
    v_exponent = ExponentBits'(top) + ExponentBits'(v_rounded[24]);
    v_significand = v_rounded[24] ? 24'h800000 : v_rounded[23:0];

    // times M, to 24 significant bits
    product = v_significand * {1'b1, factor_i[22:0]};
    if (product[47]) begin
      guard     = product[23];
      sticky    = |product[22:0];
      up        = guard & (sticky | product[24]);
      p_rounded = {1'b0, product[47:24]} + {24'd0, up};
    end else begin
      guard     = product[22];
      sticky    = |product[21:0];
      up        = guard & (sticky | product[23]);
      p_rounded = {1'b0, product[46:23]} + {24'd0, up};
    end
    p_exponent = v_exponent + ExponentBits'(factor_i[30:23]) - ExponentBits'(127) +
                 ExponentBits'(product[47]);
    exponent   = p_exponent + ExponentBits'(p_rounded[24]);
    p_significand = p_rounded[24] ? 24'h800000 : p_rounded[23:0];

    // p * 2^(exponent - 23) to the nearest even integer
    drop         = ExponentBits'(31) - exponent;
    shifted      = {p_significand, 40'd0} >> drop[5:0];
    guard        = shifted[31];
    sticky       = |shifted[30:0];
    up           = guard & (sticky | shifted[32]);
    integer_part = shifted[63:32] + {31'd0, up};

    zero     = magnitude == '0 || factor_i[30:23] == 8'd0 || exponent < -1;
    negative = v_i[Bits-1] ^ factor_i[31];
    if (zero)                result_o = '0;
    else if (exponent >= 31) result_o = negative ? 32'h80000000 : 32'h7FFFFFFF;
    else                     result_o = negative ? -integer_part : integer_part;
  end
endmodule
