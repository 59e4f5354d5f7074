/// A quantised PyTorch model gives PyTorch's integers in every layer with weights, on golden and on the
/// accelerator.

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/npy.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

class TorchExport : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    const std::string python = "/usr/bin/python3";
    if (std::system((python + " -c 'import torch, numpy' > /dev/null 2>&1").c_str()) != 0) {
      GTEST_SKIP() << "python3-torch is not installed";
    }
    const std::string command =
        python + " '" + source("scripts/torch_export.py") + "' --demo '" + path("net") + "' > /dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  void expect_torch_integers(const std::string& engine) const {
    ASSERT_EQ(run({"run", path("net/config.yaml"), "--engine", engine, "--no-fuse", "-o", path(engine)}),
              kDone);
    for (const std::string index : {"", "1", "2", "3"}) {
      const auto expected = base::read_npy(path("net/expected" + index + ".npy"));
      EXPECT_GE(expected.size(), 10);
      EXPECT_EQ(base::read_npy(path(engine + "/output" + index + ".npy")), expected) << "output " << index;
    }
  }
};

TEST_F(TorchExport, GoldenGivesTorchsIntegers) {
  expect_torch_integers("golden");
}
TEST_F(TorchExport, AcceleratorGivesTorchsIntegers) {
  expect_torch_integers("cycle");
}

TEST_F(TorchExport, AnotherRoundingDoesNot) {
  ASSERT_EQ(run({"run", path("net/config.yaml"), "--set", "numerics.rounding=double", "-o", path("out")}),
            kDone);
  EXPECT_NE(base::read_npy(path("out/output1.npy")), base::read_npy(path("net/expected1.npy")));
}

}  // namespace
}  // namespace dlasim::cli::test
