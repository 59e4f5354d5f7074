#include "figures.h"

#include <algorithm>

#include "network/float_reference.h"
#include "quantize/codes.h"
#include "quantize/sqnr.h"

namespace dlasim::cli {

using network::Tensor;
using network::TensorId;

bool reads_as_real(const network::QuantizedTensor& info) {
  return info.affine || (info.format && info.format->mx_block == 0);
}

Tensor real_values(const network::QuantizedTensor& info, const Tensor& codes) {
  if (info.format) return quantize::decode(codes, *info.format);
  return network::dequantize(codes, info.affine);
}

Tensor real_output(const network::QuantizedGraph& graph, const std::vector<Tensor>& tensors) {
  const TensorId id = graph.outputs.front();
  return real_values(graph.tensor(id), tensors[static_cast<std::size_t>(id)]);
}

FloatFigures compare_with_float(const Session& session, const QuantizedNetwork& network,
                                const std::vector<Tensor>& got) {
  FloatFigures figures;
  figures.sqnr_db.resize(got.size());
  network::FloatReference(network.real).run(session.test.inputs, [&](TensorId id, const Tensor& real) {
    const auto i = static_cast<std::size_t>(id);
    const auto& info = network.integer.tensors[i];
    if (real.size() > 0 && got[i].size() == real.size() && reads_as_real(info)) {
      const Tensor values = real_values(info, got[i]);
      figures.sqnr_db[i] = quantize::sqnr_db(real.data<float>(), values.data<float>());
    }
    if (id != network.real.outputs.front()) return;
    figures.output = real;
    if (!session.test.labels.empty()) {
      figures.cross_entropy = quantize::cross_entropy(real, session.test.labels);
    }
  });
  return figures;
}

std::vector<report::TaskFigure> task_figures(const Session& session, const FloatFigures& real,
                                             const Tensor& output) {
  std::vector<report::TaskFigure> figures;
  if (real.cross_entropy) {
    figures.push_back({"cross-entropy", "nats a sample", *real.cross_entropy,
                       quantize::cross_entropy(output, session.test.labels)});
  }
  const bool classes = real.cross_entropy || (!session.test.sample_rate && output.shape().back() > 1);
  if (classes) {
    figures.push_back(
        {"argmax ties", "of all positions; the first class wins", std::nullopt, argmax_ties(output)});
  }
  if (!session.test.sample_rate) return figures;
  const auto reference = real.output.data<float>();
  const auto got = output.data<float>();
  figures.push_back({"SNR", "dB against float", std::nullopt, quantize::sqnr_db(reference, got)});
  figures.push_back({"ESR", "against float", std::nullopt, quantize::error_to_signal(reference, got)});
  if (!session.test.target.empty()) {
    figures.push_back({"ESR target", "against the target",
                       quantize::error_to_signal(session.test.target, reference),
                       quantize::error_to_signal(session.test.target, got)});
  }
  return figures;
}

double argmax_ties(const Tensor& output) {
  if (output.size() == 0) return 0.0;
  const auto values = output.data<float>();
  const auto classes = static_cast<std::size_t>(output.shape().back());
  std::size_t ties = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += classes) {
    const auto row = values.subspan(begin, classes);
    ties += std::ranges::count(row, *std::ranges::max_element(row)) > 1;
  }
  return static_cast<double>(ties) / static_cast<double>(values.size() / classes);
}

}  // namespace dlasim::cli
