#pragma once
/// The attributes of every operator by name, once for writing and for reading: `visit(key, member)`.

#include <array>
#include <string_view>
#include <type_traits>

#include "base/yaml.h"
#include "network/graph.h"

namespace dlasim::network {

inline constexpr std::array kActivationNames{
    base::Choice<FusedActivation>{"none", FusedActivation::kNone},
    base::Choice<FusedActivation>{"relu", FusedActivation::kRelu},
    base::Choice<FusedActivation>{"relu6", FusedActivation::kRelu6},
    base::Choice<FusedActivation>{"relu_n1_to_1", FusedActivation::kReluN1To1},
};

/// Calls `visit(key, member)` for each attribute. `kind` of an operator is part of its name and not listed.
template <class Op, class Visitor>
void for_each_field(Op& o, Visitor&& visit) {
  if constexpr (requires { o.kernel; }) visit("kernel", o.kernel);
  if constexpr (requires { o.stride; }) visit("stride", o.stride);
  if constexpr (requires { o.dilation; }) visit("dilation", o.dilation);
  if constexpr (requires { o.block; }) visit("block", o.block);
  if constexpr (requires { o.padding; }) visit("padding", o.padding);
  if constexpr (requires { o.crop; }) visit("crop", o.crop);
  if constexpr (requires { o.groups; }) visit("groups", o.groups);
  if constexpr (requires { o.channel_multiplier; }) visit("channel_multiplier", o.channel_multiplier);
  if constexpr (requires { o.adj_x; }) visit("adj_x", o.adj_x);
  if constexpr (requires { o.adj_y; }) visit("adj_y", o.adj_y);
  if constexpr (requires { o.axes; }) visit("axes", o.axes);
  if constexpr (requires { o.keep_dims; }) visit("keep_dims", o.keep_dims);
  if constexpr (requires { o.parameters; }) visit("parameters", o.parameters);
  if constexpr (requires { o.beta; }) visit("beta", o.beta);
  if constexpr (requires { o.begin; }) visit("begin", o.begin);
  if constexpr (requires { o.size; }) visit("size", o.size);
  if constexpr (requires { o.axis; }) visit("axis", o.axis);
  if constexpr (requires { o.before; }) visit("before", o.before);
  if constexpr (requires { o.after; }) visit("after", o.after);
  if constexpr (requires { o.value; }) visit("value", o.value);
  if constexpr (requires { o.raw_value; }) visit("raw_value", o.raw_value);
  if constexpr (requires { o.perm; }) visit("perm", o.perm);
  if constexpr (requires { o.rank; }) visit("rank", o.rank);
  if constexpr (requires { o.time_major; }) visit("time_major", o.time_major);
  if constexpr (requires { o.cell_clip; }) visit("cell_clip", o.cell_clip);
  if constexpr (requires { o.scale; }) visit("scale", o.scale);
  if constexpr (requires { o.zero_point; }) visit("zero_point", o.zero_point);
  if constexpr (requires { o.lowest; }) visit("lowest", o.lowest);
  if constexpr (requires { o.highest; }) visit("highest", o.highest);
  if constexpr (requires { o.minimum; }) visit("minimum", o.minimum);
  if constexpr (requires { o.maximum; }) visit("maximum", o.maximum);
  if constexpr (requires { o.intermediates; }) visit("intermediates", o.intermediates);
  if constexpr (requires { o.activation; }) visit("activation", o.activation);
}

}  // namespace dlasim::network
