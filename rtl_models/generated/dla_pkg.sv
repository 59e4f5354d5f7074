// Generated from a hardware description: do not edit.
// Sizes, packed structs and codes that all blocks share; widths as in sim/arch.
package dla_pkg;
  localparam int unsigned IcLanes = 16;
  localparam int unsigned OcLanes = 16;
  localparam int unsigned MaxLanes = 16;
  localparam int unsigned MaxTaps = 64;
  localparam int unsigned ActivationBits = 16;
  localparam int unsigned WeightBits = 16;
  localparam int unsigned SumBits = 48;
  localparam int unsigned TreeLevels = 4;
  localparam int unsigned ActivationWords = 8192;
  localparam int unsigned WeightWords = 4096;
  localparam int unsigned OperandWords = 1024;
  localparam int unsigned OutputWords = 1024;
  localparam int unsigned PartialSumDepth = 512;
  localparam int unsigned ParameterSlots = 16;
  localparam int unsigned TableEntries = 256;
  localparam int unsigned PostLatency = 6;
  localparam int unsigned IcLaneBits = 4;
  localparam int unsigned OcLaneBits = 4;
  localparam int unsigned TapBits = 6;
  localparam int unsigned ActivationWordBits = 13;
  localparam int unsigned WeightWordBits = 12;
  localparam int unsigned OperandWordBits = 10;
  localparam int unsigned OutputWordBits = 10;
  localparam int unsigned PartialSumBits = 9;
  localparam int unsigned SlotBits = 4;
  localparam int unsigned TableBits = 8;
  localparam int unsigned CountBits = 32;  // completed ic tiles and tiles, modulo 2^32
  localparam int unsigned LayerBits = 16;

  typedef struct packed {
    logic [8:0] index;
    logic [3:0] parameter_slot;
    logic [10:0] operand_word;
    logic [10:0] output_word;
    logic [6:0] taps_inside;
    logic [4:0] oc_active;
    logic [15:0] layer;
    logic first_sum;
    logic last_sum;
    logic last_of_tile;
  } position_t;

  typedef struct packed {
    logic [12:0] word;
    logic [5:0] tap;
    logic [4:0] lanes_active;
    logic bank;
    logic padded;
    logic first_tap;
    logic last_tap;
    logic last_of_ic_tile;
    position_t position;
  } tap_request_t;

  typedef struct packed {
    logic [15:0] layer;
    logic [12:0] activation_word;
    logic [31:0] region_height;
    logic [31:0] region_width;
    logic [31:0] ic_tiles;
    logic [4:0] last_tile_lanes;
    logic signed [31:0] y_start;
    logic signed [31:0] x_start;
    logic [31:0] rows;
    logic [31:0] cols;
    logic [31:0] kernel_height;
    logic [31:0] kernel_width;
    logic [11:0] weight_word;
    logic [3:0] parameter_slot;
    logic [10:0] operand_word;
    logic [10:0] output_word;
    logic [4:0] oc_active;
    logic continue_sum;
    logic hold_sum;
  } run_tile_t;

  typedef struct packed {
    logic [31:0] stride_y;
    logic [31:0] stride_x;
    logic [31:0] dilation_y;
    logic [31:0] dilation_x;
    logic [31:0] upsample_y;
    logic [31:0] upsample_x;
  } geometry_t;

  typedef struct packed {
    logic [31:0] requant;
    logic signed [31:0] output_zero_point;
    logic signed [63:0] clamp_min;
    logic signed [63:0] clamp_max;
    logic negative_enable;
    logic signed [31:0] negative_mantissa;
    logic signed [31:0] negative_shift;
    logic [31:0] lower_table;
    logic lower_bank;
    logic [7:0] lower_index_mask;
    logic signed [31:0] lower_multiplier;
    logic signed [31:0] lower_shift;
    logic [31:0] upper_table;
    logic upper_bank;
    logic [7:0] upper_index_mask;
    logic signed [31:0] upper_multiplier;
    logic signed [31:0] upper_shift;
    logic [31:0] combine;
    logic [4:0] gate_offset;
    logic [31:0] combine_rule;
    logic signed [31:0] left_shift;
    logic signed [31:0] first_zero_point;
    logic signed [31:0] second_zero_point;
    logic signed [31:0] combine_zero_point;
    logic signed [31:0] first_mantissa;
    logic signed [31:0] first_shift;
    logic signed [31:0] second_mantissa;
    logic signed [31:0] second_shift;
    logic signed [31:0] combined_mantissa;
    logic signed [31:0] combined_shift;
    logic signed [63:0] combine_min;
    logic signed [63:0] combine_max;
  } post_settings_t;

  typedef struct packed {
    logic [2:0] rounding;
    logic [1:0] overflow;
    logic signed [7:0] fraction_length;
    logic [31:0] seed;
  } point_settings_t;

  typedef struct packed {
    logic reduces;
  } staged_settings_t;

  localparam int unsigned PositionBits = 66;
  localparam int unsigned TapRequestBits = 95;
  localparam int unsigned RunTileBits = 367;
  localparam int unsigned GeometryBits = 192;
  localparam int unsigned PostSettingsBits = 984;
  localparam int unsigned PointSettingsBits = 45;
  localparam int unsigned StagedSettingsBits = 1;

  // PE modes
  localparam logic [31:0] ModeMultiplyAccumulate = 32'd0;
  localparam logic [31:0] ModeMaximum = 32'd1;

  // Requantisation rules
  localparam logic [31:0] RequantNone = 32'd0;
  localparam logic [31:0] RequantDouble = 32'd1;
  localparam logic [31:0] RequantSingle = 32'd2;
  localparam logic [31:0] RequantInt64 = 32'd3;
  localparam logic [31:0] RequantPytorch = 32'd4;
  localparam logic [31:0] RequantAverage = 32'd5;

  // Functions of one value
  localparam logic [31:0] TableNone = 32'd0;
  localparam logic [31:0] TableLookup = 32'd1;
  localparam logic [31:0] TableSigmoid16 = 32'd2;
  localparam logic [31:0] TableTanh16 = 32'd3;
  localparam logic [31:0] TableSigmoid16Tflite = 32'd4;
  localparam logic [31:0] TableTanh16Tflite = 32'd5;

  // Functions of two values
  localparam logic [31:0] CombineNone = 32'd0;
  localparam logic [31:0] CombineAdd = 32'd1;
  localparam logic [31:0] CombineSubtract = 32'd2;
  localparam logic [31:0] CombineSubtractFrom = 32'd3;
  localparam logic [31:0] CombineMultiply = 32'd4;
  localparam logic [31:0] CombineMinimum = 32'd5;
  localparam logic [31:0] CombineMaximum = 32'd6;
  localparam logic [31:0] CombineGate = 32'd7;

  // Load targets
  localparam logic [31:0] LoadActivation = 32'd0;
  localparam logic [31:0] LoadWeight = 32'd1;
  localparam logic [31:0] LoadOperand = 32'd2;
  localparam logic [31:0] LoadParameter = 32'd3;
  localparam logic [31:0] LoadTable = 32'd4;

  // Truncation units
  localparam int unsigned TruncationKind = 0;  // 0: none, 1: DFP, 2: minifloat
  localparam int unsigned ProductExact = 0;
  localparam int unsigned Alignment = 0;  // DFP: largest difference of two terms' fractional lengths
  localparam int unsigned LimitBits = 0;  // significant bits of slope, minimum and maximum
  localparam int unsigned LfsrBits = 0;  // 0: no stochastic rounding
  localparam int unsigned ExponentBits = 13;
  localparam int unsigned FractionLengthBits = 8;
  localparam int unsigned FractionLengthAt = 32;  // in point_settings_t
  localparam logic [63:0] InputFormat = 64'h0000000000000000;
  localparam logic [63:0] WeightFormat = 64'h0000000000000000;
  localparam logic [63:0] BiasOperandFormat = 64'h0000000000000000;
  localparam logic [63:0] ProductFormat = 64'h0000000000000000;
  localparam logic [63:0] AccumulatorFormat = 64'h0000000000000000;
  localparam logic [63:0] TreeFormat = 64'h0000000000000000;
  localparam logic [63:0] PartialSumFormat = 64'h0000000000000000;
  localparam logic [63:0] BiasFormat = 64'h0000000000000000;
  localparam logic [63:0] OutputFormat = 64'h0000000000000000;

  // A number format in 64 bits: bias, minifloat, specials, exp_zero, man, exp, bits of a code
  function automatic int unsigned code_bits(input logic [63:0] format);
    code_bits = 32'(format[6:0]);
  endfunction
  function automatic int unsigned significand_bits(input logic [63:0] format);
    significand_bits = format[20] ? 32'(format[15:11]) + 32'd1 : 32'(format[6:0]);
  endfunction
  // of a significand's last place; of minifloat only
  function automatic int lowest_exponent(input logic [63:0] format);
    lowest_exponent = 32'(format[17:16] == 2'd0) - 32'($signed(format[47:32])) - 32'(format[15:11]);
  endfunction
  function automatic int highest_exponent(input logic [63:0] format);
    highest_exponent = (32'sd1 << format[10:7]) - 32'sd1 - 32'($signed(format[47:32])) - 32'(format[15:11]);
  endfunction

  // sigmoid(index / 24) in Q0.16 for the interpolating int16 unit
  function automatic logic [15:0] curve_table(input logic [7:0] index);
    case (index)
      8'd0: curve_table = 16'd32768;
      8'd1: curve_table = 16'd33451;
      8'd2: curve_table = 16'd34133;
      8'd3: curve_table = 16'd34813;
      8'd4: curve_table = 16'd35493;
      8'd5: curve_table = 16'd36169;
      8'd6: curve_table = 16'd36843;
      8'd7: curve_table = 16'd37513;
      8'd8: curve_table = 16'd38180;
      8'd9: curve_table = 16'd38841;
      8'd10: curve_table = 16'd39498;
      8'd11: curve_table = 16'd40149;
      8'd12: curve_table = 16'd40794;
      8'd13: curve_table = 16'd41432;
      8'd14: curve_table = 16'd42064;
      8'd15: curve_table = 16'd42688;
      8'd16: curve_table = 16'd43304;
      8'd17: curve_table = 16'd43912;
      8'd18: curve_table = 16'd44511;
      8'd19: curve_table = 16'd45102;
      8'd20: curve_table = 16'd45683;
      8'd21: curve_table = 16'd46255;
      8'd22: curve_table = 16'd46817;
      8'd23: curve_table = 16'd47369;
      8'd24: curve_table = 16'd47911;
      8'd25: curve_table = 16'd48443;
      8'd26: curve_table = 16'd48964;
      8'd27: curve_table = 16'd49475;
      8'd28: curve_table = 16'd49975;
      8'd29: curve_table = 16'd50464;
      8'd30: curve_table = 16'd50942;
      8'd31: curve_table = 16'd51409;
      8'd32: curve_table = 16'd51865;
      8'd33: curve_table = 16'd52311;
      8'd34: curve_table = 16'd52745;
      8'd35: curve_table = 16'd53169;
      8'd36: curve_table = 16'd53581;
      8'd37: curve_table = 16'd53983;
      8'd38: curve_table = 16'd54374;
      8'd39: curve_table = 16'd54755;
      8'd40: curve_table = 16'd55125;
      8'd41: curve_table = 16'd55485;
      8'd42: curve_table = 16'd55834;
      8'd43: curve_table = 16'd56174;
      8'd44: curve_table = 16'd56503;
      8'd45: curve_table = 16'd56823;
      8'd46: curve_table = 16'd57133;
      8'd47: curve_table = 16'd57433;
      8'd48: curve_table = 16'd57724;
      8'd49: curve_table = 16'd58007;
      8'd50: curve_table = 16'd58280;
      8'd51: curve_table = 16'd58544;
      8'd52: curve_table = 16'd58800;
      8'd53: curve_table = 16'd59048;
      8'd54: curve_table = 16'd59288;
      8'd55: curve_table = 16'd59519;
      8'd56: curve_table = 16'd59743;
      8'd57: curve_table = 16'd59959;
      8'd58: curve_table = 16'd60168;
      8'd59: curve_table = 16'd60370;
      8'd60: curve_table = 16'd60565;
      8'd61: curve_table = 16'd60753;
      8'd62: curve_table = 16'd60935;
      8'd63: curve_table = 16'd61110;
      8'd64: curve_table = 16'd61279;
      8'd65: curve_table = 16'd61441;
      8'd66: curve_table = 16'd61599;
      8'd67: curve_table = 16'd61750;
      8'd68: curve_table = 16'd61896;
      8'd69: curve_table = 16'd62036;
      8'd70: curve_table = 16'd62172;
      8'd71: curve_table = 16'd62302;
      8'd72: curve_table = 16'd62428;
      8'd73: curve_table = 16'd62549;
      8'd74: curve_table = 16'd62666;
      8'd75: curve_table = 16'd62778;
      8'd76: curve_table = 16'd62886;
      8'd77: curve_table = 16'd62990;
      8'd78: curve_table = 16'd63090;
      8'd79: curve_table = 16'd63186;
      8'd80: curve_table = 16'd63279;
      8'd81: curve_table = 16'd63368;
      8'd82: curve_table = 16'd63454;
      8'd83: curve_table = 16'd63536;
      8'd84: curve_table = 16'd63615;
      8'd85: curve_table = 16'd63691;
      8'd86: curve_table = 16'd63765;
      8'd87: curve_table = 16'd63835;
      8'd88: curve_table = 16'd63903;
      8'd89: curve_table = 16'd63968;
      8'd90: curve_table = 16'd64030;
      8'd91: curve_table = 16'd64090;
      8'd92: curve_table = 16'd64148;
      8'd93: curve_table = 16'd64204;
      8'd94: curve_table = 16'd64257;
      8'd95: curve_table = 16'd64308;
      8'd96: curve_table = 16'd64357;
      8'd97: curve_table = 16'd64405;
      8'd98: curve_table = 16'd64450;
      8'd99: curve_table = 16'd64494;
      8'd100: curve_table = 16'd64536;
      8'd101: curve_table = 16'd64576;
      8'd102: curve_table = 16'd64614;
      8'd103: curve_table = 16'd64652;
      8'd104: curve_table = 16'd64687;
      8'd105: curve_table = 16'd64721;
      8'd106: curve_table = 16'd64754;
      8'd107: curve_table = 16'd64786;
      8'd108: curve_table = 16'd64816;
      8'd109: curve_table = 16'd64845;
      8'd110: curve_table = 16'd64873;
      8'd111: curve_table = 16'd64900;
      8'd112: curve_table = 16'd64926;
      8'd113: curve_table = 16'd64950;
      8'd114: curve_table = 16'd64974;
      8'd115: curve_table = 16'd64997;
      8'd116: curve_table = 16'd65019;
      8'd117: curve_table = 16'd65039;
      8'd118: curve_table = 16'd65060;
      8'd119: curve_table = 16'd65079;
      8'd120: curve_table = 16'd65097;
      8'd121: curve_table = 16'd65115;
      8'd122: curve_table = 16'd65132;
      8'd123: curve_table = 16'd65149;
      8'd124: curve_table = 16'd65164;
      8'd125: curve_table = 16'd65179;
      8'd126: curve_table = 16'd65194;
      8'd127: curve_table = 16'd65208;
      8'd128: curve_table = 16'd65221;
      8'd129: curve_table = 16'd65234;
      8'd130: curve_table = 16'd65246;
      8'd131: curve_table = 16'd65258;
      8'd132: curve_table = 16'd65269;
      8'd133: curve_table = 16'd65280;
      8'd134: curve_table = 16'd65291;
      8'd135: curve_table = 16'd65301;
      8'd136: curve_table = 16'd65310;
      8'd137: curve_table = 16'd65319;
      8'd138: curve_table = 16'd65328;
      8'd139: curve_table = 16'd65337;
      8'd140: curve_table = 16'd65345;
      8'd141: curve_table = 16'd65352;
      8'd142: curve_table = 16'd65360;
      8'd143: curve_table = 16'd65367;
      8'd144: curve_table = 16'd65374;
      8'd145: curve_table = 16'd65381;
      8'd146: curve_table = 16'd65387;
      8'd147: curve_table = 16'd65393;
      8'd148: curve_table = 16'd65399;
      8'd149: curve_table = 16'd65404;
      8'd150: curve_table = 16'd65410;
      8'd151: curve_table = 16'd65415;
      8'd152: curve_table = 16'd65420;
      8'd153: curve_table = 16'd65425;
      8'd154: curve_table = 16'd65429;
      8'd155: curve_table = 16'd65433;
      8'd156: curve_table = 16'd65438;
      8'd157: curve_table = 16'd65442;
      8'd158: curve_table = 16'd65445;
      8'd159: curve_table = 16'd65449;
      8'd160: curve_table = 16'd65453;
      8'd161: curve_table = 16'd65456;
      8'd162: curve_table = 16'd65459;
      8'd163: curve_table = 16'd65462;
      8'd164: curve_table = 16'd65465;
      8'd165: curve_table = 16'd65468;
      8'd166: curve_table = 16'd65471;
      8'd167: curve_table = 16'd65474;
      8'd168: curve_table = 16'd65476;
      8'd169: curve_table = 16'd65479;
      8'd170: curve_table = 16'd65481;
      8'd171: curve_table = 16'd65483;
      8'd172: curve_table = 16'd65485;
      8'd173: curve_table = 16'd65488;
      8'd174: curve_table = 16'd65489;
      8'd175: curve_table = 16'd65491;
      8'd176: curve_table = 16'd65493;
      8'd177: curve_table = 16'd65495;
      8'd178: curve_table = 16'd65497;
      8'd179: curve_table = 16'd65498;
      8'd180: curve_table = 16'd65500;
      8'd181: curve_table = 16'd65501;
      8'd182: curve_table = 16'd65503;
      8'd183: curve_table = 16'd65504;
      8'd184: curve_table = 16'd65505;
      8'd185: curve_table = 16'd65507;
      8'd186: curve_table = 16'd65508;
      8'd187: curve_table = 16'd65509;
      8'd188: curve_table = 16'd65510;
      8'd189: curve_table = 16'd65511;
      8'd190: curve_table = 16'd65512;
      8'd191: curve_table = 16'd65513;
      8'd192: curve_table = 16'd65514;
      8'd193: curve_table = 16'd65515;
      8'd194: curve_table = 16'd65516;
      8'd195: curve_table = 16'd65517;
      8'd196: curve_table = 16'd65517;
      8'd197: curve_table = 16'd65518;
      8'd198: curve_table = 16'd65519;
      8'd199: curve_table = 16'd65520;
      8'd200: curve_table = 16'd65520;
      8'd201: curve_table = 16'd65521;
      8'd202: curve_table = 16'd65522;
      8'd203: curve_table = 16'd65522;
      8'd204: curve_table = 16'd65523;
      8'd205: curve_table = 16'd65523;
      8'd206: curve_table = 16'd65524;
      8'd207: curve_table = 16'd65524;
      8'd208: curve_table = 16'd65525;
      8'd209: curve_table = 16'd65525;
      8'd210: curve_table = 16'd65526;
      8'd211: curve_table = 16'd65526;
      8'd212: curve_table = 16'd65526;
      8'd213: curve_table = 16'd65527;
      8'd214: curve_table = 16'd65527;
      8'd215: curve_table = 16'd65528;
      8'd216: curve_table = 16'd65528;
      8'd217: curve_table = 16'd65528;
      8'd218: curve_table = 16'd65529;
      8'd219: curve_table = 16'd65529;
      8'd220: curve_table = 16'd65529;
      8'd221: curve_table = 16'd65529;
      8'd222: curve_table = 16'd65530;
      8'd223: curve_table = 16'd65530;
      8'd224: curve_table = 16'd65530;
      8'd225: curve_table = 16'd65530;
      8'd226: curve_table = 16'd65531;
      8'd227: curve_table = 16'd65531;
      8'd228: curve_table = 16'd65531;
      8'd229: curve_table = 16'd65531;
      8'd230: curve_table = 16'd65531;
      8'd231: curve_table = 16'd65532;
      8'd232: curve_table = 16'd65532;
      8'd233: curve_table = 16'd65532;
      8'd234: curve_table = 16'd65532;
      8'd235: curve_table = 16'd65532;
      8'd236: curve_table = 16'd65532;
      8'd237: curve_table = 16'd65533;
      8'd238: curve_table = 16'd65533;
      8'd239: curve_table = 16'd65533;
      8'd240: curve_table = 16'd65533;
      8'd241: curve_table = 16'd65533;
      8'd242: curve_table = 16'd65533;
      8'd243: curve_table = 16'd65533;
      8'd244: curve_table = 16'd65533;
      8'd245: curve_table = 16'd65534;
      8'd246: curve_table = 16'd65534;
      8'd247: curve_table = 16'd65534;
      8'd248: curve_table = 16'd65534;
      8'd249: curve_table = 16'd65534;
      8'd250: curve_table = 16'd65534;
      8'd251: curve_table = 16'd65534;
      8'd252: curve_table = 16'd65534;
      8'd253: curve_table = 16'd65534;
      8'd254: curve_table = 16'd65534;
      default: curve_table = 16'd65535;
    endcase
  endfunction

endpackage
