/// A quantised PyTorch model gives PyTorch's integers in every layer, on golden and on the accelerator. The
/// models under torch/ were written by scripts/torch_export.py, so that this is proven without PyTorch; where
/// it is installed, more of them are made afresh.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/npy.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

class TorchModel : public CommandTest {
 protected:
  /// Values of all outputs that differ from PyTorch's; -1 if there is nothing to compare.
  std::int64_t differences(const std::string& model, const std::string& engine,
                           const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{
        "run", model + "/config.yaml", "--engine", engine, "--no-fuse", "-o", path("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(run(arguments), kDone);
    std::int64_t different = 0;
    std::int64_t compared = 0;
    for (const auto& [name, array] : base::read_npz(model + "/expected.npz")) {
      const auto expected = array.to_integers();
      const auto actual = base::read_npy(path("out/" + name + ".npy")).to_integers();
      EXPECT_EQ(actual.size(), expected.size()) << name;
      if (actual.size() != expected.size()) return -1;
      compared += static_cast<std::int64_t>(expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) different += actual[i] != expected[i];
    }
    return compared == 0 ? -1 : different;
  }
};

class StoredTorchModel : public TorchModel, public ::testing::WithParamInterface<std::string> {
 protected:
  std::string model() const { return source("tests/unit/cli/torch/" + GetParam()); }
};

TEST_P(StoredTorchModel, GoldenGivesTorchsIntegers) {
  EXPECT_EQ(differences(model(), "golden"), 0);
}
TEST_P(StoredTorchModel, AcceleratorGivesTorchsIntegers) {
  EXPECT_EQ(differences(model(), "cycle"), 0);
}
TEST_P(StoredTorchModel, AnotherRoundingDoesNot) {
  EXPECT_GT(differences(model(), "golden", {"--set", "numerics.rounding=double"}), 0);
}
INSTANTIATE_TEST_SUITE_P(Kinds, StoredTorchModel, ::testing::Values("cnn", "cnn_qat_tensor", "wavenet"));

class FreshTorchModel : public TorchModel {
 protected:
  void SetUp() override {
    TorchModel::SetUp();
    if (std::system("/usr/bin/python3 -c 'import torch, numpy' > /dev/null 2>&1") != 0) {
      GTEST_SKIP() << "python3-torch is not installed";
    }
  }
  static std::string demo(const std::string& kind) {
    return "'" + source("scripts/torch_demo.py") + ":" + kind + "'";
  }
  /// Runs the script; what it says goes to `log`.
  int exported(const std::string& arguments) const {
    const std::string command = "/usr/bin/python3 -W ignore '" + source("scripts/torch_export.py") + "' " +
                                arguments + " '" + path("net") + "' > '" + path("log") + "' 2>&1";
    return std::system(command.c_str());
  }
  std::string log() const {
    std::ifstream file(path("log"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(FreshTorchModel, EveryKindGivesTorchsIntegers) {
  for (const std::string kind : {"cnn_tensor", "cnn_qat", "wavenet_tensor", "wavenet_qat", "layers"}) {
    ASSERT_EQ(exported(demo(kind) + " --every-layer"), 0) << log();
    EXPECT_EQ(differences(path("net"), "golden"), 0) << kind;
  }
  EXPECT_EQ(differences(path("net"), "cycle"), 0);  // the last one has every kind of layer
}

TEST_F(FreshTorchModel, FloatModelsAreQuantisedHere) {
  for (const std::string kind : {"float_cnn", "float_wavenet"}) {
    ASSERT_EQ(exported(demo(kind)), 0) << log();
    ASSERT_EQ(run({"quantize", path("net/config.yaml"), "-o", path("q")}), kDone);
    EXPECT_GT(read_json(path("q/methods.json"))["candidates"][0]["worst_sqnr_db"], 20.0) << kind;
  }
}

TEST_F(FreshTorchModel, RefusesByName) {
  write("model.py",
        "import torch\n"
        "def make():\n"
        "    return torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.GELU()).eval(), torch.ones(1, 1, "
        "2, 2)\n");
  EXPECT_NE(exported("'" + path("model.py") + ":make'"), 0);
  EXPECT_THAT(log(), ::testing::HasSubstr("GELU is not exported"));
}

}  // namespace
}  // namespace dlasim::cli::test
