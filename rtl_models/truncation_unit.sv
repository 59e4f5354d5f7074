// Q[format](v): an exact value becomes a value of one format. number_formats.md sections 2 to 4. Combinational.
//
//   v = (-1)^negative * significand * 2^exponent ─► aligned to the result's last place ─► rounded ─► limited
//
// The format is fixed but for a DFP format's fractional length; that, rounding and overflow are inputs: a unit that
// is built for one of them is given constants.
module truncation_unit #(
  parameter bit          IsMinifloat     = 1'b0,
  // DFP(B, fl)
  parameter int unsigned DfpBits         = 8,
  parameter bit          IsSigned        = 1'b1,
  // ExMy
  parameter int unsigned Exp             = 4,
  parameter int unsigned Man             = 3,
  parameter int          Bias            = 7,
  parameter int unsigned ExpZero         = 0,   // 0 subnormal, 1 zero, 2 normal
  parameter int unsigned Specials        = 0,   // 0 ieee, 1 fn, 2 none
  // the value
  parameter int unsigned SignificandBits = 64,
  parameter int unsigned ExponentBits    = 16,
  parameter int unsigned LengthBits      = ExponentBits,
  parameter int unsigned DrawBits        = 32,  // 0, 16 or 32; 0: no stochastic rounding
  parameter int unsigned CodeBits        = IsMinifloat ? 1 + Exp + Man : DfpBits
) (
  input  logic                           nan_i,
  input  logic                           infinity_i,
  input  logic                           negative_i,
  input  logic [SignificandBits-1:0]     significand_i,  // 0: zero
  input  logic signed [ExponentBits-1:0] exponent_i,
  input  logic signed [LengthBits-1:0]   fraction_length_i,  // DFP
  input  logic [2:0]                     rounding_i,     // floor, trunc, nearest up, away, even; stochastic
  input  logic [1:0]                     overflow_i,     // saturate, symmetric, wrap, inf
  input  logic                           lfsr_is_32_i,   // else 16 bits of the draw count
  input  logic [31:0]                    draw_i,
  output logic [CodeBits-1:0]            code_o,
  output logic [3:0]                     flags_o         // invalid, underflow, overflow, inexact
);
  localparam logic [2:0] RoundFloor = 3'd0, RoundTrunc = 3'd1, RoundUp = 3'd2, RoundAway = 3'd3, RoundEven = 3'd4;
  localparam logic [1:0] OverflowSymmetric = 2'd1, OverflowWrap = 2'd2, OverflowInf = 2'd3;
  localparam int unsigned FractionBits = DrawBits + 2;  // as many as the longest draw needs, and some below it
  localparam int unsigned ResultBits   = IsMinifloat ? Man + 1 : DfpBits;
  localparam int unsigned GrowBits     = ResultBits + 1;  // a left shift beyond it overflows in any case
  localparam int unsigned IntegerBits  = GrowBits + SignificandBits;
  localparam int unsigned Width        = IntegerBits + FractionBits;
  localparam int unsigned E            = ExponentBits + 2;

  wire zero = significand_i == '0 && !nan_i && !infinity_i;

  // The leading one, for minifloat: it is what the result's exponent follows.
  localparam int unsigned Steps = $clog2(SignificandBits);
  logic signed [E-1:0]        top;
  logic [SignificandBits-1:0] upper;
  always_comb begin
    top   = '0;
    upper = significand_i;
    for (int i = 0; i < Steps; i++) begin
      if (upper >> (1 << (Steps - 1 - i)) != '0) begin
        top   = top | (E'(1) << (Steps - 1 - i));
        upper = upper >> (1 << (Steps - 1 - i));
      end
    end
  end

  // `last`: the power of two of the result's last place; `drop`: places of the significand below it.
  localparam logic signed [E-1:0] SmallestExponent = E'(1 - Bias);
  wire signed [E-1:0] value_exponent = E'(exponent_i) + top;
  wire signed [E-1:0] k = ExpZero == 0 && value_exponent < SmallestExponent ? SmallestExponent : value_exponent;
  wire signed [E-1:0] last = IsMinifloat ? k - E'(Man) : -(E'(fraction_length_i));
  wire signed [E-1:0] drop = last - E'(exponent_i);

  localparam int unsigned RightBits = $clog2(SignificandBits + FractionBits + 1);
  localparam int unsigned LeftBits  = $clog2(GrowBits + 1);
  localparam logic signed [E-1:0] MaxRight = E'(SignificandBits + FractionBits);
  localparam logic signed [E-1:0] MaxLeft  = E'(GrowBits);
  logic [RightBits-1:0] right;
  logic [LeftBits-1:0]  left;
  logic [Width-1:0]     base, aligned;
  logic             lost;
  always_comb begin
    right   = drop[E-1] ? '0 : drop > MaxRight ? RightBits'(MaxRight) : RightBits'(drop);
    left    = !drop[E-1] ? '0 : -drop > MaxLeft ? LeftBits'(MaxLeft) : LeftBits'(-drop);
    base    = {{GrowBits{1'b0}}, significand_i, {FractionBits{1'b0}}};
    aligned = drop[E-1] ? base << left : base >> right;
    lost    = (base & ~({Width{1'b1}} << right)) != '0;
  end

  // Rounding of the magnitude: what each mode does to a signed number.
  wire [IntegerBits-1:0]  floor_part = aligned[Width-1:FractionBits];
  wire [FractionBits-1:0] fraction   = aligned[FractionBits-1:0];
  wire half_bit   = fraction[FractionBits-1];
  wire below_half = fraction[FractionBits-2:0] != '0 || lost;
  wire moved      = half_bit | below_half;
  wire [32:0] drawn      = lfsr_is_32_i ? {1'b0, draw_i} : {17'd0, draw_i[15:0]};
  wire [32:0] limit      = lfsr_is_32_i ? 33'h1_0000_0000 : 33'h0_0001_0000;
  wire [33:0] places     = 34'(fraction) << (32 - DrawBits);
  wire [32:0] chance     = lfsr_is_32_i ? {1'b0, places[33:2]} : {17'd0, places[33:18]};
  wire        below_draw = lost || (lfsr_is_32_i ? places[1:0] != '0 : places[17:0] != '0);
  // DFP rounds the signed number: of a negative one the fraction above the floor is 1 - fraction.
  wire [32:0] chance_up  = chance + {32'd0, below_draw};
  logic increment;
  always_comb begin
    case (rounding_i)
      RoundFloor: increment = negative_i & moved;
      RoundTrunc: increment = 1'b0;
      RoundUp:    increment = half_bit & (below_half | !negative_i);
      RoundAway:  increment = half_bit;
      RoundEven:  increment = half_bit & (below_half | floor_part[0]);
      default:    increment = DrawBits == 0 ? 1'b0
                            : !IsMinifloat && negative_i ? moved & (drawn < chance_up)
                            : moved & (chance + drawn >= limit);
    endcase
  end
  wire [IntegerBits:0] rounded = {1'b0, floor_part} + (IntegerBits + 1)'(increment);

  if (!IsMinifloat) begin : gen_dfp
    localparam logic [IntegerBits:0] Positive =
        IsSigned ? ((IntegerBits + 1)'(1) << (DfpBits - 1)) - (IntegerBits + 1)'(1)
                 : ((IntegerBits + 1)'(1) << DfpBits) - (IntegerBits + 1)'(1);
    wire [IntegerBits:0] negative_limit =
        !IsSigned ? '0 : overflow_i == OverflowSymmetric ? Positive : Positive + (IntegerBits + 1)'(1);
    wire [IntegerBits:0] bound = negative_i ? negative_limit : Positive;
    wire beyond     = infinity_i || rounded > bound;
    wire wraps      = overflow_i == OverflowWrap && !infinity_i;
    wire [DfpBits-1:0] magnitude = beyond && !wraps ? bound[DfpBits-1:0] : rounded[DfpBits-1:0];
    wire nothing    = nan_i | zero;

    assign code_o  = nothing ? '0 : negative_i ? -magnitude : magnitude;
    assign flags_o = {
      nan_i,
      !nothing && !infinity_i && rounded == '0,
      !nothing && beyond,
      !nothing && (beyond || moved)
    };
  end else begin : gen_minifloat
    localparam int unsigned Bits = Exp + Man;
    localparam logic [Bits-1:0] AllOnes   = '1;
    localparam logic [Bits-1:0] Infinity  = AllOnes << Man;
    localparam logic [Bits-1:0] Largest   = Specials == 0 ? Infinity - Bits'(1) : Specials == 1 ? AllOnes - Bits'(1) : AllOnes;
    localparam logic [Bits-1:0] Nan       = Specials == 0 ? Infinity | ((Bits'(1) << Man) >> 1) : Specials == 1 ? AllOnes : '0;
    localparam int unsigned S = E + Man + 1;  // signed, of an exponent field that may be out of range and a mantissa

    // The exponent field of a number with M+1 significant bits is k + bias; one less and the leading one added
    // is the same, holds for subnormal numbers, and carries where rounding reaches the next power of two.
    wire signed [E-1:0] field_below = k + E'(Bias) - E'(1);
    wire signed [S-1:0] magnitude = (S'(field_below) <<< Man) + $signed({{(S - Man - 2){1'b0}}, rounded[Man+1:0]});
    localparam logic signed [S-1:0] FirstNormal = S'(1) <<< Man;
    wire flushed  = ExpZero == 1 ? magnitude < FirstNormal : ExpZero == 2 ? magnitude <= S'(0) : magnitude == S'(0);
    wire beyond   = magnitude > $signed({{(S - Bits) {1'b0}}, Largest});
    wire to_inf   = overflow_i == OverflowInf &&
                    (infinity_i || (rounding_i != RoundTrunc && (rounding_i != RoundFloor || negative_i)));
    wire limited  = infinity_i || (!zero && !flushed && beyond);
    // fn has no inf: nan, which has no sign, comes out
    wire nan_out  = nan_i || (limited && to_inf && Specials == 1);
    wire inf_out  = limited && to_inf && Specials == 0;
    wire finite   = !nan_i && !infinity_i && !zero;

    logic [Bits-1:0] code;
    always_comb begin
      if (nan_out)              code = Nan;
      else if (inf_out)         code = Infinity;
      else if (limited)         code = Largest;
      else if (zero || flushed) code = '0;
      else                      code = magnitude[Bits-1:0];
    end
    assign code_o  = {negative_i & !nan_out, code};
    assign flags_o = {
      nan_i && Specials == 2,
      finite && flushed,
      (finite && !flushed && beyond) || (!nan_i && infinity_i && !inf_out),
      (finite && (flushed || beyond || moved)) || (!nan_i && infinity_i && !inf_out)
    };
  end
endmodule
