#include "child/sweep.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "child/sys.h"

namespace hutch {
namespace {

/// Through the directory of the process: a pid of that procfs is not always one of ours.
void kill_process(int processes, const char* pid) noexcept {
  const Fd process(sys::open_at(processes, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (process.ok()) sys::call(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

/// Numbers between blanks: /proc/PID/task/TID/children of proc(5).
void kill_children(int processes) noexcept {
  const Fd list(sys::open_at(processes, "thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!list.ok()) return;
  char text[4096];
  const long got = sys::call(SYS_read, list.get(), text, sizeof text);
  char pid[16];
  std::size_t digits = 0;
  for (long i = 0; i < got; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      if (digits + 1 < sizeof pid) pid[digits++] = text[i];
      continue;
    }
    pid[digits] = '\0';
    if (digits > 0) kill_process(processes, pid);
    digits = 0;
  }
}

}  // namespace

void end_all_children(int processes) noexcept {
  while (true) {
    kill_children(processes);
    // Their children become ours, and are seen in the next round.
    siginfo_t ended = {};
    const long rc = sys::call(SYS_waitid, P_ALL, 0, &ended, WEXITED, nullptr);
    if (rc == -ECHILD) return;
    while (rc >= 0 && sys::call(SYS_waitid, P_ALL, 0, &ended, WEXITED | WNOHANG, nullptr) >= 0) {
      if (ended.si_pid == 0) break;
      ended.si_pid = 0;
    }
  }
}

}  // namespace hutch
