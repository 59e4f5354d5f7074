#pragma once
/// Replays a command stream without executing it: what must be over when each command starts, and which
/// memory each command reads and writes.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"

namespace dlasim::sim::compiler {

/// The commands of all streams of a program, in order.
std::vector<arch::Command> commands_of(const Program& program);

/// What is wrong with the stream, or an empty string: a wait for a command that stands behind its waiter, or
/// two commands that may touch the same words or bytes at the same time, one of them writing.
std::string find_hazard(const std::vector<arch::Command>& commands, const arch::Hardware& hardware);

}  // namespace dlasim::sim::compiler
