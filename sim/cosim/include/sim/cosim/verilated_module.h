#pragma once
/// One instance of a Verilated module, whatever its hardware: ports are found by name.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/fault.h"
#include "sim/cosim/pin.h"
#include "sim/cosim/rtl_toolchain.h"

namespace dlasim::sim::cosim {

/// Clocked by the caller; constructed in reset and released from it. Instances share nothing but code.
///
/// Outputs are read from copies that are made after each evaluation, so that a fault at a port stays outside
/// the module.
class VerilatedModule {
 public:
  struct Port {
    std::string name;
    bool is_input = false;
    Pin pin;
  };

  /// Builds the library if it is not in the cache; as build_rtl throws.
  explicit VerilatedModule(const RtlUnit& unit,
                           const RtlToolchain& toolchain = RtlToolchain::from_environment());
  ~VerilatedModule();
  VerilatedModule(const VerilatedModule&) = delete;
  VerilatedModule& operator=(const VerilatedModule&) = delete;

  /// Throws std::logic_error if there is no such port: the adapter and the RTL have grown apart.
  Pin pin(const std::string& name) const;
  const std::vector<Port>& ports() const { return ports_; }

  /// Settles the outputs on the inputs as they are.
  void eval();
  /// One rising clock edge with the inputs as they are.
  void edge();
  /// Clock edges since reset.
  std::uint64_t cycle() const { return cycle_; }

  /// From now on a bit of a port is wrong as seen from the other side: a flip in its cycle since reset alone,
  /// a stuck bit from then on. `fault.block` is the caller's. Throws base::InputError for a port or a bit
  /// that is not there.
  void inject(const arch::Fault& fault);

  /// Dumps every signal inside to an FST file, a cycle in `period_ps`: from the next clock edge on, so that
  /// an instance that is never clocked leaves the file alone. The toolchain has to have `fst` set, else
  /// std::logic_error. Closed with the module.
  void dump_fst(const std::filesystem::path& file, std::uint64_t period_ps);

 private:
  struct Library;
  void evaluate();
  void dump(std::uint64_t time_ps);
  bool is_faulty(const arch::Fault& fault) const;
  void disturb(bool inputs);

  std::unique_ptr<Library> library_;
  void* instance_ = nullptr;
  std::vector<Port> ports_;
  std::vector<const void*> outputs_;  ///< where the module has its outputs, by port; null: input
  std::vector<std::vector<std::uint64_t>> copies_;  ///< storage of the outputs' copies
  std::optional<Pin> clock_;
  std::vector<arch::Fault> faults_;
  std::uint64_t cycle_ = 0, period_ps_ = 0;
  std::filesystem::path fst_;  ///< empty: no dump
  bool is_dumping_ = false;
};

}  // namespace dlasim::sim::cosim
