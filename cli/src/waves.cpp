#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/program.h"
#include "cli/main.h"
#include "report/wave_svg.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

struct WavesOptions {
  std::filesystem::path file;
  report::CycleRange range;
  std::vector<std::string> signals;
  std::vector<std::string> marks;
  std::string title;
  std::optional<std::filesystem::path> svg;
};

/// CYCLE=TEXT
report::WaveMark parse_mark(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string cycle = text.substr(0, equals);
  report::WaveMark mark;
  if (equals == std::string::npos || !CLI::detail::lexical_cast(cycle, mark.cycle)) {
    throw base::InputError(fmt::format("--mark: '{}' is not CYCLE=TEXT", text));
  }
  mark.text = text.substr(equals + 1);
  return mark;
}

int draw(const WavesOptions& options) {
  if (options.file.extension() == ".fst") {
    throw base::InputError(
        fmt::format("{}: pictures are drawn from VCD: 'fst2vcd {}' converts it (package gtkwave)",
                    options.file.string(), options.file.string()));
  }
  const report::VcdReader reader(options.file);
  const report::WaveScene scene =
      options.signals.empty() ? report::read_wave_scene(reader, options.range, report::default_wave_globs())
                              : report::read_wave_scene(reader, options.range, options.signals);
  report::WaveCaption caption;
  const std::uint64_t last = scene.from + scene.cycles - 1;
  caption.title = options.title.empty()
                      ? fmt::format("{}, cycles {} to {}", options.file.filename().string(), scene.from, last)
                      : options.title;
  for (const std::string& mark : options.marks) caption.marks.push_back(parse_mark(mark));
  base::write_file_atomically(*options.svg, report::wave_svg(scene, caption));
  fmt::print("cycles {} to {} of {} signals in {}\n", scene.from, last, scene.rows.size(),
             options.svg->string());
  return kDone;
}

int open_in_gtkwave(const WavesOptions& options) {
  if (options.range.from || options.range.to || !options.signals.empty() || !options.marks.empty()) {
    throw base::InputError(
        "--from, --to, --signals and --mark choose what --svg draws: --svg FILE is missing");
  }
  // Says what is wrong with it before a window opens; FST is GTKWave's own.
  if (options.file.extension() != ".fst") const report::VcdReader reader(options.file);
  const auto gtkwave = base::find_program("gtkwave");
  if (!gtkwave) {
    throw base::InputError(
        "gtkwave is not installed: 'apt-get install gtkwave', or draw a picture with --svg FILE");
  }
  std::vector<std::string> words{gtkwave->string(), options.file.string()};
  const auto layout = std::filesystem::path(options.file).replace_extension(".gtkw");
  if (std::filesystem::is_regular_file(layout)) words.push_back(layout.string());
  if (!base::run_program(words))
    throw base::InputError("gtkwave ended with an error; its own message says why");
  return kDone;
}

}  // namespace

void add_waves(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<WavesOptions>();
  CLI::App* verb = app.add_subcommand("waves", "Open a dump of run --vcd in GTKWave, or draw a part of it");
  verb->add_option("file", options->file, "The dump (.vcd)")->required();
  verb->add_option("--svg", options->svg, "Draw a picture instead of opening GTKWave");
  verb->add_option("--from", options->range.from, "First cycle of the picture (default: the first recorded)");
  verb->add_option("--to", options->range.to, "Last cycle (default: 48 cycles)");
  verb->add_option("--signals", options->signals,
                   "Which: GLOB,... over block.name, as 'pe_array.*_o' (default: hand-shakes and main data)")
      ->delimiter(',');
  verb->add_option("--title", options->title, "Words above the picture");
  verb->add_option("--mark", options->marks, "CYCLE=TEXT: a line at the beginning of a cycle");
  verb->callback([options, &chosen] {
    chosen = [options] { return options->svg ? draw(*options) : open_in_gtkwave(*options); };
  });
}

}  // namespace dlasim::cli
