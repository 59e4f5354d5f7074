// Whole output elements against the number_format vectors: results, values and every traced value must be
// equal.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <tuple>

#include "fixed_point/reduce.h"
#include "format_vectors.h"
#include "support/places.h"

namespace dlasim::fixed_point {
namespace {

using vectors::Json;

/// What units gave, by position.
class Recorder : public TraceSink {
 public:
  void value(const TracePosition& p, const Converted& c) override {
    seen_[{p.point, p.tile, p.tap, p.instance}] = c;
  }
  const Converted& at(Point point, int tile, int tap, int instance) const {
    return seen_.at({point, tile, tap, instance});
  }
  std::size_t size() const { return seen_.size(); }

 private:
  std::map<std::tuple<Point, int, int, int>, Converted> seen_;
};

/// Compares a trace of the vectors with what was recorded, and counts what it compared.
class TraceCheck {
 public:
  TraceCheck(const Recorder& seen, const StagedFormats& formats, const Json& points)
      : seen_(seen), formats_(formats), points_(points) {}

  void expect(const Json& expected, const Format& format, Point point, int tile = 0, int tap = 0,
              int instance = 0) {
    const Converted& got = seen_.at(point, tile, tap, instance);
    const bool equal = format.kind == Kind::kExact ? identical(got.value, vectors::value(expected))
                                                   : got.code == vectors::code(expected);
    EXPECT_TRUE(equal) << "point " << static_cast<int>(point) << " tile " << tile << " tap " << tap
                       << " instance " << instance << " expected " << expected << " got code " << got.code
                       << " value " << to_string(got.value);
    ++compared_;
  }
  void expect_tree(const Json& levels, int tile, int tap) {
    int node = 0;
    for (std::size_t level = 0; level < levels.size(); ++level)
      for (const Json& expected : levels[level])
        expect(expected, formats_.tree.size() == 1 ? formats_.tree[0] : formats_.tree[level], Point::kTree,
               tile, tap, node++);
  }
  void expect_end(const Json& trace) {
    if (points_.contains("bias") && trace.contains("bias") && !trace.at("bias").is_null())
      expect(trace.at("bias"), formats_.bias, Point::kBias);
    expect(trace.at("activation"), formats_.activation, Point::kActivation);
    expect(trace.at("output"), formats_.output, Point::kOutput);
  }
  std::size_t compared() const { return compared_; }

 private:
  const Recorder& seen_;
  const StagedFormats& formats_;
  const Json& points_;
  std::size_t compared_ = 0;
};

void check_dot_trace(const Json& trace, TraceCheck& check, const StagedFormats& formats) {
  for (std::size_t tile = 0; tile < trace.at("tiles").size(); ++tile) {
    const Json& t = trace.at("tiles")[tile];
    const int n = static_cast<int>(tile);
    for (std::size_t lane = 0; lane < t.at("products").size(); ++lane) {
      for (std::size_t tap = 0; tap < t.at("products")[lane].size(); ++tap) {
        const int l = static_cast<int>(lane);
        const int k = static_cast<int>(tap);
        check.expect(t.at("products")[lane][tap], formats.product, Point::kProduct, n, k, l);
        check.expect(t.at("accumulators")[lane][tap], formats.accumulator, Point::kAccumulator, n, k, l);
      }
    }
    check.expect_tree(t.at("tree"), n, 0);
    check.expect(t.at("partial_sum"), formats.partial_sum, Point::kPartialSum, n);
  }
  check.expect_end(trace);
}

std::optional<std::uint64_t> optional_code(const Json& j) {
  if (j.is_null()) return std::nullopt;
  return vectors::code(j);
}

OperandFormats operand_formats(const Json& operands) {
  OperandFormats f{vectors::format(operands.at("input")), vectors::format(operands.at("weight")), {}};
  if (operands.contains("bias") && !operands.at("bias").is_null())
    f.bias = vectors::format(operands.at("bias"));
  return f;
}

TEST(ReduceVectors, Dot) {
  const auto files = vectors::files("dot");
  if (files.empty()) GTEST_SKIP() << "no vectors below " << places::shared();
  std::size_t elements = 0, traced = 0;
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    const Json file = vectors::load(path);
    const Json& nf = file.at("number_format");
    const StagedFormats formats = vectors::staged_formats(nf.at("points"));
    ElementReducer reducer(formats, operand_formats(nf.at("operands")),
                           vectors::activation(nf.at("activation")), nf.at("lanes"));
    for (const Json& c : file.at("cases")) {
      std::vector<std::optional<std::uint64_t>> x;
      std::vector<std::uint64_t> w;
      for (const Json& channel : c.at("x"))
        for (const Json& tap : channel) x.push_back(optional_code(tap));
      for (const Json& channel : c.at("w"))
        for (const Json& tap : channel) w.push_back(vectors::code(tap));
      ElementOperands operands;
      operands.channels = static_cast<int>(c.at("x").size());
      operands.taps = static_cast<int>(c.at("x")[0].size());
      operands.x = x;
      operands.w = w;
      operands.bias = optional_code(c.at("bias"));
      operands.element = c.at("element");
      Recorder recorder;
      const Converted got = reducer.reduce(operands, &recorder);
      EXPECT_EQ(got.code, vectors::code(c.at("output")));
      EXPECT_TRUE(identical(got.value, vectors::value(c.at("value")))) << to_string(got.value);
      ++elements;
      if (!c.contains("trace")) continue;
      TraceCheck check(recorder, formats, nf.at("points"));
      check_dot_trace(c.at("trace"), check, formats);
      EXPECT_EQ(check.compared(), recorder.size()) << "the trace must cover every unit";
      traced += check.compared();
    }
    if (HasFailure()) return;
  }
  RecordProperty("elements", static_cast<int>(elements));
  EXPECT_GT(traced, 0U);
}

/// The storage behind MxBlock's views.
class MxBlocks {
 public:
  explicit MxBlocks(const Json& blocks) {
    for (const Json& block : blocks)
      for (const Json& tap : block) push(tap);
  }
  std::vector<std::optional<MxBlock>> optional_blocks() const {
    std::vector<std::optional<MxBlock>> result;
    for (const auto& stored : blocks_) {
      if (stored) {
        result.emplace_back(MxBlock{stored->first, stored->second});
      } else {
        result.emplace_back(std::nullopt);
      }
    }
    return result;
  }

 private:
  void push(const Json& tap) {
    if (tap.is_null()) {
      blocks_.emplace_back(std::nullopt);
      return;
    }
    std::vector<std::uint64_t> codes;
    for (const Json& code : tap[1]) codes.push_back(vectors::code(code));
    blocks_.emplace_back(std::pair(static_cast<std::uint8_t>(vectors::code(tap[0])), codes));
  }
  std::vector<std::optional<std::pair<std::uint8_t, std::vector<std::uint64_t>>>> blocks_;
};

TEST(ReduceVectors, MxDot) {
  const auto files = vectors::files("mx_dot");
  if (files.empty()) GTEST_SKIP() << "no vectors below " << places::shared();
  std::size_t traced = 0;
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    const Json file = vectors::load(path);
    const Json& nf = file.at("number_format");
    const StagedFormats formats = vectors::staged_formats(nf.at("points"));
    ElementReducer reducer(formats, operand_formats(nf.at("operands")),
                           vectors::activation(nf.at("activation")), kMxBlock);
    for (const Json& c : file.at("cases")) {
      const MxBlocks xs(c.at("x"));
      const MxBlocks ws(c.at("w"));
      const auto x = xs.optional_blocks();
      std::vector<MxBlock> w;
      for (const auto& block : ws.optional_blocks()) w.push_back(block.value());
      BlockOperands operands;
      operands.blocks = static_cast<int>(c.at("x").size());
      operands.taps = static_cast<int>(c.at("x")[0].size());
      operands.x = x;
      operands.w = w;
      operands.bias = optional_code(c.at("bias"));
      operands.element = c.at("element");
      Recorder recorder;
      const Converted got = reducer.reduce_blocks(operands, &recorder);
      EXPECT_EQ(got.code, vectors::code(c.at("output")));
      EXPECT_TRUE(identical(got.value, vectors::value(c.at("value")))) << to_string(got.value);
      if (!c.contains("trace")) continue;
      TraceCheck check(recorder, formats, nf.at("points"));
      int index = 0;
      for (const Json& block : c.at("trace").at("blocks")) {
        const int n = index / operands.taps;
        const int tap = index++ % operands.taps;
        for (std::size_t i = 0; i < block.at("products").size(); ++i)
          check.expect(block.at("products")[i], formats.product, Point::kProduct, n, tap,
                       static_cast<int>(i));
        check.expect_tree(block.at("tree"), n, tap);
        check.expect(block.at("block"), formats.block, Point::kBlock, n, tap);
        check.expect(block.at("partial_sum"), formats.partial_sum, Point::kPartialSum, n, tap);
      }
      check.expect_end(c.at("trace"));
      EXPECT_EQ(check.compared(), recorder.size()) << "the trace must cover every unit";
      traced += check.compared();
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(traced, 0U);
}

TEST(ReduceVectors, Conv2d) {
  const auto files = vectors::files("conv2d");
  if (files.empty()) GTEST_SKIP() << "no vectors below " << places::shared();
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    const Json file = vectors::load(path);
    const Json& nf = file.at("number_format");
    const Json& a = file.at("attributes");
    const Json& tensors = file.at("tensors");
    ElementReducer reducer(vectors::staged_formats(nf.at("points")), operand_formats(nf.at("operands")),
                           vectors::activation(nf.at("activation")), nf.at("lanes"));
    const auto shape = [&](const char* name) { return tensors.at(name).at("shape").get<std::vector<int>>(); };
    const auto data = [&](const char* name) {
      return tensors.at(name).at("data").get<std::vector<std::uint64_t>>();
    };
    const auto xs = shape("input"), ws = shape("weight"), ys = shape("output");
    const auto x = data("input"), w = data("weight"), y = data("output");
    const int groups = a.at("groups");
    ElementOperands operands;
    operands.channels = ws[3];
    operands.taps = ws[1] * ws[2];
    for (std::size_t e = 0; e < y.size(); ++e) {
      const int index = static_cast<int>(e);
      const int o = index % ys[3], ox = index / ys[3] % ys[2], oy = index / ys[3] / ys[2] % ys[1];
      const int n = index / ys[3] / ys[2] / ys[1];
      const int first_channel = o / (ys[3] / groups) * ws[3];
      std::vector<std::optional<std::uint64_t>> element_x;
      std::vector<std::uint64_t> element_w;
      for (int i = 0; i < ws[3]; ++i) {
        for (int ky = 0; ky < ws[1]; ++ky) {
          for (int kx = 0; kx < ws[2]; ++kx) {
            const int iy = oy * a.at("stride")[0].get<int>() - a.at("padding").at("top").get<int>() +
                           ky * a.at("dilation")[0].get<int>();
            const int ix = ox * a.at("stride")[1].get<int>() - a.at("padding").at("left").get<int>() +
                           kx * a.at("dilation")[1].get<int>();
            const bool is_inside = iy >= 0 && iy < xs[1] && ix >= 0 && ix < xs[2];
            const int x_index = ((n * xs[1] + iy) * xs[2] + ix) * xs[3] + first_channel + i;
            element_x.push_back(is_inside ? std::optional(x[static_cast<std::size_t>(x_index)])
                                          : std::nullopt);
            element_w.push_back(w[static_cast<std::size_t>(((o * ws[1] + ky) * ws[2] + kx) * ws[3] + i)]);
          }
        }
      }
      operands.x = element_x;
      operands.w = element_w;
      operands.bias = std::nullopt;
      if (tensors.contains("bias"))
        operands.bias = vectors::code(tensors.at("bias").at("data")[static_cast<std::size_t>(o)]);
      operands.element = static_cast<std::uint32_t>(e);
      EXPECT_EQ(reducer.reduce(operands).code, y[e]) << "element " << e;
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace dlasim::fixed_point
