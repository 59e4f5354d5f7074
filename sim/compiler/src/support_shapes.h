#pragma once
/// The shapes and windows that each operator runs: checks of the rows of limits().

#include "node_access.h"

namespace dlasim::sim::compiler {

Found conv_shape(const NodeContext& c);
Found depthwise_shape(const NodeContext& c);
Found transpose_conv_shape(const NodeContext& c);
Found fully_connected_shape(const NodeContext& c);
Found matmul_shape(const NodeContext& c);
Found same_shape(const NodeContext& c);
Found same_size(const NodeContext& c);
Found pool_shape(const NodeContext& c);
Found reduce_shape(const NodeContext& c);
Found pad_shape(const NodeContext& c);
Found transpose_shape(const NodeContext& c);
Found concat_shape(const NodeContext& c);
Found slice_shape(const NodeContext& c);
Found space_to_batch_shape(const NodeContext& c);
Found batch_to_space_shape(const NodeContext& c);
Found broadcast_shape(const NodeContext& c);
Found window(const NodeContext& c);
Found pool_padding(const NodeContext& c);
Found reduce_axes(const NodeContext& c);

}  // namespace dlasim::sim::compiler
