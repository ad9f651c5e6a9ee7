#pragma once

#include <signal.h>

#include <cstdint>

#include "child/run.h"

/// The channel between a running sandbox and its launcher: a socketpair(2) of SOCK_SEQPACKET, one Message a
/// packet. The program never has it. What the launcher wants of the init comes as a signal, since the init
/// waits for signals anyway.
///
///   set-up   --- served + the descriptor by which a FUSE file system is served --->
///   set-up   --- terminal + the master of the pseudo-terminal --->  launcher
///   program  --- begins, right before execve; its pid is in the credentials --->
///   program  <-- one byte, where somebody looks at the sandbox before it begins ---
///   init     --- stopped: the program was stopped by a signal --->
///   init     <-- SIGCONT, SIGTERM … : for the program, or for its process group ---
///   init     <-- kAskNamespaces ---
///   init     --- namespaces + a descriptor for each of kNamespaceFiles --->
///   init     --- ended: which signal ended the program; an exit status is the init's own --->

namespace hutch {

struct Message {
  enum class Kind : std::uint32_t { served, terminal, begins, stopped, namespaces, ended };
  Kind kind = Kind::begins;
  std::int32_t code = 0;    ///< ended: CLD_KILLED, CLD_DUMPED
  std::int32_t status = 0;  ///< stopped, ended: the signal
};

/// In the order in which their descriptors are sent. The init itself is not in its time namespace.
inline constexpr const char* kNamespaceFiles[] = {"user", "mnt", "pid",    "ipc",
                                                  "uts",  "net", "cgroup", "time_for_children"};
inline constexpr std::size_t kNamespaceFileCount = 8;

/// Numbers of the kernel's; the C library keeps 32 and 33 for itself.
inline constexpr int kAskNamespaces = 34;
/// PR_SET_PDEATHSIG of an init that is not pid 1.
inline constexpr int kParentDied = 35;

/// si_value of a forwarded signal: whom it is for.
inline constexpr int kForProgram = 0, kForGroup = 1;

/// Has the launcher died, as far as the report pipe tells: its reader is gone.
bool reader_is_gone(int pipe) noexcept;

/// One packet with up to kNamespaceFileCount descriptors. Failure is nobody's business but the sender's.
Outcome send_message(int channel, Message message, const int* descriptors = nullptr,
                     std::size_t count = 0) noexcept;

}  // namespace hutch
