#include "launch/clone_child.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/share.h"

namespace hutch {

void Child::signal(int number) const noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void Child::signal(int number, int value) const noexcept {
  siginfo_t info = {};
  info.si_signo = number;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_int = value;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, &info, 0);
}

WaitResult Child::reap(rusage* used) noexcept {
  siginfo_t ended = {};
  long rc = -1;
  do {
    // The library's waitid has no room for what was used.
    rc = ::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED, used);
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
  const long pid =
      ::syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  if (pid < 0) return {.error = errno};
  return {.pid = static_cast<pid_t>(pid), .pidfd = pidfd};
}

Cloned clone_sharing_child(std::uint64_t namespaces, const ChildContext& context, void* stack_top) noexcept {
  const auto begin = [](void* argument) { run_child(*static_cast<const ChildContext*>(argument)); };
  int pidfd = -1;
  const long pid = clone_sharing(namespaces, &pidfd, stack_top, begin, const_cast<ChildContext*>(&context));
  if (pid < 0) return {.error = static_cast<int>(-pid)};
  return {.pid = static_cast<pid_t>(pid), .pidfd = pidfd};
}

}  // namespace hutch
