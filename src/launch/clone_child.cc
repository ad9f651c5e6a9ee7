#include "launch/clone_child.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace hutch {

void Child::signal(int number) const noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

WaitResult Child::reap() noexcept {
  siginfo_t ended = {};
  int rc = -1;
  do {
    rc = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &ended, WEXITED);
  } while (rc < 0 && errno == EINTR);
  pid_ = -1;
  if (rc < 0) return {.code = CLD_KILLED, .status = SIGKILL};
  return {.code = ended.si_code, .status = ended.si_status};
}

void Child::kill_and_reap() noexcept {
  if (pid_ < 0) return;
  signal(SIGKILL);
  reap();
}

Cloned clone_child(std::uint64_t namespaces) noexcept {
  int pidfd = -1;
  struct clone_args args = {};
  args.flags = namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  // Container run-times hide clone3 (ENOSYS, some EPERM), since filters cannot read its arguments.
  if (pid < 0 && (errno == ENOSYS || errno == EPERM)) {
    pid = ::syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  }
  if (pid < 0) return {.error = errno};
  return {.pid = static_cast<pid_t>(pid), .pidfd = pidfd};
}

}  // namespace hutch
