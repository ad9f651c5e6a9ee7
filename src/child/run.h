#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "plan/step.h"

/// The code between clone and exec. It sees base/zstr.h and plan/step.h, calls the kernel and nothing else:
/// no heap, no locks, no stdio, no exceptions, no library call that is not async-signal-safe.

namespace hutch {

/// The system calls that can fail here, by name. Report carries the enumerator, messages print the name.
// clang-format 14 moves the backslashes of this one anew each time.
// clang-format off
#define HUTCH_CALLS(X)                                                                                      \
  X(none)                                                                                                   \
  X(read)                                                                                                   \
  X(write)                                                                                                  \
  X(open) X(openat2) X(close) X(dup2) X(fcntl) X(fstat) X(readlinkat) X(mkdirat) X(symlinkat)               \
      X(fchmod) X(unlinkat) X(fchdir) X(poll) X(prctl) X(capget) X(capset) X(setgroups)                     \
      X(setresgid) X(setresuid) X(unshare) X(mount) X(open_tree) X(mount_setattr) X(fsopen)                 \
      X(fsconfig) X(fsmount) X(move_mount) X(pivot_root) X(umount2) X(chdir) X(sethostname)                 \
      X(setdomainname) X(socket) X(ioctl) X(clone) X(prlimit) X(setpriority) X(ioprio_set)                  \
      X(sched_setaffinity) X(personality) X(setsid) X(rt_sigaction) X(rt_sigprocmask) X(seccomp)            \
      X(close_range) X(execve) X(execveat) X(pipe2) X(fork) X(waitid) X(sendmsg) X(setpgid)                 \
      X(socketpair) X(setns) X(landlock_create_ruleset) X(landlock_add_rule)                                \
      X(landlock_restrict_self)
// clang-format on

enum class Call : std::uint32_t {
#define HUTCH_CALL_ENUM(name) name,
  HUTCH_CALLS(HUTCH_CALL_ENUM)
#undef HUTCH_CALL_ENUM
};

const char* call_name(Call call);

/// What a step came to. `error` 0 is success. `detail` as in Report.
struct Outcome {
  Call call = Call::none;
  int error = 0;
  std::uint32_t detail = 0;
  [[nodiscard]] bool ok() const { return error == 0; }
};

/// Sent through the report pipe, at most twice: once with `Call::none` right before execve (so that a child
/// which dies in set-up is never taken for a program that died) unless a word in memory says so, and once
/// when a step fails.
struct Report {
  std::uint32_t step = 0;  ///< index into the plan's steps
  Call call = Call::none;
  std::int32_t error = 0;
  std::uint32_t detail = 0;  ///< which of several: the row of a list, the length of the path prefix that
                             ///< failed; 0 unknown. For Exec one of ExecProblem.
};

/// What the child saw when execve refused.
enum class ExecProblem : std::uint32_t {
  unknown,
  interpreter_missing,
  no_exec_mount,
  is_directory,
  not_executable
};

/// The status of a process that could not be set up.
inline constexpr int kSetupFailed = 125;

/// The identity of a pinned source, filled in by the parent.
struct Pinned {
  std::uint64_t device = 0, inode = 0;
  int fd = -1;
};

class Places;

inline constexpr std::uint64_t kUnasked = ~std::uint64_t{0};

/// What the child is handed besides the steps. Everything is allocated by the parent.
struct ChildContext {
  std::span<const Step> steps;  ///< the whole plan: indices are those of reports
  std::span<const Pinned> pins;
  std::span<int> slots;           ///< descriptors by slot; -1 where not open yet
  std::span<std::uint64_t> made;  ///< device numbers of the file systems that set-up made, by slot, whose
                                  ///< descriptors stay in `slots`; 0: none; kUnasked: not asked for yet
  int report_fd = -1;             ///< write end
  int channel_fd = -1;            ///< see channel.h
  bool in_foreground = true;      ///< of the caller's terminal, where there is one
  int go_fd = -1;                 ///< read end: one byte when the parent has written the maps
  bool held = false;       ///< right before exec, waits for one byte on the channel: somebody looks first
  bool lets_look = false;  ///< while it is held, whoever has the same uid may look: proc(5)
  std::uint64_t disposed = ~std::uint64_t{0};  ///< signals (signals.h) that may be ignored, or have a handler
  std::array<int, 3> parents_ends{
      {-1, -1, -1}};  ///< the other ends of pipes and channel: closed first, so that an end is an end
  int own_file = -1;  ///< OwnFile::before, the launcher's alone: closed first, too
  std::span<std::uint64_t> done_at;  ///< by step, when it was done (nanoseconds of CLOCK_MONOTONIC); empty:
                                     ///< nobody asks
  /// The launcher waits on no memory that the child writes, and it shares all of it. Then the init is a
  /// program of its own, `init_image` (init_image.h), and what becomes the user's program goes on below
  /// `program_stack`.
  int init_image = -1;
  void* program_stack = nullptr;
  bool image_is_nowhere = false;  ///< `init_image` is a mount that is not in any tree
  /// Of the launcher, where it waits for nothing but what comes of execve: true right before. To wake it
  /// costs more than all that either does meanwhile.
  std::atomic<bool>* executes = nullptr;
  int init_ready = -1;                           ///< the child's own: says by its end that the init is ready
  Places* places = nullptr;                      ///< the child's own
  std::uint64_t files_soft = 0, files_hard = 0;  ///< RLIMIT_NOFILE to go back to after set-up; 0, 0: leave it
  char** caller_environment = nullptr;           ///< `environ`, to be wiped by the init
  std::span<char>
      caller_arguments;  ///< argv's memory (and the environment behind it), to be wiped by the init
};

/// Runs set-up, privileges and exec. Never returns: ends in exec, in the init's exit, or in _exit(125) after
/// a report.
[[noreturn]] void run_child(const ChildContext& context) noexcept;

/// One step, for tests: no report, no exit.
Outcome run_step(const Step& step, const ChildContext& context) noexcept;

}  // namespace hutch
