#include "test_data.h"

#include <fmt/format.h>
#include <zlib.h>

#include "c_text.h"
#include "golden/interpreter.h"

namespace dlasim::exporter {

using network::QuantizedGraph;
using network::Tensor;

std::uint32_t crc32_of(const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  return static_cast<std::uint32_t>(crc32_z(0, data, bytes.size()));
}

Expected run_golden(const QuantizedGraph& graph, std::span<const Tensor> inputs) {
  Expected expected;
  expected.crc32.resize(graph.nodes.size());
  expected.outputs = golden::run(
      graph, inputs, [&](const network::QuantizedNode& node, network::TensorId id, const Tensor& value) {
        if (id != node.outputs.front()) return;
        expected.crc32[static_cast<std::size_t>(&node - graph.nodes.data())] = crc32_of(value);
      });
  return expected;
}

std::string test_data_text(const QuantizedGraph& graph, std::span<const Tensor> inputs,
                           const Expected& expected, const std::vector<std::uint32_t>& checksums) {
  std::string text =
      "/* An input of the network and the integers that must come out. */\n#ifndef TEST_DATA_H\n"
      "#define TEST_DATA_H\n\n#include <stdint.h>\n\n";
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& declared = graph.tensor(graph.inputs[i]);
    text += array_definition(fmt::format("test_input{}", i), inputs[i],
                             fmt::format("{}: {}", plain(declared.name), network::to_string(declared.shape)));
  }
  for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
    const auto& declared = graph.tensor(graph.outputs[i]);
    text += array_definition(fmt::format("expected_output{}", i), expected.outputs[i],
                             fmt::format("{}: {}", plain(declared.name), network::to_string(declared.shape)));
  }
  text += "/* CRC-32 of what each layer writes. */\nstatic const uint32_t expected_crc32[] = {\n";
  for (const std::uint32_t checksum : checksums) text += fmt::format("    0x{:08x}U,\n", checksum);
  return text + "};\n\n#endif /* TEST_DATA_H */\n";
}

}  // namespace dlasim::exporter
