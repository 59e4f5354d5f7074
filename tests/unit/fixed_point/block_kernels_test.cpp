// MX block mode on rows of doubles against the scalar units: values with the sign of zero, and events.
#include "fixed_point/block_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "fixed_point/presets.h"
#include "kernel_test.h"

namespace dlasim::fixed_point {
namespace {

constexpr int kLanes = kMxBlock;

Format one_of(std::mt19937_64& random, std::initializer_list<const char*> names) {
  return preset(names.begin()[uniform(random, names.size())]).value();
}

StagedFormats random_formats(std::mt19937_64& random) {
  const auto with_mode = [&random](Format f) {
    if (f.kind != Kind::kExact) f.rounding = static_cast<Rounding>(uniform(random, 5));
    return f;
  };
  StagedFormats f;
  f.product = with_mode(one_of(random, {"exact", "exact", "fp16", "fp8_e5m2", "fp32"}));
  f.tree.assign(uniform(random, 2) == 0 ? 1 : 5, Format{});
  for (Format& level : f.tree) level = with_mode(one_of(random, {"fp32", "fp16", "bf16", "fp8_e4m3"}));
  if (uniform(random, 3) == 0) f.tree.assign(1, with_mode(dfp(20, 6)));
  f.block = with_mode(uniform(random, 4) == 0 ? dfp(24, 10) : one_of(random, {"fp32", "fp16", "bf16"}));
  f.partial_sum = f.bias = preset("fp32").value();
  f.activation = exact_format();
  f.output = preset("bf16").value();
  return f;
}

/// One tap of a block on `length` oc lanes.
class Block {
 public:
  Block(const StagedFormats& formats, const OperandFormats& operands, std::mt19937_64& random)
      : formats_(formats), rows_(1 + uniform(random, kLanes)), length_(1 + uniform(random, 19)) {
    const std::size_t stride = length_ + 3 * uniform(random, 2);
    block_ = {rows_, length_, stride};
    x_codes_.resize(rows_);
    w_codes_.resize(rows_ * stride);
    for (auto* codes : {&x_codes_, &w_codes_})
      for (std::int32_t& code : *codes) code = static_cast<std::int32_t>(random());
    for (std::size_t i = 0; i < length_; ++i) {
      exponents_.push_back(static_cast<std::int32_t>(uniform(random, 509)) - 254);
      if (uniform(random, 12) == 0) exponents_.back() = kNanExponent;
    }
    const BlockKernels kernels(formats, operands, {}, kLanes);
    run(kernels);
    check(operands);
  }

 private:
  void run(const BlockKernels& kernels) {
    std::vector<double> x(rows_), w(w_codes_.size());
    kernels.decode_inputs(x_codes_.data(), x.data(), x.size());
    kernels.decode_weights(w_codes_.data(), w.data(), w.size());
    std::vector<double> nodes(w.size());
    kernels.multiply(x.data(), w.data(), nodes.data(), block_, events_);
    LaneBlock level_block = block_;
    for (int level = 0; level < kernels.tree_levels(); ++level) {
      kernels.add_level(level, nodes.data(), nodes.data(), level_block, events_);
      level_block.rows = (level_block.rows + 1) / 2;
    }
    out_.resize(length_);
    kernels.scale(nodes.data(), exponents_.data(), out_.data(), length_, events_);
  }

  void check(const OperandFormats& operands) const {
    PointEvents want{};
    for (std::size_t i = 0; i < length_; ++i) {
      std::vector<Exact> products;
      for (std::size_t r = 0; r < rows_; ++r) {
        const auto code = [](std::int32_t c) { return static_cast<std::uint32_t>(c); };
        const Converted p =
            multiply(decode(code(x_codes_[r]), operands.input),
                     decode(code(w_codes_[r * block_.stride + i]), operands.weight), formats_.product);
        want[static_cast<std::size_t>(Point::kProduct)].count(p.flags);
        products.push_back(p.value);
      }
      AdderTree tree(formats_.tree, kLanes);
      const Exact root = tree.sum(products, {}, nullptr);
      want[static_cast<std::size_t>(Point::kTree)] += tree.events();
      const Exact scaled = exponents_[i] == kNanExponent ? Exact::nan() : root.scaled(exponents_[i]);
      const Converted c = convert(scaled, formats_.block);
      want[static_cast<std::size_t>(Point::kBlock)].count(c.flags);
      ASSERT_TRUE(same_value(out_[i], c.value.to_double()))
          << "oc lane " << i << " got " << out_[i] << " want " << c.value.to_double();
    }
    for (std::size_t p = 0; p < want.size(); ++p) ASSERT_EQ(events_[p], want[p]) << "point " << p;
  }

  const StagedFormats& formats_;
  std::size_t rows_, length_;
  LaneBlock block_;
  std::vector<std::int32_t> x_codes_, w_codes_, exponents_;
  std::vector<double> out_;
  PointEvents events_{};
};

TEST(BlockKernels, EqualTheScalarUnitsInValuesAndEvents) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 1500; ++i) {
    const StagedFormats formats = random_formats(random);
    const auto element = [&random] {
      return one_of(random, {"fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1", "int8"});
    };
    const OperandFormats operands{element(), element(), preset("fp32").value()};
    ASSERT_TRUE(BlockKernels::supports(formats, operands)) << "layer " << i;
    ASSERT_NO_FATAL_FAILURE(Block(formats, operands, random)) << "layer " << i;
  }
}

TEST(BlockKernels, RefuseWhatHasNoCarrier) {
  std::mt19937_64 random(1);
  const Format e4m3 = preset("fp8_e4m3").value();
  const OperandFormats operands{e4m3, e4m3, preset("fp32").value()};
  const StagedFormats formats = random_formats(random);
  Format stochastic = preset("fp16").value();
  stochastic.rounding = Rounding::kStochastic;
  for (Format StagedFormats::*point :
       {&StagedFormats::product, &StagedFormats::block, &StagedFormats::output}) {
    StagedFormats f = formats;
    f.*point = stochastic;
    EXPECT_FALSE(BlockKernels::supports(f, operands));
  }
  StagedFormats f = formats;
  f.tree = {stochastic};
  EXPECT_FALSE(BlockKernels::supports(f, operands));
}

}  // namespace
}  // namespace dlasim::fixed_point
