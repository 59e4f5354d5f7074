// `dlasim diverge`: a fault anywhere is found, named with its stage, and shown in waves of both sides.

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "command.h"
#include "sim/cosim/rtl_toolchain.h"

namespace dlasim::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Diverge : public test::CommandTest {
 protected:
  struct Result {
    int code;
    std::string out, errors;
  };
  Result run_verb(std::vector<std::string> more) const {
    std::vector<std::string> arguments{
        more.front(), test::source("configs/wavenet_tiny.yaml"), "--samples", "40", "--out", path("out")};
    arguments.insert(arguments.end(), more.begin() + 1, more.end());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(arguments);
    std::fflush(stdout);
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }
};

TEST_F(Diverge, AgreesWhereNothingIsWrong) {
  const Result r = run_verb({"diverge"});
  EXPECT_EQ(r.code, kDone) << r.errors;
  EXPECT_THAT(r.out,
              ContainsRegex("no divergence: golden and the models agree, [1-9][0-9]* values in [1-9]"));
}

struct Located {
  const char *fault, *block, *stage;
};
void PrintTo(const Located& l, std::ostream* out) {
  *out << l.fault;
}
class DivergeFault : public Diverge, public testing::WithParamInterface<Located> {};

TEST_P(DivergeFault, IsLocated) {
  const Result r = run_verb({"diverge", "--fault", GetParam().fault});
  EXPECT_EQ(r.code, kMismatch) << r.errors;
  EXPECT_THAT(r.out, HasSubstr(std::string("block     ") + GetParam().block + "\n"));
  EXPECT_THAT(r.out, ContainsRegex(std::string("stage     ") + GetParam().stage));
  EXPECT_THAT(r.out, ContainsRegex("cycle     [1-9][0-9]*\n"));
  EXPECT_THAT(r.out, ContainsRegex("element   \\(0, 0, [0-9]+, [0-9]+\\)\n"));
  EXPECT_THAT(r.out, HasSubstr("command   run_tile"));
}

INSTANTIATE_TEST_SUITE_P(
    Stages, DivergeFault,
    testing::Values(
        Located{"pe_array.weight_0[6]@1000", "pe_array", "product of tap 0 and ic lane 0, oc lane 0"},
        Located{"activation_buffer.x_o_1[4]@1000:stuck1", "activation_buffer",
                "activation of tap [0-9]+, ic lane 1"},
        Located{"address_generator.word_o[1]@900:stuck1", "address_generator", "request of tap"},
        Located{"pe_array.narrow_o_9[12]@1000:stuck1", "pe_array", "accumulator of ic lane 1, oc lane 1"},
        Located{"adder_tree.sum_o_3[9]@1000:stuck0", "adder_tree", "adder tree of oc lane 3"},
        Located{"partial_sum_buffer.sum_o_2[14]@1000:stuck1", "partial_sum_buffer",
                "partial sum of oc lane 2"},
        Located{"post_processor.value_o_1[3]@1000:stuck1", "post_processor", "post-processor, oc lane 1"},
        Located{"post_processor.mantissa_0[29]@800", "post_processor", "post-processor, oc lane 0"}));

TEST_F(Diverge, WavesHaveBothSidesAndOpenOnTheCycle) {
  const Result r = run_verb({"diverge", "--fault", "adder_tree.sum_o_3[9]@1000:stuck0"});
  ASSERT_EQ(r.code, kMismatch) << r.errors;
  const std::string dump = base::read_text_file(path("out_divergence/divergence.vcd"));
  EXPECT_THAT(dump, HasSubstr("$scope module model $end\n$scope module adder_tree $end"));
  EXPECT_THAT(dump, HasSubstr("$scope module faulty $end"));
  const std::string layout = base::read_text_file(path("out_divergence/divergence.gtkw"));
  EXPECT_THAT(layout, HasSubstr("[dumpfile] \"divergence.vcd\""));
  const std::size_t model = layout.find("dla.model.adder_tree.sum_3"),
                    other = layout.find("dla.faulty.adder_tree.sum_3");
  ASSERT_NE(model, std::string::npos);
  ASSERT_NE(other, std::string::npos);
  EXPECT_LT(model, other);
  EXPECT_LT(other, layout.find("dla.model.pe_array")) << "the differing pair is not the first";
}

TEST_F(Diverge, FollowsAMismatchOfRun) {
  const Result r = run_verb({"run", "--fault", "adder_tree.sum_o_0[28]@1000:stuck1"});
  EXPECT_EQ(r.code, kMismatch) << r.errors;
  EXPECT_THAT(r.out, HasSubstr("stage     adder tree of oc lane 0"));
  EXPECT_TRUE(std::filesystem::exists(path("out_divergence/divergence.gtkw")));
}

TEST_F(Diverge, RtlIsHeldAgainstTheModels) {
  if (!sim::cosim::is_available()) GTEST_SKIP() << "co-simulation is off";
  const Result good = run_verb({"diverge", "--rtl", "core"});
  EXPECT_EQ(good.code, kDone) << good.errors;
  EXPECT_THAT(good.out, ContainsRegex("the models and the RTL agree, [1-9][0-9]* values"));
  const Result block =
      run_verb({"diverge", "--rtl", "blocks", "--fault", "partial_sum_buffer.sum_o[5]@700:stuck1"});
  EXPECT_EQ(block.code, kMismatch) << block.errors;
  EXPECT_THAT(block.out, HasSubstr("block     partial_sum_buffer\n"));
  EXPECT_THAT(block.out, HasSubstr("stage     partial sum of oc lane 0"));
  const Result core = run_verb({"diverge", "--rtl", "core", "--fault", "core.tiles_done_o[0]@1500"});
  EXPECT_EQ(core.code, kMismatch) << core.errors;
  EXPECT_THAT(core.out, HasSubstr("cycle     1500\n"));
  EXPECT_THAT(core.out, HasSubstr("signal    tiles_done_o\n"));
}

TEST_F(Diverge, RefusesFaultsThatThereAreNot) {
  const Result r = run_verb({"diverge", "--fault", "adder_tree.sum_o_99[0]@1"});
  EXPECT_EQ(r.code, kBadInput);
  EXPECT_THAT(r.errors, HasSubstr("adder_tree has no signal 'sum_o_99'"));
  EXPECT_EQ(run_verb({"diverge", "--fault", "nonsense"}).code, kBadInput);
}

TEST_F(Diverge, StudyOfFaultsSaysWhatEachDid) {
  const Result r = run_verb({"study", "--faults", "30", "--seed", "3", "--json"});
  ASSERT_EQ(r.code, kDone) << r.errors;
  const auto study = nlohmann::json::parse(r.out);
  ASSERT_EQ(study["faults"].size(), 30U);
  std::map<std::string, int> effects;
  for (const auto& fault : study["faults"]) {
    ++effects[fault["effect"].get<std::string>()];
    EXPECT_EQ(fault["effect"] == "changed", fault["differing"] > 0);
  }
  EXPECT_GT(effects["masked"], 0);
  EXPECT_GT(effects["changed"], 0);
  EXPECT_EQ(r.out, run_verb({"study", "--faults", "30", "--seed", "3", "--json"}).out)
      << "not the same by its seed";
  EXPECT_THAT(run_verb({"study", "--faults", "5"}).out,
              ContainsRegex("block +faults +masked +changed +fatal"));
}

}  // namespace
}  // namespace dlasim::cli
