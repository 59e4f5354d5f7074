#include "sim/cosim/verilated_module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/edit_distance.h"
#include "base/error.h"

namespace dlasim::sim::cosim {

/// The functions of verilated_wrapper.cpp.in. The library stays open as long as an instance lives.
struct VerilatedModule::Library {
  using Visit = void (*)(void*, const char*, int, int, void*);

  explicit Library(const std::filesystem::path& file) : handle(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle == nullptr)
      throw base::InputError(
          fmt::format("{}: cannot be loaded: {}; remove it to build it again", file.string(), dlerror()));
    find("dla_create", create), find("dla_destroy", destroy), find("dla_eval", eval),
        find("dla_ports", ports);
    fst_open = reinterpret_cast<decltype(fst_open)>(dlsym(handle, "dla_fst_open"));
    fst_dump = reinterpret_cast<decltype(fst_dump)>(dlsym(handle, "dla_fst_dump"));
  }
  ~Library() { dlclose(handle); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  void* (*create)() = nullptr;
  void (*destroy)(void*) = nullptr;
  void (*eval)(void*) = nullptr;
  void (*ports)(void*, Visit, void*) = nullptr;
  void (*fst_open)(void*, const char*) = nullptr;
  void (*fst_dump)(void*, unsigned long) = nullptr;

 private:
  template <class Function>
  void find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    if (function == nullptr) throw std::logic_error(fmt::format("the RTL's library has no {}", name));
  }
  void* handle;
};

VerilatedModule::VerilatedModule(const RtlUnit& unit, const RtlToolchain& toolchain)
    : library_(std::make_unique<Library>(build_rtl(unit, toolchain))), instance_(library_->create()) {
  const auto add = [](void* self, const char* name, int is_input, int bits, void* storage) {
    auto& module = *static_cast<VerilatedModule*>(self);
    if (is_input == 0) {
      module.outputs_.push_back(storage);
      storage = module.copies_.emplace_back((static_cast<std::size_t>(Pin::storage(bits)) + 7) / 8).data();
    } else {
      module.outputs_.push_back(nullptr);
    }
    module.ports_.push_back({name, is_input != 0, Pin(storage, bits)});
  };
  library_->ports(instance_, add, this);
  for (const Port& port : ports_) {
    if (port.name == "clk_i") clock_ = port.pin;
  }
  if (!clock_) return;  // combinational
  Pin reset_n = pin("rst_ni");
  clock_->set(0), reset_n.set(1);
  eval();
  reset_n.set(0);  // a falling edge, as the asynchronous resets want
  eval();
  edge();
  reset_n.set(1), clock_->set(0);
  eval();
  cycle_ = 0;
}

VerilatedModule::~VerilatedModule() {
  library_->destroy(instance_);
}

Pin VerilatedModule::pin(const std::string& name) const {
  for (const Port& port : ports_) {
    if (port.name == name) return port.pin;
  }
  throw std::logic_error(fmt::format("the RTL has no port '{}'", name));
}

void VerilatedModule::evaluate() {
  library_->eval(instance_);
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (outputs_[i] != nullptr)
      std::memcpy(ports_[i].pin.data(), outputs_[i], static_cast<std::size_t>(ports_[i].pin.bytes()));
  }
}

void VerilatedModule::eval() {
  evaluate();
  disturb(false);
}

void VerilatedModule::edge() {
  // An input is wrong at the edge alone: the caller need not drive it again after it.
  std::vector<std::vector<unsigned char>> kept;
  if (!faults_.empty()) {
    for (const Port& port : ports_) {
      const auto* bytes = static_cast<const unsigned char*>(port.pin.data());
      kept.emplace_back(bytes, bytes + port.pin.bytes());
    }
    disturb(true);
  }
  clock_->set(0);
  library_->eval(instance_);
  dump(cycle_ * period_ps_ + period_ps_ / 2);
  clock_->set(1);
  evaluate();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (ports_[i].is_input) std::memcpy(ports_[i].pin.data(), kept[i].data(), kept[i].size());
  }
  ++cycle_;
  dump(cycle_ * period_ps_);
  disturb(false);
}

bool VerilatedModule::is_faulty(const arch::Fault& fault) const {
  return fault.kind == arch::FaultKind::kFlip ? cycle_ == fault.cycle : cycle_ >= fault.cycle;
}

void VerilatedModule::disturb(bool inputs) {
  for (const arch::Fault& fault : faults_) {
    if (!is_faulty(fault)) continue;
    for (Port& port : ports_) {
      if (port.name != fault.signal || port.is_input != inputs) continue;
      const std::uint64_t bit = port.pin.get(fault.bit, 1);
      port.pin.set(fault.bit, 1,
                   fault.kind == arch::FaultKind::kFlip ? bit ^ 1 : fault.kind == arch::FaultKind::kStuck1);
    }
  }
}

void VerilatedModule::inject(const arch::Fault& fault) {
  std::vector<std::string> names;
  for (const Port& port : ports_) {
    if (port.name == "clk_i" || port.name == "rst_ni") continue;
    names.push_back(port.name);
    if (port.name != fault.signal) continue;
    if (fault.bit < 0 || fault.bit >= port.pin.bits())
      throw base::InputError(fmt::format("port '{}' has the bits 0 to {}, not {}", fault.signal,
                                         port.pin.bits() - 1, fault.bit));
    faults_.push_back(fault);
    disturb(false);
    return;
  }
  const std::string nearest = base::nearest_name(fault.signal, names);
  throw base::InputError(fmt::format("there is no port '{}'{}; ports: {}", fault.signal,
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                     fmt::join(names, ", ")));
}

void VerilatedModule::dump_fst(const std::filesystem::path& file, std::uint64_t period_ps) {
  if (library_->fst_open == nullptr) throw std::logic_error("the RTL was not compiled for FST");
  fst_ = file;
  period_ps_ = period_ps;
}

void VerilatedModule::dump(std::uint64_t time_ps) {
  if (fst_.empty()) return;
  if (!std::exchange(is_dumping_, true)) library_->fst_open(instance_, fst_.c_str());
  library_->fst_dump(instance_, time_ps);
}

}  // namespace dlasim::sim::cosim
