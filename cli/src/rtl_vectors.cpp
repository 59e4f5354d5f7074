#include "rtl_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "conformance/hardware_units.h"
#include "conformance/json_reader.h"
#include "model_units.h"
#include "sim/arch/rtl_package.h"
#include "sim/compiler/compile.h"
#include "sim/compiler/hardware_format.h"
#include "sim/compiler/output_map.h"
#include "sim/cosim/configurations.h"
#include "sim/cosim/cosim_factory.h"
#include "sim/cosim/number_format_bench.h"
#include "sim/host/host.h"
#include "sim/netlist/run_netlist.h"

namespace dlasim::cli {
namespace {

using conformance::JsonReader;
using conformance::UnitOperand;
using conformance::UnitResult;
using network::NumberFormat;
using network::Tensor;
using sim::cosim::NumberFormatBench;

std::vector<Tensor> run_core(const network::QuantizedGraph& graph, std::span<const Tensor> inputs) {
  // Small, so that the core compiles in seconds; most layers of the vectors fit.
  const sim::arch::Hardware& hardware = sim::cosim::configuration("array_4x4");
  const auto program = sim::compiler::compile(graph, hardware);
  for (const auto& layer : program.layers) {
    if (layer.on_host) throw base::UnsupportedError(fmt::format("{} runs on the host", layer.kind));
  }
  for (const auto& step : program.steps) {
    const auto* stream = std::get_if<sim::compiler::CommandStream>(&step);
    if (stream == nullptr) continue;
    for (const auto& command : sim::compiler::commands_of(program, *stream)) {
      if (std::holds_alternative<sim::arch::ConfigureStaged>(command))
        throw base::UnsupportedError(
            fmt::format("the core of this check, '{}', has no truncation units", hardware.name));
    }
  }
  sim::cosim::CosimFactory factory;
  factory.set_mode(sim::cosim::kCore, sim::cosim::Mode::kRtl);
  sim::netlist::NetlistOptions netlist;
  netlist.factory = &factory;
  const auto result = sim::netlist::run_netlist(program, graph, hardware, inputs, {}, netlist);
  std::vector<Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors[static_cast<std::size_t>(t)]);
  return outputs;
}

/// The bench of the usual formats, or one of a file's own.
class RtlUnits final : public conformance::HardwareUnits {
 public:
  explicit RtlUnits(NumberFormatBench& bench) : bench_(bench) {}
  UnitResult convert(const golden::WideValue& value, const NumberFormat& format,
                     std::uint32_t draw) override {
    const auto got = bench_.convert(exact(value), sim::compiler::to_hardware(format), draw);
    if (!got) throw base::UnsupportedError("a value that the bench has no wires for");
    return {got->code, got->flags};
  }
  UnitResult multiply(const UnitOperand& a, const UnitOperand& b, const NumberFormat& result) override {
    const auto got =
        bench_.multiply(a.code, sim::compiler::to_hardware(a.format), b.code,
                        sim::compiler::to_hardware(b.format), sim::compiler::to_hardware(result));
    return {got.code, got.flags};
  }
  UnitResult add(const UnitOperand& a, const UnitOperand& b, const NumberFormat& result) override {
    const auto got = bench_.add(a.code, sim::compiler::to_hardware(a.format), b.code,
                                sim::compiler::to_hardware(b.format), sim::compiler::to_hardware(result));
    return {got.code, got.flags};
  }
  bool decodes_to(const UnitOperand&, const golden::WideValue&) override { refuse("decode"); }
  conformance::MxResult convert_to_mx(const std::vector<golden::WideValue>&, const NumberFormat&) override {
    refuse("mx_convert");
  }
  bool mx_decodes_to(std::uint8_t, const UnitOperand&, const golden::WideValue&) override {
    refuse("mx_convert");
  }
  void seed(std::uint32_t state) override { bench_.seed(state); }
  std::uint32_t draw(int bits) override { return bench_.draw(bits); }

 private:
  [[noreturn]] static void refuse(const char* test) {
    throw base::UnsupportedError(fmt::format("number_format test '{}' on the RTL's units", test));
  }
  NumberFormatBench& bench_;
};

conformance::UnitMaker unit_maker() {
  return [benches = std::make_shared<std::vector<std::unique_ptr<NumberFormatBench>>>()](
             const std::vector<NumberFormat>& formats) -> std::unique_ptr<conformance::HardwareUnits> {
    std::vector<fixed_point::Format> needed;
    for (const NumberFormat& f : formats) needed.push_back(sim::compiler::to_hardware(f));
    if (benches->empty()) benches->push_back(std::make_unique<NumberFormatBench>());
    for (const auto& bench : *benches) {
      const bool has_all = std::ranges::all_of(needed, [&](const auto& f) { return bench->has(f); });
      if (has_all) return std::make_unique<RtlUnits>(*bench);
    }
    benches->push_back(std::make_unique<NumberFormatBench>(needed));
    return std::make_unique<RtlUnits>(*benches->back());
  };
}

/// rtl_models/requantiser.sv, combinational.
class Requantiser {
 public:
  Requantiser() : rtl_({"requantiser", sim::arch::rtl_package({}), {}}) {}
  std::int64_t run(sim::arch::Requant rule, std::int64_t v, std::int64_t mantissa, std::int64_t shift) {
    rule_i.set(static_cast<std::uint64_t>(rule)), v_i.set(static_cast<std::uint64_t>(v));
    mantissa_i.set(static_cast<std::uint64_t>(mantissa)), shift_i.set(static_cast<std::uint64_t>(shift));
    rtl_.eval();
    return static_cast<std::int32_t>(result_o.value());
  }
  /// Whether the sum has wires.
  bool fits(std::int64_t v) const {
    return sim::cosim::sign_extended(static_cast<std::uint64_t>(v) & sim::cosim::mask(v_i.bits()),
                                     v_i.bits()) == v;
  }

 private:
  sim::cosim::VerilatedModule rtl_;
  sim::cosim::Pin rule_i = rtl_.pin("rule_i"), v_i = rtl_.pin("v_i"), mantissa_i = rtl_.pin("mantissa_i"),
                  shift_i = rtl_.pin("shift_i"), result_o = rtl_.pin("result_o");
};

std::string run_requantize(Requantiser& rtl, const JsonReader& root) {
  const JsonReader quantization = root.at("quantization"), tensors = root.at("tensors");
  const std::string rounding = quantization.at("rounding").string();
  const bool wide = quantization.at("accumulator").string() == "int64";
  if (rounding != "double" && rounding != "single")
    throw base::UnsupportedError(fmt::format("requantize with rounding '{}'", rounding));
  using sim::arch::Requant;
  const Requant rule = wide ? Requant::kInt64 : rounding == "double" ? Requant::kDouble : Requant::kSingle;
  const auto multiplier = quantization.at("multiplier").integers(),
             shift = quantization.at("shift").integers();
  const std::int64_t zero = quantization.at("output_zero_point").integer();
  const auto clamp = root.at("attributes").at("clamp").integers();
  const auto input = tensors.at("input").at("data").integers(),
             output = tensors.at("output").at("data").integers();
  if (input.empty() || input.size() != output.size() || multiplier.empty() ||
      shift.size() != multiplier.size() || clamp.size() != 2)
    root.fail("input, output, multiplier, shift and clamp do not fit together");
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (!rtl.fits(input[i])) throw base::UnsupportedError("a sum that is wider than the datapath's");
    const std::size_t channel = i % multiplier.size();
    const std::int64_t got =
        std::clamp(rtl.run(rule, input[i], multiplier[channel], shift[channel]) + zero, clamp[0], clamp[1]);
    if (got != output[i])
      return fmt::format("element {}: {} * {} * 2^{}: expected {}, got {}", i, input[i], multiplier[channel],
                         shift[channel], output[i], got);
  }
  return {};
}

}  // namespace

std::unique_ptr<conformance::Engine> make_rtl_engine() {
  return std::make_unique<conformance::FunctionEngine>(
      "rtl", [](const auto& graph, auto inputs) { return run_core(graph, inputs); });
}

void register_rtl_handlers(conformance::Verifier& verifier, const conformance::Engine& engine) {
  verifier.handle_op("number_format", conformance::hardware_number_format_handler(unit_maker(), engine));
  verifier.handle_op("requantize",
                     [rtl = std::shared_ptr<Requantiser>()](const nlohmann::json& document,
                                                            const std::filesystem::path& file) mutable {
                       if (!rtl) rtl = std::make_shared<Requantiser>();
                       return run_requantize(*rtl, JsonReader(document, file.string()));
                     });
}

}  // namespace dlasim::cli
