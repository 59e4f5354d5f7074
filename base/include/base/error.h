#pragma once
/// The errors that a person can act on. Libraries throw them; only `main` turns them into an exit code.

#include <stdexcept>
#include <string>

namespace dlasim::base {

/// A mistake in what the user gave: a file, a key, an option. Exit code 2.
///
/// `what()` is one line that says where, what was found and what is allowed, for instance
/// `configs/x.yaml:14:9: hardware.pe_array.ic_lanes: 0 is not between 1 and 1024`.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The input is well formed, but asks for something that is not modelled. The message names the
/// operator and the attribute. Exit code 2.
class UnsupportedError : public InputError {
 public:
  using InputError::InputError;
};

/// The simulated machine failed: deadlock, protocol error, access outside a memory. Exit code 3.
class SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace dlasim::base
