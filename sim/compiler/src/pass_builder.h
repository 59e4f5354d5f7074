#pragma once
/// Turns groups of nodes into passes over the array.

#include <cstdint>
#include <deque>
#include <vector>

#include "fuse.h"
#include "memory_image.h"
#include "network/quantized_graph.h"
#include "output_weights.h"
#include "pass.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"

namespace dlasim::sim::compiler {

/// One axis of a data movement: how many elements, and the bytes between them on both sides.
struct MoveAxis {
  std::int64_t size = 1, from_stride = 0, to_stride = 0;
};

class PassBuilder {
 public:
  PassBuilder(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
              std::vector<Placement>& placements, MemoryImage& image)
      : graph_(graph), hardware_(hardware), placements_(placements), image_(image) {}

  /// The passes of a group of nodes that check_support has let through, in order; empty for a node that moves
  /// nothing (reshape in place).
  std::vector<Pass> build(const Group& group);

 private:
  using Node = network::QuantizedNode;
  std::vector<Pass> build_head(const Node& node);
  std::vector<Pass> build(const Node& node, const network::qop::Conv2d& op);
  std::vector<Pass> build(const Node& node, const network::qop::DepthwiseConv2d& op);
  std::vector<Pass> build(const Node& node, const network::qop::TransposeConv2d& op);
  std::vector<Pass> build(const Node& node, const network::qop::FullyConnected& op);
  std::vector<Pass> build(const Node& node, const network::qop::BatchMatmul& op);
  std::vector<Pass> build(const Node& node, const network::qop::Add& op);
  std::vector<Pass> build(const Node& node, const network::qop::Mul& op);
  std::vector<Pass> build(const Node& node, const network::qop::MinMax& op);
  std::vector<Pass> build(const Node& node, const network::qop::Pool2d& op);
  std::vector<Pass> build(const Node& node, const network::qop::Reduce& op);
  std::vector<Pass> build(const Node& node, const network::qop::Requantize& op);
  std::vector<Pass> build(const Node& node, const network::qop::ClampOnly& op);
  std::vector<Pass> build(const Node& node, const network::qop::LeakyRelu& op);
  std::vector<Pass> build(const Node& node, const network::qop::Pad& op);
  std::vector<Pass> build(const Node& node, const network::qop::Transpose& op);
  std::vector<Pass> build(const Node& node, const network::qop::Reshape& op);
  std::vector<Pass> build(const Node& node, const network::qop::Concat& op);
  std::vector<Pass> build(const Node& node, const network::qop::Slice& op);
  std::vector<Pass> build(const Node& node, const network::qop::SpaceToBatch& op);
  std::vector<Pass> build(const Node& node, const network::qop::BatchToSpace& op);
  std::vector<Pass> build(const Node& node, const network::qop::StagedBinary& op);
  std::vector<Pass> build(const Node& node, const network::qop::StagedConvert& op);
  std::vector<Pass> build_table(const Node& node);

  Pass convolution(const Node& node, const network::Padding& padding,
                   const network::qop::MacParameters& mac) const;
  /// Bias, requantisation and accumulator width (or truncation units) for a pass with these weights.
  std::vector<Pass> finish(const Node& node, const network::qop::MacParameters& mac,
                           const OutputWeights& weights, Pass pass);
  /// Tiles of a dense or grouped convolution on this hardware's array.
  std::vector<OcTile> dense_tiles(std::int64_t input_channels, std::int64_t output_channels,
                                  std::int64_t groups, bool share_tiles) const;
  /// Truncation units for a pass of a staged multiply-accumulate node; `pass` comes last.
  std::vector<Pass> stage(const Node& node, Pass pass);
  /// Lanes of element and scale codes for an MX tensor whose elements lie in `elements`, made by passes.
  View merge_mx(const Node& node, network::TensorId t, std::int64_t block, const View& elements,
                std::vector<Pass>& passes);
  /// The codes of a staged operand as lanes take them.
  View staged_operand(const Node& node, network::TensorId t, std::vector<Pass>& passes);
  /// The scales of all blocks, then the elements under them.
  std::vector<Pass> convert_to_mx(const Node& node, std::int64_t block);
  /// Where the scales of a node's MX output go; throws base::InputError if they cannot.
  View mx_scales_view(const Node& node, std::int64_t block) const;
  const network::Tensor& weights_of(const Node& node);
  Pass channelwise(const Node& node) const;
  struct BinaryPass {
    Pass pass;
    bool swapped = false;  ///< the node's second input comes through the array, the first is the operand
  };
  BinaryPass binary_geometry(const Node& node, const arch::PostSettings& post, View value,
                             View operand) const;
  std::vector<Pass> binary(const Node& node, const arch::PostSettings& post);
  void apply_table(const Node& node, arch::TableStage& stage, std::vector<std::int32_t>& table,
                   std::uint32_t bank) const;
  void apply_combine(const Node& node, network::TensorId value, arch::PostSettings& post) const;
  void fuse(const Group& group, Pass& pass) const;
  void move(const Node& node, std::uint64_t from, std::uint64_t to, arch::Element element,
            std::vector<MoveAxis> axes, std::vector<Pass>& passes) const;
  void fill(const Node& node, std::int64_t value, std::vector<Pass>& passes);
  std::vector<std::int64_t> byte_strides(network::TensorId t) const;

  View view(network::TensorId t) const;
  /// A constant is placed when it is first asked for: what is loaded as weights would lie in DRAM twice.
  std::uint64_t address(network::TensorId t) const;
  const network::QuantizedTensor& tensor(network::TensorId t) const { return graph_.tensor(t); }
  const network::Tensor& constant(const Node& node, std::size_t input) const;
  std::int64_t bias_of(const Node& node, std::size_t input, std::int64_t channel) const;
  std::int64_t largest_magnitude(network::TensorId t) const;

  const network::QuantizedGraph& graph_;
  const arch::Hardware& hardware_;
  std::vector<Placement>& placements_;
  MemoryImage& image_;
  std::deque<network::Tensor> merged_weights_;  // MX; the passes refer to them
};

}  // namespace dlasim::sim::compiler
