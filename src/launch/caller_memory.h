#pragma once

#include <span>

namespace hutch {

/// The memory that /proc/PID/cmdline and /proc/PID/environ of this process show: argv, and the environment
/// behind it. A copy of this process that stays inside the sandbox wipes it. Empty where it cannot be told.
std::span<char> caller_memory();

}  // namespace hutch
