#pragma once
/// From a float graph and the formats of its layers to codes: the quantised graph whose every intermediate
/// value is truncated to a number format (spec/number_formats.md).

#include "network/graph.h"
#include "network/numerics_yaml.h"
#include "network/quantized_graph.h"
#include "quantize/tensor_samples.h"

namespace dlasim::quantize {

/// Converts a float graph, rewritten by fold.h, to a staged one. Tensors keep their ids; tables, scales and
/// converted operands are appended.
///
/// - Convolutions and fully connected layers carry all points; weights and biases become codes of
///   `operands.weight` and `operands.bias`. A fused activation becomes the function `f` of section 5.
/// - Sums, differences, products, minima and maxima read their operands as they are, compute exactly and
///   convert once to `points.output`.
/// - Functions of one variable become tables of `points.output` codes; their input may have at most 16 bits.
/// - Slice, concat, pad, reshape, transpose and space/batch move codes; so does a max pool of DFP codes.
/// - Where `operands.input` of a convolution is not the format of the tensor it reads, a StagedConvert stands
///   between, one a tensor and format. Network inputs have the format that their first reader wants (its
///   `points.output` where that is MX).
///
/// `fl: auto`: activations and outputs from `samples` (of a graph with the same ids), weights and biases from
/// their values; an input that already is DFP with as many bits keeps its fl. At product, accumulator, tree,
/// partial_sum, bias and block: nothing can overflow that calibration has seen, by the bound
/// `max |x| * max_o sum |w_o| + |b_o|` (product: `max |x| * max |w|`), and never finer than the exact
/// product.
///
/// `samples` may be empty if nothing is left open. `lanes` is L of section 5. Throws base::UnsupportedError
/// for operators without a staged form and for layers in integer mode, base::InputError for formats that do
/// not fit; both name the layer.
network::QuantizedGraph quantize_staged(const network::Graph& graph, const network::NumericsConfig& numerics,
                                        const TensorSamples& samples, int lanes);

}  // namespace dlasim::quantize
