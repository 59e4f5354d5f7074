#include "sim/cosim/rtl_toolchain.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/program.h"
#include "base/thread_pool.h"
#include "sim/arch/rtl_package.h"
#include "verilated_wrapper.h"

namespace dlasim::sim::cosim {
namespace fs = std::filesystem;
namespace {

// -O1: the code is large, and compiling it is most of what a short run waits for.
const std::vector<std::string> kCompilerFlags{"-std=c++20",          "-O1", "-fPIC",
                                              "-fvisibility=hidden", "-w",  "-pipe"};
const std::vector<std::string> kVerilatorFlags{"--cc",        "-O3", "--x-assign", "fast",
                                               "--x-initial", "0",   "-Wno-fatal"};

/// FNV-1a of all that goes into a library; each part with its length, so that parts cannot run together.
class Key {
 public:
  Key& add(std::string_view text) {
    mix(std::to_string(text.size()) + ":");
    mix(text);
    return *this;
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  void mix(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

/// The two programs as they are found.
struct Tools {
  fs::path verilator, compiler;
  std::string verilator_version, compiler_version;
  fs::path runtime;  ///< folder of verilated.cpp
};

Tools find_tools(const RtlToolchain& toolchain) {
  const auto verilator = base::find_program(toolchain.verilator);
  if (!verilator)
    throw base::UnsupportedError(
        fmt::format("co-simulation is off: '{}' is not in PATH; install it: apt-get install verilator",
                    toolchain.verilator));
  const auto compiler = base::find_program(toolchain.compiler);
  if (!compiler)
    throw base::UnsupportedError(
        fmt::format("co-simulation is off: the C++ compiler '{}' is not in PATH; install it: apt-get install "
                    "g++, or set CXX",
                    toolchain.compiler));
  static std::mutex mutex;
  static std::map<std::pair<fs::path, fs::path>, Tools> known;  // asking for the versions takes time
  const std::lock_guard lock(mutex);
  Tools& tools = known[{*verilator, *compiler}];
  if (tools.runtime.empty()) {
    tools = {*verilator, *compiler, base::first_line_of({verilator->string(), "--version"}),
             base::first_line_of({compiler->string(), "--version"}),
             fs::path(base::first_line_of({verilator->string(), "--getenv", "VERILATOR_ROOT"})) / "include"};
  }
  return tools;
}

/// The words of a SystemVerilog text.
std::set<std::string, std::less<>> words_of(const std::string& text) {
  std::set<std::string, std::less<>> words;
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t start = at;
    while (at < text.size() && in_word(text[at])) ++at;
    if (at > start) words.insert(text.substr(start, at - start));
  }
  return words;
}

/// What the unit is made of: the waivers, and the files of the modules that it names, those that these name,
/// and so on. A module's file has its name. So a change elsewhere leaves the library in the cache good.
std::map<fs::path, std::string> source_files(const RtlUnit& unit, const RtlToolchain& toolchain) {
  std::error_code error;
  std::map<std::string, fs::path> modules;
  for (const auto& entry : fs::directory_iterator(toolchain.sources, error)) {
    if (entry.path().extension() == ".sv") modules.emplace(entry.path().stem(), fs::absolute(entry.path()));
  }
  if (modules.empty())
    throw base::InputError(fmt::format(
        "{}: there are no SystemVerilog files here; --rtl-sources or DLASIM_RTL names the folder of the RTL",
        toolchain.sources.string()));
  std::map<fs::path, std::string> files;
  std::vector<std::string> texts{unit.top, unit.extra_source};
  while (!texts.empty()) {
    const auto words = words_of(texts.back());
    texts.pop_back();
    for (const auto& [module, file] : modules) {
      if (files.contains(file) || !words.contains(module)) continue;
      texts.push_back(files[file] = base::read_text_file(file));
    }
  }
  const fs::path waivers = fs::absolute(toolchain.sources / "lint" / "waivers.vlt");
  if (fs::exists(waivers, error)) files[waivers] = base::read_text_file(waivers);
  return files;
}

/// A line on a terminal while something is built; it goes when that is done.
class Notice {
 public:
  explicit Notice(const std::string& text) : shown_(isatty(STDERR_FILENO) == 1) {
    if (shown_) fmt::print(stderr, "\r\033[K{}", text), std::fflush(stderr);
  }
  ~Notice() {
    if (shown_) fmt::print(stderr, "\r\033[K"), std::fflush(stderr);
  }
  Notice(const Notice&) = delete;
  Notice& operator=(const Notice&) = delete;

 private:
  const bool shown_;
};

/// A folder that goes with the object, unless it is kept for its log.
class BuildFolder {
 public:
  explicit BuildFolder(fs::path path) : path_(std::move(path)) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~BuildFolder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;
  const fs::path& path() const { return path_; }
  fs::path log() const { return path_ / "log"; }

  void run(const std::vector<std::string>& words, const std::string& what) {
    if (base::run_program(words, log())) return;
    kept_ = true;
    throw base::InputError(fmt::format("{} failed: {}; all of it: {}", what, first_error(), log().string()));
  }

 private:
  std::string first_error() const {
    std::string text;
    try {
      text = base::read_text_file(log());
    } catch (const base::InputError&) {
      return "it did not run";
    }
    std::size_t at = text.find("rror");
    at = at == std::string::npos ? 0 : text.rfind('\n', at) + 1;
    return text.substr(at, text.find('\n', at) - at);
  }

  const fs::path path_;
  bool kept_ = false;
};

/// `file`, made by `make(folder, path)` if it is not there yet: one process at a time, and complete or
/// absent.
fs::path cached(const fs::path& file, const std::function<void(BuildFolder&, const fs::path&)>& make) {
  if (fs::exists(file)) return file;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const base::FileLock lock(fs::path(file) += ".lock");
  if (fs::exists(file)) return file;
  BuildFolder folder(fs::path(file) += ".build");
  const fs::path made = folder.path() / file.filename();
  make(folder, made);
  fs::rename(made, file);
  return file;
}

std::vector<std::string> compiler_command(const Tools& tools, const RtlToolchain& toolchain) {
  std::vector<std::string> words{tools.compiler.string()};
  words.insert(words.end(), kCompilerFlags.begin(), kCompilerFlags.end());
  words.push_back("-I" + tools.runtime.string());
  if (toolchain.fst) words.emplace_back("-DDLA_FST");
  return words;
}

/// Verilator's own library, which is the same for every module.
fs::path runtime_object(const Tools& tools, const RtlToolchain& toolchain) {
  Key key;
  key.add(tools.verilator_version).add(tools.compiler_version).add(toolchain.fst ? "fst" : "");
  for (const std::string& flag : kCompilerFlags) key.add(flag);
  return cached(toolchain.cache / fmt::format("verilated-{}.o", key.text()), [&](BuildFolder& folder,
                                                                                 const fs::path& object) {
    std::string text = "#include \"verilated.cpp\"\n#include \"verilated_threads.cpp\"\n";
    if (toolchain.fst) text += "#include \"verilated_fst_c.cpp\"\n";
    base::write_file_atomically(folder.path() / "runtime.cpp", text);
    auto words = compiler_command(tools, toolchain);
    words.insert(words.end(), {"-c", (folder.path() / "runtime.cpp").string(), "-o", object.string()});
    folder.run(words, "compiling Verilator's library");
  });
}

/// What Verilator says of the module's ports, as the wrapper's PORTS.
std::string port_list(const fs::path& header) {
  const std::string text = base::read_text_file(header);
  const std::regex port(R"(VL_(IN|OUT)(?:8|16|64|W)?\(&(\w+),(\d+),(\d+))");
  std::string list = "#define PORTS";
  for (std::sregex_iterator at(text.begin(), text.end(), port), end; at != end; ++at) {
    list += fmt::format(" \\\n  PORT({}, {}, {})", (*at)[2].str(), (*at)[1] == "IN" ? 1 : 0,
                        std::stoi((*at)[3]) - std::stoi((*at)[4]) + 1);
  }
  return list + "\n";
}

void verilate(const RtlUnit& unit, const RtlToolchain& toolchain, const Tools& tools, BuildFolder& folder) {
  base::write_file_atomically(folder.path() / "dla_pkg.sv", unit.package);
  std::vector<std::string> words{tools.verilator.string()};
  words.insert(words.end(), kVerilatorFlags.begin(), kVerilatorFlags.end());
  if (toolchain.fst) words.emplace_back("--trace-fst");
  words.insert(words.end(),
               {"--top-module", unit.top, "--prefix", "Vtop", "--Mdir", (folder.path() / "v").string()});
  std::vector<fs::path> files{folder.path() / "dla_pkg.sv"};
  for (const auto& [file, text] : source_files(unit, toolchain))
    files.insert(file.extension() == ".vlt" ? files.begin() : files.end(), file);
  if (!unit.extra_source.empty()) {
    base::write_file_atomically(folder.path() / "extra.sv", unit.extra_source);
    files.push_back(folder.path() / "extra.sv");
  }
  for (const fs::path& file : files) words.push_back(file.string());
  folder.run(words, fmt::format("verilator: module '{}'", unit.top));
}

/// One translation unit of all that Verilator wrote, and the wrapper.
void write_source(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "v")) {
    if (entry.path().extension() == ".cpp") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  std::string text = "#include \"Vtop.h\"\n";
  for (const std::string& name : names) text += fmt::format("#include \"{}\"\n", name);
  text += "#define VTOP Vtop\n" + port_list(folder / "v" / "Vtop.h") + kVerilatedWrapper;
  base::write_file_atomically(folder / "v" / "all.cpp", text);
}

std::string key_of(const RtlUnit& unit, const RtlToolchain& toolchain, const Tools& tools) {
  Key key;
  key.add(tools.verilator_version).add(tools.compiler_version).add(toolchain.fst ? "fst" : "");
  key.add(unit.top).add(unit.package).add(unit.extra_source).add(kVerilatedWrapper);
  for (const std::string& flag : kCompilerFlags) key.add(flag);
  for (const std::string& flag : kVerilatorFlags) key.add(flag);
  for (const auto& [file, text] : source_files(unit, toolchain)) key.add(file.filename().string()).add(text);
  return key.text();
}

}  // namespace

RtlToolchain RtlToolchain::from_environment() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  RtlToolchain toolchain;
  toolchain.sources = variable("DLASIM_RTL").empty() ? DLA_RTL_SOURCES : variable("DLASIM_RTL");
  if (!variable("DLASIM_RTL_CACHE").empty()) {
    toolchain.cache = variable("DLASIM_RTL_CACHE");
  } else if (!variable("XDG_CACHE_HOME").empty()) {
    toolchain.cache = fs::path(variable("XDG_CACHE_HOME")) / "dlasim";
  } else if (!variable("HOME").empty()) {
    toolchain.cache = fs::path(variable("HOME")) / ".cache" / "dlasim";
  } else {
    toolchain.cache = fs::temp_directory_path() / "dlasim";
  }
  if (!variable("CXX").empty()) toolchain.compiler = variable("CXX");
  return toolchain;
}

fs::path build_rtl(const RtlUnit& unit, const RtlToolchain& toolchain) {
  const Tools tools = find_tools(toolchain);
  const std::string name = fmt::format("{}-{}.so", unit.top, key_of(unit, toolchain, tools));
  return cached(fs::absolute(toolchain.cache) / name, [&](BuildFolder& folder, const fs::path& library) {
    const Notice notice(
        fmt::format("compiling the RTL of {} (once; kept in {})", unit.top, toolchain.cache.string()));
    const fs::path runtime = runtime_object(tools, toolchain);
    verilate(unit, toolchain, tools, folder);
    write_source(folder.path());
    auto words = compiler_command(tools, toolchain);
    words.insert(
        words.end(),
        {"-shared", "-fno-gnu-unique", "-Wl,-Bsymbolic", "-I" + (folder.path() / "v").string(),
         (folder.path() / "v" / "all.cpp").string(), runtime.string(), "-o", library.string(), "-lpthread"});
    if (toolchain.fst) words.emplace_back("-lz");
    folder.run(words, fmt::format("compiling the RTL of {}", unit.top));
  });
}

void build_rtl(const arch::Hardware& hardware, std::span<const std::string> tops,
               const RtlToolchain& toolchain) {
  const std::string package = arch::rtl_package(hardware);
  base::ThreadPool pool;
  pool.parallel_for(static_cast<std::int64_t>(tops.size()), [&](std::int64_t i) {
    build_rtl({tops[static_cast<std::size_t>(i)], package, {}}, toolchain);
  });
}

bool is_available(const RtlToolchain& toolchain) {
  return base::find_program(toolchain.verilator) && base::find_program(toolchain.compiler);
}

}  // namespace dlasim::sim::cosim
