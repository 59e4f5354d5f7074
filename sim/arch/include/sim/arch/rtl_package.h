#pragma once
/// The SystemVerilog package of one accelerator, and the layout of its packed structs.
///
/// rtl_models/ takes every size from the package `dla_pkg`; both it and the code that drives Verilated blocks
/// read the layouts from here, so that a width has one source.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::arch {

/// One member of a packed struct.
struct RtlField {
  std::string name;
  int bits = 1;
  bool is_signed = false;
  std::string type = {};  ///< name of the struct that it is, without _t
};

/// A packed struct; the first field has the highest bits, as SystemVerilog lays it out.
struct RtlStruct {
  std::string name;  ///< without the suffix _t
  std::vector<RtlField> fields;
  int bits() const;
};

/// Bits that hold the values 0 .. count-1; at least 1.
int bits_for(std::int64_t count);

/// Width of the datapath's sums: 48 where a product fits 32 bits (the rule Q asks for no more), else 64.
int sum_bits(const Hardware& hardware);

/// blocks::Position and blocks::TapRequest (which ends in a Position).
RtlStruct position_struct(const Hardware& hardware);
RtlStruct tap_request_struct(const Hardware& hardware);
/// RunTile without its Wait; the geometry of Configure; PostSettings.
RtlStruct run_tile_struct(const Hardware& hardware);
RtlStruct geometry_struct(const Hardware& hardware);
RtlStruct post_settings_struct(const Hardware& hardware);
/// Registers of one truncation unit, and StagedSettings as the registers of all. Without units in the silicon
/// only `reduces` is left of the latter: it is never set.
RtlStruct point_settings_struct();
RtlStruct staged_settings_struct(const Hardware& hardware);

/// Exponents between the units: any that a minifloat, a product of two, or a slope has.
inline constexpr int kExponentBits = 13;

/// The text of dla_pkg.sv.
std::string rtl_package(const Hardware& hardware);

}  // namespace dlasim::sim::arch
