#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

/// Seccomp programs as the kernel reads them: classic BPF with one kind of load. See seccomp(2).

namespace hutch {

/// What the kernel takes of one program (BPF_MAXINSNS).
inline constexpr std::size_t kMostInstructions = 4096;

/// What is wrong with a program, and where.
struct ProgramFault {
  std::size_t at = 0;  ///< the instruction, counted from 0
  std::string what;    ///< "jumps to 20, and there are 12 instructions"
};

/// Why seccomp(2) would not take the program, or nothing: the same rules as the kernel's, so that a program
/// without a fault ends, reads nothing but the call, and always answers.
std::optional<ProgramFault> fault_of(std::span<const sock_filter> program);

/// The answer of a program without a fault to one call: SECCOMP_RET_* with its data. `call.nr` with the bit
/// of x32 for a call of that.
std::uint32_t evaluate(std::span<const sock_filter> program, const seccomp_data& call);

/// Lower is stricter: seccomp(2) compares actions as signed numbers.
std::int32_t rank(std::uint32_t action);

/// The answer that counts where two filters are stacked: the one of the stricter action. Of two equally
/// strict ones the kernel takes the one whose filter was loaded last: `newer`.
std::uint32_t strictest(std::uint32_t newer, std::uint32_t older);

/// "allow", "log", "errno:EPERM", "trap", "kill"; "kill_thread", "trace:N", "notify" for those that no
/// profile asks for.
std::string action_name(std::uint32_t action);
/// The other way round, for what a profile can say; also "errno:38". Nothing for anything else.
std::optional<std::uint32_t> action_from(const std::string& name);

}  // namespace hutch
