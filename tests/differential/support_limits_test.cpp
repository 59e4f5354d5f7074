// Both sides of the support matrix's second half: at the edges of every limit the cycle engine says what
// golden says; beyond it the compiler refuses and names the attribute.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "sim/compiler/support.h"
#include "support/operator_cases.h"
#include "support/run_case.h"

namespace dlasim::test {
namespace {

using network::DType;
using network::RequantRule;
using sim::compiler::Limit;
namespace qop = network::qop;

/// PyTorch's rule takes a float32 by its bit pattern.
constexpr auto kBitsOfHundredth = std::bit_cast<std::int32_t>(0.01F);

using Turn = std::function<void(Knobs&)>;
using Bend = std::function<void(Case&)>;

/// Cases of one attribute: settings that run, settings that do not, and changes of a finished case that make
/// one that does not.
struct Sides {
  std::vector<Turn> within;
  std::vector<Turn> beyond;
  std::vector<Bend> bent;
};

/// int16 tensors, which every operator runs, on lanes of 8 bits.
Sides element_width() {
  return {{}, {}, {[](Case& c) {
            c.hardware.pe_array.activation_bits = 8;
            for (auto& t : c.graph.tensors) {
              if (!t.constant) t.dtype = DType::kInt16;
            }
          }}};
}

template <class Op>
Op& op_of(Case& c) {
  return std::get<Op>(c.node().operation);
}

Sides steps(network::Pair Knobs::*pair) {
  return {{[=](Knobs& k) { k.*pair = {2, 3}; }, [=](Knobs& k) { k.*pair = {3, 1}; }}, {}, {}};
}

template <class Op>
Sides strides() {
  Sides sides = steps(&Knobs::stride);
  sides.bent = {[](Case& c) {
                  op_of<Op>(c).stride = {0, 1};
                },
                [](Case& c) { op_of<Op>(c).stride[1] = 65536; }};
  return sides;
}

template <class Op>
Sides dilations() {
  Sides sides = steps(&Knobs::dilation);
  sides.bent = {[](Case& c) {
                  op_of<Op>(c).dilation = {1, -1};
                },
                [](Case& c) { op_of<Op>(c).dilation[0] = 65536; }};
  return sides;
}

template <class Op>
Sides paddings() {
  return {
      {[](Knobs& k) {
         k.padding = {0, 0, 0, 0};
       },
       [](Knobs& k) {
         k.padding = {1, 2, 1, 0};
       }},
      {},
      {[](Case& c) { op_of<Op>(c).padding.left = -1; }, [](Case& c) { op_of<Op>(c).padding.top = 65536; }}};
}

Sides weights() {
  return {{[](Knobs& k) { k.weight = DType::kInt8; }},
          {},
          {[](Case& c) { c.graph.tensors[static_cast<std::size_t>(c.node().inputs[1])].constant.reset(); },
           [](Case& c) {
             // Codes of -128 and 127 less a zero point do not fit 8 bits.
             auto& t = c.graph.tensors[static_cast<std::size_t>(c.node().inputs[1])];
             t.constant = network::Tensor(DType::kInt16, t.shape);
             t.constant.edit().set_integer(0, 300);
             c.hardware.pe_array.weight_bits = 8;
           }}};
}

Sides biases() {
  return {{[](Knobs& k) { k.bias.reset(); }}, {}, {[](Case& c) {
            c.graph.tensors[static_cast<std::size_t>(c.node().inputs[2])].constant.reset();
          }}};
}

template <class Op>
Sides mac_multipliers() {
  return {{[](Knobs& k) { k.multiplier_a_channel = false; }, [](Knobs& k) { k.rule = RequantRule::kSingle; },
           [](Knobs& k) {
             k.multiplier = {1 << 30, 0};
           },
           [](Knobs& k) {
             k.multiplier = {1518500250, -9}, k.input = k.output = DType::kInt16, k.bias.reset();
             k.weight = std::is_same_v<Op, qop::BatchMatmul> ? DType::kInt16 : DType::kInt8;
           }},
          {},
          {[](Case& c) {
             op_of<Op>(c).mac.multiplier = {{1 << 30, 31}};
           },
           [](Case& c) {
             op_of<Op>(c).mac.multiplier = {{std::numeric_limits<std::int32_t>::min(), 0}};
           },
           [](Case& c) {
             op_of<Op>(c).mac.multiplier.assign(77, {1 << 30, 0});
           },
           [](Case& c) {
             op_of<Op>(c).mac.rule = RequantRule::kInt64;
             op_of<Op>(c).mac.multiplier = {{1 << 30, 8}};
           }}};
}

Sides shapes(network::Shape wrong_output, std::vector<Turn> within) {
  return {std::move(within), {}, {[=](Case& c) {
            c.graph.tensors[static_cast<std::size_t>(c.node().outputs[0])].shape = wrong_output;
          }}};
}

Sides broadcasts() {
  return {{[](Knobs& k) {
             k.second = {2, 5, 6, 1};
           },
           [](Knobs& k) {
             k.second = {1, 5, 1, 4};
           },
           [](Knobs& k) {
             k.second = {6, 4};
           },
           [](Knobs& k) {
             k.shape = {2, 5, 1, 1};
           },
           [](Knobs& k) {
             k.shape = k.second = {2, 2, 3, 2, 4};
           },
           [](Knobs& k) {
             k.shape = {2, 2, 3, 2, 4}, k.second = {2, 4};
           }},
          {[](Knobs& k) {
             k.shape = {2, 1, 3, 2, 4}, k.second = {2, 3, 3, 2, 4};
           },
           [](Knobs& k) {
             k.shape = {1, 5, 6, 4}, k.second = {1, 5, 6, 2};
           }},
          {}};
}

Sides kernels() {
  return {{[](Knobs& k) {
             k.kernel = {3, 4};
           },
           [](Knobs& k) {
             k.kernel = {1, 1}, k.padding = {0, 0, 0, 0};
           }},
          {},
          {[](Case& c) { c.hardware.pe_array.max_taps = 5; }}};
}

Sides pool_paddings() {
  return {{[](Knobs& k) {
             k.padding = {1, 2, 1, 2};
           },
           [](Knobs& k) {
             k.padding = {0, 0, 0, 0};
           }},
          {[](Knobs& k) {
             k.padding = {2, 0, 0, 0};
           },
           [](Knobs& k) {
             k.padding = {0, 0, 0, 9};
           }},
          {}};
}

/// Bad multipliers of the three operands of add; mul and the others have one.
template <class Op>
Bend with_shift_31(network::Multiplier Op::*member) {
  return [=](Case& c) { (op_of<Op>(c).*member).shift = 31; };
}

template <class Op>
Sides blocks() {
  return {{[](Knobs& k) {
             k.block = {1, 2};
           },
           [](Knobs& k) {
             k.block = {3, 1};
           }},
          {},
          {[](Case& c) { op_of<Op>(c).block[0] = 0; }}};
}

Sides three_dimensions() {
  return {{[](Knobs& k) {
            k.shape = {1, 4, 7, 5};
          }},
          {},
          {[](Case& c) {
            c.graph.tensors[static_cast<std::size_t>(c.node().inputs[0])].shape = {2, 30, 4};
          }}};
}

template <class Op>
void add_mac(std::map<std::string, Sides>& all, const std::string& op) {
  all[op + "/weight"] = weights();
  all[op + "/bias"] = biases();
  all[op + "/multiplier"] = mac_multipliers<Op>();
}

template <class Op>
void add_windows(std::map<std::string, Sides>& all, const std::string& op) {
  all[op + "/stride"] = strides<Op>();
  all[op + "/dilation"] = dilations<Op>();
  all[op + "/padding"] = paddings<Op>();
}

/// By "operator/attribute".
std::map<std::string, Sides> make_sides() {
  std::map<std::string, Sides> all;
  add_mac<qop::Conv2d>(all, "conv2d");
  add_mac<qop::DepthwiseConv2d>(all, "depthwise_conv2d");
  add_mac<qop::TransposeConv2d>(all, "transpose_conv2d");
  add_mac<qop::FullyConnected>(all, "fully_connected");
  add_windows<qop::Conv2d>(all, "conv2d");
  add_windows<qop::DepthwiseConv2d>(all, "depthwise_conv2d");
  add_windows<qop::TransposeConv2d>(all, "transpose_conv2d");
  all["batch_matmul/multiplier"] = mac_multipliers<qop::BatchMatmul>();
  all["conv2d/shape"] =
      shapes({2, 5, 6, 5}, {[](Knobs& k) { k.groups = 2; }, [](Knobs& k) { k.channels = 17; },
                            [](Knobs& k) {
                              k.shape = {1, 9, 3, 11};
                            }});
  all["conv2d/shape"].bent.push_back([](Case& c) { op_of<qop::Conv2d>(c).groups = 4; });
  all["depthwise_conv2d/shape"] = shapes(
      {2, 5, 6, 5}, {[](Knobs& k) { k.channel_multiplier = 1; }, [](Knobs& k) { k.channel_multiplier = 3; }});
  all["transpose_conv2d/shape"] = shapes({2, 5, 6, 5}, {[](Knobs& k) { k.channels = 9; }});
  all["fully_connected/shape"] = shapes({3, 6}, {[](Knobs& k) { k.shape = {1, 1, 10, 8}; }});
  all["batch_matmul/shape"] = {{[](Knobs& k) {
                                  k.shape = {3, 2, 1, 1};
                                },
                                [](Knobs& k) {
                                  k.shape = {3, 1, 1};
                                },
                                [](Knobs& k) {
                                  k.shape = {1, 1};
                                },
                                [](Knobs& k) { k.adj_x = true; }, [](Knobs& k) { k.adj_y = true; }},
                               {[](Knobs& k) {
                                 k.shape = {2, 2, 2, 1, 1};
                               }},
                               {}};
  all["batch_matmul/input2"] = {
      {[](Knobs& k) { k.zero_points = false; }}, {}, {[](Case& c) { c.hardware.pe_array.weight_bits = 8; }}};
  for (const char* op : {"add", "sub"}) {
    const std::string name = op;
    all[name + "/left_shift"] = {{[](Knobs& k) { k.left_shift = 0; }, [](Knobs& k) { k.left_shift = 22; }},
                                 {[](Knobs& k) { k.left_shift = 23; },
                                  [](Knobs& k) { k.left_shift = 16, k.input = k.output = DType::kInt16; }},
                                 {}};
    all[name + "/multiplier"] = {
        {[](Knobs& k) { k.rule = RequantRule::kSingle; }, [](Knobs& k) { k.left_shift = 18; }},
        {},
        {with_shift_31(&qop::Add::input1), with_shift_31(&qop::Add::input2),
         with_shift_31(&qop::Add::output)}};
  }
  all["mul/multiplier"] = {{[](Knobs& k) {
                             k.multiplier = {1 << 30, -5};
                           }},
                           {},
                           {with_shift_31(&qop::Mul::output)}};
  for (const char* op : {"add", "sub", "mul", "minimum", "maximum"}) {
    all[std::string(op) + "/shape"] = broadcasts();
  }
  for (const char* op : {"avg_pool2d", "max_pool2d"}) {
    const std::string name = op;
    all[name + "/kernel"] = kernels();
    all[name + "/stride"] = strides<qop::Pool2d>();
    all[name + "/padding"] = pool_paddings();
  }
  all["reduce/axes"] = {{[](Knobs& k) { k.axes = {-1}; }, [](Knobs& k) { k.axes = {2}; },
                         [](Knobs& k) {
                           k.axes = {1, 2, 3};
                         },
                         [](Knobs& k) {
                           k.axes = {0, 3};
                         }},
                        {[](Knobs& k) {
                           k.axes = {1}, k.shape = {2, 3, 2, 2, 4}, k.axes = {1, 3};
                         },
                         [](Knobs& k) { k.axes = {4}; }},
                        {}};
  all["reduce/multiplier"] = {{[](Knobs& k) {
                                k.multiplier = {1 << 30, -3};
                              }},
                              {},
                              {with_shift_31(&qop::Reduce::multiplier)}};
  all["requantize/multiplier"] = {{[](Knobs& k) {
                                     k.multiplier_a_channel = false, k.multiplier = {1 << 30, 1};
                                   },
                                   [](Knobs& k) { k.rule = RequantRule::kSingle, k.multiplier.shift = 0; }},
                                  {},
                                  {[](Case& c) {
                                     op_of<qop::Requantize>(c).multiplier = {{1 << 30, -32}};
                                   },
                                   [](Case& c) {
                                     op_of<qop::Requantize>(c).multiplier.assign(3, {1 << 30, 0});
                                   }}};
  all["leaky_relu/multiplier"] = {
      {[](Knobs& k) { k.rule = RequantRule::kSingle; }},
      {},
      {with_shift_31(&qop::LeakyRelu::identity), with_shift_31(&qop::LeakyRelu::alpha)}};
  for (const char* op : {"tanh", "sigmoid"}) {
    const std::string name = op;
    all[name + "/rule"] = {
        {[](Knobs& k) { k.input = k.output = DType::kInt16; },
         [](Knobs& k) { k.input = k.output = DType::kInt16, k.tflite_curve = true, k.input_shift = 3; }},
        {},
        {[](Case& c) {
          c.node().operation = qop::ActivationS16{network::name(c.node().operation) == "sigmoid"};
        }}};
    all[name + "/input shift"] = {
        {[](Knobs& k) { k.input = k.output = DType::kInt16, k.input_shift = -3; },
         [](Knobs& k) { k.input = k.output = DType::kInt16, k.input_shift = 4; }},
        {[](Knobs& k) { k.input = k.output = DType::kInt16, k.input_shift = 32; },
         [](Knobs& k) { k.input = k.output = DType::kInt16, k.input_shift = -32; },
         [](Knobs& k) { k.input = k.output = DType::kInt16, k.tflite_curve = true, k.input_shift = -1; },
         [](Knobs& k) { k.input_shift = 7; }},
        {}};
  }
  all["table/table"] = {{[](Knobs& k) { k.input = k.output = DType::kInt16; }},
                        {[](Knobs& k) { k.table_entries = 255; }},
                        {[](Case& c) { c.graph.tensors[1].constant.reset(); }}};
  all["table/table"].beyond.push_back([](Knobs& k) { k.input = DType::kInt16, k.table_entries = 256; });
  all["pad/value"] = {{[](Knobs& k) { k.pad_value = -128; }, [](Knobs& k) { k.pad_value = 127; }},
                      {[](Knobs& k) { k.pad_value = 128; }},
                      {}};
  all["pad/before and after"] = {{[](Knobs& k) {
                                   k.pad = {0, 0, 0, 3};
                                 }},
                                 {},
                                 {[](Case& c) { op_of<qop::Pad>(c).before[0] = -1; },
                                  [](Case& c) { op_of<qop::Pad>(c).after[3] = -1; }}};
  all["slice/stride"] = {{[](Knobs& k) {
                            k.slice_stride = {1, -2, -1, 1};
                          },
                          [](Knobs& k) {
                            k.slice_stride = {1, 1, 3, -1};
                          }},
                         {[](Knobs& k) {
                           k.slice_stride = {1, 0, 1, 1};
                         }},
                         {}};
  all["concat/axis"] = {
      {[](Knobs& k) { k.axis = 0; }, [](Knobs& k) { k.axis = 2; }, [](Knobs& k) { k.axis = -3; }},
      {[](Knobs& k) { k.axis = 4; }, [](Knobs& k) { k.axis = -5; }},
      {}};
  all["space_to_batch/block"] = blocks<qop::SpaceToBatch>();
  all["batch_to_space/block"] = blocks<qop::BatchToSpace>();
  all["space_to_batch/shape"] = all["batch_to_space/shape"] = three_dimensions();
  const Turn other_shape = [](Knobs& k) { k.shape = {1, 3, 7, 5}; };
  for (const char* op : {"pad", "transpose", "reshape", "concat", "slice", "requantize", "relu", "leaky_relu",
                         "tanh", "sigmoid", "table", "avg_pool2d", "max_pool2d", "reduce"}) {
    all[std::string(op) + "/shape"] = shapes({3, 5, 4}, {other_shape});
  }
  all["pad/shape"].bent.push_back([](Case& c) { op_of<qop::Pad>(c).before.pop_back(); });
  all["pad/shape"].bent.push_back([](Case& c) { op_of<qop::Pad>(c).after[1] += 1; });
  all["transpose/shape"].bent.push_back([](Case& c) { op_of<qop::Transpose>(c).perm[0] = 7; });
  all["slice/shape"].bent.push_back([](Case& c) { op_of<qop::Slice>(c).begin[0] = 9; });
  all["slice/shape"].bent.push_back([](Case& c) { op_of<qop::Slice>(c).stride[1] = 4; });
  all["concat/shape"].bent.push_back([](Case& c) { c.graph.tensors[1].shape[1] += 1; });
  for (const Limit& limit : sim::compiler::limits()) {
    if (limit.attribute == "element width")
      all[std::string(limit.operation) + "/element width"] = element_width();
  }
  return all;
}

const std::map<std::string, Sides>& sides() {
  static const std::map<std::string, Sides> kSides = make_sides();
  return kSides;
}

Sides sides_of(const Limit& limit) {
  const auto found = sides().find(std::string(limit.operation) + "/" + std::string(limit.attribute));
  if (found != sides().end()) return found->second;
  ADD_FAILURE() << "no case for " << limit.operation << ", " << limit.attribute;
  return {};
}

TEST(Limits, RunUpToTheirEdges) {
  std::uint64_t seed = 1000;
  for (const Limit& limit : sim::compiler::limits()) {
    const Sides s = sides_of(limit);
    if (limit.attribute == "element width") continue;  // support_types_test.cpp runs every type
    EXPECT_FALSE(s.within.empty()) << limit.operation << ", " << limit.attribute;
    for (std::size_t i = 0; i < s.within.size(); ++i) {
      SCOPED_TRACE(std::string(limit.operation) + ", " + std::string(limit.attribute) + " " +
                   std::to_string(i));
      Knobs knobs;
      s.within[i](knobs);
      expect_cycle_equals_golden(make_case(limit.operation, knobs, ++seed));
    }
  }
  EXPECT_GT(seed, 1100U);
}

void expect_refusal(const Limit& limit, const Case& c) {
  EXPECT_THAT(refusal_of(c), testing::MatchesRegex(std::string(limit.operation) +
                                                   " 'node': " + std::string(limit.attribute) +
                                                   " is .+; the accelerator runs .+"));
  EXPECT_THAT(refusal_of(c), testing::EndsWith(std::string(limit.allowed)));
}

TEST(Limits, RefuseWhatIsBeyondByName) {
  for (const Limit& limit : sim::compiler::limits()) {
    const Sides s = sides_of(limit);
    EXPECT_FALSE(s.beyond.empty() && s.bent.empty()) << limit.operation << ", " << limit.attribute;
    for (std::size_t i = 0; i < s.beyond.size() + s.bent.size(); ++i) {
      SCOPED_TRACE(std::string(limit.operation) + ", " + std::string(limit.attribute) + " " +
                   std::to_string(i));
      Knobs knobs;
      if (i < s.beyond.size()) s.beyond[i](knobs);
      Case c = make_case(limit.operation, knobs, 1);
      if (i >= s.beyond.size()) s.bent[i - s.beyond.size()](c);
      expect_refusal(limit, c);
    }
  }
}

/// No case lies idle, for a limit that is gone or was renamed.
TEST(Limits, HaveEveryCase) {
  std::set<std::string> known;
  for (const Limit& limit : sim::compiler::limits()) {
    known.insert(std::string(limit.operation) + "/" + std::string(limit.attribute));
  }
  for (const auto& [key, unused] : sides()) EXPECT_TRUE(known.contains(key)) << key;
}

}  // namespace
}  // namespace dlasim::test
