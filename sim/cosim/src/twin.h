#pragma once
/// What the adapters of the blocks and of the core share.

#include <cstdint>

#include "rtl_struct.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/cosim/verilated_module.h"

namespace dlasim::sim::cosim {

/// Layouts and lane widths of one hardware.
struct Layouts {
  explicit Layouts(const arch::Hardware& h)
      : ic_lanes(static_cast<std::size_t>(h.pe_array.ic_lanes)),
        oc_lanes(static_cast<std::size_t>(h.pe_array.oc_lanes)),
        activation_bits(h.pe_array.activation_bits),
        weight_bits(h.pe_array.weight_bits),
        sum_bits(arch::sum_bits(h)),
        position(arch::position_struct(h)),
        tap_request(arch::tap_request_struct(h)),
        run_tile(arch::run_tile_struct(h)),
        geometry(arch::geometry_struct(h)),
        post_settings(arch::post_settings_struct(h)) {
    // `fields` of a request goes on with those of its position.
    tap_request.fields.pop_back();
    tap_request.fields.insert(tap_request.fields.end(), position.fields.begin(), position.fields.end());
  }
  std::size_t ic_lanes, oc_lanes;
  int activation_bits, weight_bits, sum_bits;
  arch::RtlStruct position, tap_request, run_tile, geometry, post_settings;
};

/// The Verilated module of one hardware, with its layouts.
class Twin {
 protected:
  Twin(const char* top, const arch::Hardware& h, const RtlToolchain& toolchain)
      : layouts_(h), rtl_({top, arch::rtl_package(h), {}}, toolchain) {}
  Pin pin(const char* port) const { return rtl_.pin(port); }

  Layouts layouts_;
  VerilatedModule rtl_;
};

/// This side of a hand-shake as the RTL sees it. The models are told of what moves only; the RTL is also
/// offered what it is not ready for (see `set_struct`) and asked for what it does not have, neither of which
/// may change anything.
inline bool offered(bool moves, bool other_side) {
  return moves || !other_side;
}

/// The struct that moves, or, where none does, the last one with all bits inverted: nobody may look at it.
template <class Struct>
void set_struct(Pin port, const arch::RtlStruct& layout, const Struct* value) {
  if (value != nullptr) {
    write_struct(port, layout, *value);
  } else {
    port.invert();
  }
}

/// The address generator's part of Configure, in the order of geometry_t.
struct Geometry {
  std::uint32_t stride_y, stride_x, dilation_y, dilation_x, upsample_y, upsample_x;
  explicit Geometry(const arch::Configure& c)
      : stride_y(c.stride_y),
        stride_x(c.stride_x),
        dilation_y(c.dilation_y),
        dilation_x(c.dilation_x),
        upsample_y(c.upsample_y),
        upsample_x(c.upsample_x) {}
  template <class Visitor>
  void fields(Visitor& v) const {
    v("stride_y", stride_y), v("stride_x", stride_x), v("dilation_y", dilation_y);
    v("dilation_x", dilation_x), v("upsample_y", upsample_y), v("upsample_x", upsample_x);
  }
};

}  // namespace dlasim::sim::cosim
