#pragma once
/// The signals of a trace: names, widths, and how a person reads them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dlasim::sim::trace {

/// How a signal's bits are shown.
enum class Radix { kBinary, kHex, kUnsigned, kSigned };

/// What a signal is to its block.
enum class Role { kPort, kRegister };

/// One name. Several names may have one `id`: the two ends of a wire.
struct Signal {
  std::string name;  ///< within its scope: "valid_o"
  int width = 1;     ///< bits, 1..64
  Radix radix = Radix::kBinary;
  Role role = Role::kPort;
  std::size_t id = 0;
};

struct Scope {
  std::string name;  ///< the block: "address_generator", "rtl.address_generator"; empty: the root itself
  std::vector<Signal> signals;
};

/// All names of a trace, in scopes below one root.
class SignalTable {
 public:
  explicit SignalTable(std::string root) : root_(std::move(root)) {}

  void enter(std::string scope) { scopes_.push_back({std::move(scope), {}}); }
  /// Adds a signal to the scope entered last; returns its id.
  std::size_t add(std::string name, int width, Radix radix, Role role);
  /// Adds a signal to the root, which is the scope entered first.
  std::size_t add_to_root(std::string name, int width, Radix radix, Role role);
  /// Names the outputs of `producer` that begin with `prefix` and end in "_o" a second time, as "_i" inputs
  /// of the scope entered last; valid_o and ready_o, which a stall may tell apart, are left out.
  void connect(const std::string& producer, const std::string& prefix);

  const std::string& root() const { return root_; }
  const std::vector<Scope>& scopes() const { return scopes_; }
  /// Ids are 0..ids()-1.
  std::size_t ids() const { return ids_; }

 private:
  std::string root_;
  std::vector<Scope> scopes_;
  std::size_t ids_ = 0;
};

}  // namespace dlasim::sim::trace
