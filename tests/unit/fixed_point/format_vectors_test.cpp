// One value at a time against the number_format vectors: codes, values and flags must be equal.
#include "format_vectors.h"

#include <gtest/gtest.h>

#include "fixed_point/mx.h"
#include "fixed_point/presets.h"
#include "fixed_point/truncation_unit.h"
#include "support/places.h"

namespace dlasim::fixed_point {
namespace {

using vectors::Json;

/// Runs `check` on each file of a kind, with the file's name in every message.
template <typename Check>
void for_each_file(const std::string& kind, const Check& check) {
  const auto files = vectors::files(kind);
  if (files.empty()) GTEST_SKIP() << "no vectors of kind " << kind << " below " << places::shared();
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    const Json file = vectors::load(path);
    check(file.at("number_format"), file.at("cases"));
    if (testing::Test::HasFailure()) return;
  }
}

void expect_converted(const Converted& got, const Json& code, const Json& value, const Json& flags,
                      const Json& context) {
  EXPECT_EQ(got.code, vectors::code(code)) << context;
  EXPECT_TRUE(identical(got.value, vectors::value(value))) << to_string(got.value) << context;
  EXPECT_EQ(got.flags, flags.get<int>()) << context;
}

TEST(FormatVectors, Decode) {
  for_each_file("decode", [](const Json& nf, const Json& cases) {
    const Format f = vectors::format(nf.at("format"));
    for (const Json& c : cases) {
      const Exact got = decode(vectors::code(c[0]), f);
      EXPECT_TRUE(identical(got, vectors::value(c[1]))) << c << to_string(got);
    }
  });
}

TEST(FormatVectors, Convert) {
  for_each_file("convert", [](const Json& nf, const Json& cases) {
    const Format f = vectors::format(nf.at("format"));
    for (const Json& c : cases) expect_converted(convert(vectors::value(c[0]), f), c[1], c[2], c[3], c);
  });
}

template <typename Operation>
void check_binary(const std::string& kind, const Operation& operation) {
  for_each_file(kind, [&](const Json& nf, const Json& cases) {
    const Format a = vectors::format(nf.at("a"));
    const Format b = vectors::format(nf.at("b"));
    const Format result = vectors::format(nf.at("result"));
    for (const Json& c : cases)
      expect_converted(operation(decode(vectors::code(c[0]), a), decode(vectors::code(c[1]), b), result),
                       c[2], c[3], c[4], c);
  });
}
TEST(FormatVectors, Multiply) {
  check_binary("multiply", [](const Exact& a, const Exact& b, const Format& f) { return multiply(a, b, f); });
}
TEST(FormatVectors, Add) {
  check_binary("add", [](const Exact& a, const Exact& b, const Format& f) { return add(a, b, f); });
}

TEST(FormatVectors, StochasticAndLfsr) {
  for_each_file("stochastic", [](const Json& nf, const Json& cases) {
    const bool is_lfsr_only = nf.at("test") == "lfsr";
    if (is_lfsr_only) {
      for (const Json& c : cases) {
        Lfsr lfsr(nf.at("bits"), static_cast<std::uint32_t>(vectors::code(c[0])));
        for (const Json& draw : c[1]) EXPECT_EQ(lfsr.draw(), vectors::code(draw)) << c;
      }
      return;
    }
    const Format f = vectors::format(nf.at("format"));
    Lfsr lfsr(f.lfsr.bits, static_cast<std::uint32_t>(vectors::code(nf.at("state"))));
    for (const Json& c : cases) {
      const std::uint32_t draw = lfsr.draw();
      EXPECT_EQ(draw, vectors::code(c[1])) << c;
      expect_converted(convert(vectors::value(c[0]), f, draw), c[2], c[3], c[4], c);
    }
  });
}

TEST(FormatVectors, MxConvert) {
  for_each_file("mx_convert", [](const Json& nf, const Json& cases) {
    Json element{{"kind", "mx"}, {"element", nf.at("element")}, {"rounding", nf.at("rounding")}};
    const Format f = vectors::format(element);
    for (const Json& c : cases) {
      std::vector<Exact> values;
      for (const Json& v : c.at("values")) values.push_back(vectors::value(v));
      std::vector<std::uint64_t> codes(values.size());
      const std::uint8_t scale = mx_convert(values, f, codes);
      EXPECT_EQ(scale, vectors::code(c.at("scale"))) << c;
      for (std::size_t i = 0; i < codes.size(); ++i) {
        EXPECT_EQ(codes[i], vectors::code(c.at("elements")[i])) << i << c;
        EXPECT_TRUE(identical(mx_decode(scale, codes[i], f), vectors::value(c.at("decoded")[i]))) << i << c;
      }
    }
  });
}

}  // namespace
}  // namespace dlasim::fixed_point
