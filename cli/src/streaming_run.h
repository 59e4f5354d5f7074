#pragma once
/// A network run hop by hop, as real-time use needs it.

#include "base/file.h"
#include "session.h"
#include "simulator.h"

namespace dlasim::cli {

struct StreamingOptions {
  Engine engine = Engine::kCycle;
  bool golden = true;  ///< compare with the whole sequence on golden
  bool fuse = true;
  bool json = false;
};

/// Runs the test clip on the accelerator `*session.hop` positions at a time and reports cycles a sample and
/// the real-time factor. Every hop starts with empty pipelines and a cold DRAM: what a hop costs does not
/// depend on the one before. Returns an exit code.
int run_streaming(const Session& session, const QuantizedNetwork& network, base::OutputDirectory& directory,
                  const StreamingOptions& options);

}  // namespace dlasim::cli
