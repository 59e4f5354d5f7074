#include "sim/compiler/compile.h"

#include <fmt/format.h>

#include <memory>
#include <span>

#include "base/file.h"
#include "base/text_table.h"
#include "cli/main.h"
#include "session.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

struct CompileOptions {
  SessionOptions session;
  bool fuse = true;
  bool dump = false;
};

int compile(const CompileOptions& options) {
  const Session session = open_session(options.session);
  const auto network = quantize_session(session);
  const auto program = sim::compiler::compile(network.integer, session.hardware, {.fuse = options.fuse});
  if (options.dump) {
    fmt::print("{}", program.dump(network.integer));
    return kDone;
  }
  base::OutputDirectory directory(session.output_directory);
  base::write_file_atomically(directory.path() / "memory.bin", std::span<const std::byte>(program.image));
  base::write_file_atomically(directory.path() / "program.txt", program.dump(network.integer));
  directory.commit();
  fmt::print("{} layers, memory image of {}: {}\n", program.layers.size(),
             base::format_bytes(program.image.size()), session.output_directory.string());
  return kDone;
}

}  // namespace

void add_compile(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CompileOptions>();
  CLI::App* verb = app.add_subcommand("compile", "Compile a network into commands and a memory image");
  add_session_options(*verb, options->session);
  verb->add_flag("!--no-fuse", options->fuse, "One pass a node");
  verb->add_flag("--dump", options->dump, "Print memory map and commands in words instead of writing files");
  verb->callback([options, &chosen] { chosen = [options] { return compile(*options); }; });
}

}  // namespace dlasim::cli
