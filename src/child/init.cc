#include <linux/close_range.h>
#include <linux/prctl.h>
#include <sys/wait.h>

#include "child/capabilities.h"
#include "child/signals.h"
#include "child/steps.h"

/// The minimal pid 1: reaps, forwards, and ends with the program. pid_namespaces(7).

namespace hutch {
namespace {

constexpr SignalSet kForwarded = signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) |
                                 signal_bit(SIGTERM) | signal_bit(SIGUSR1) | signal_bit(SIGUSR2) |
                                 signal_bit(SIGWINCH) | signal_bit(SIGCONT) | signal_bit(SIGTSTP);

constexpr SignalSet kAwaited = kForwarded | signal_bit(SIGCHLD);

/// The kernel's struct sigaction; all zeros is SIG_DFL.
struct KernelSigaction {
  void (*handler)(int) = nullptr;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  SignalSet mask = 0;
};

// volatile, or the compiler drops writes that nobody reads.
void wipe(volatile char* bytes, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = 0;
}

/// /proc/1/environ and /proc/1/cmdline show this memory to everybody inside.
void forget_caller(const ChildContext& context) noexcept {
  for (char** entry = context.caller_environment; entry != nullptr && *entry != nullptr; ++entry) {
    std::size_t length = 0;
    while ((*entry)[length] != '\0') ++length;
    wipe(*entry, length);
  }
  wipe(context.caller_arguments.data(), context.caller_arguments.size());
}

/// From outside: the sender has no pid in here. Where we are not pid 1, anybody but the program and
/// ourselves.
bool is_from_outside(const siginfo_t& info, long self, long program) noexcept {
  if (info.si_code != SI_USER && info.si_code != SI_QUEUE && info.si_code != SI_TKILL) return false;
  if (self == 1) return info.si_pid == 0;
  return info.si_pid != self && info.si_pid != program;
}

/// Reaps whatever has ended; gives the status to exit with once the program is among it, else -1.
int reap(long program) noexcept {
  while (true) {
    siginfo_t ended = {};
    const long rc = sys::call(SYS_waitid, P_ALL, 0, &ended, WEXITED | WNOHANG, nullptr);
    if (rc < 0 || ended.si_pid == 0) return rc == -ECHILD ? kSetupFailed : -1;
    if (ended.si_pid != program) continue;
    return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
  }
}

[[noreturn]] void end(int status) noexcept {
  while (true) sys::call(SYS_exit_group, status);
}

/// Everything that this process could be abused for goes; the report pipe last, so that a failure is still
/// told.
Outcome shrink(const ChildContext& context) noexcept {
  if (const Outcome dropped = write_capabilities({}); !dropped.ok()) return dropped;
  if (const Outcome ambient =
          check(Call::prctl, sys::call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
      !ambient.ok()) {
    return ambient;
  }
  if (const long rc = sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (const long rc = sys::call(SYS_chdir, "/"); rc < 0) return check(Call::chdir, rc);
  const auto report = static_cast<unsigned>(context.report_fd);
  if (context.report_fd > 0) {
    if (const long rc = sys::call(SYS_close_range, 0, report - 1, 0); rc < 0)
      return check(Call::close_range, rc);
  }
  return check(Call::close_range, sys::call(SYS_close_range, report + 1, ~0U, 0));
}

[[noreturn]] void be_init(long program) noexcept {
  const long self = sys::call(SYS_getpid);
  while (true) {
    if (const int status = reap(program); status >= 0) end(status);
    siginfo_t info = {};
    const long signal = sys::call(SYS_rt_sigtimedwait, &kAwaited, &info, nullptr, sizeof kAwaited);
    if (signal <= 0 || signal == SIGCHLD) continue;
    if (is_from_outside(info, self, program)) sys::call(SYS_kill, program, signal);
  }
}

}  // namespace

Outcome default_dispositions() noexcept {
  const KernelSigaction action;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    const long rc = sys::call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
    if (rc < 0) return check(Call::rt_sigaction, rc);
  }
  return {};
}

Outcome run(const StartInit&, const ChildContext& context) noexcept {
  // Before there is anybody inside who could look.
  if (const long rc = sys::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  forget_caller(context);
  // An ignored SIGCHLD would reap the program behind our back.
  if (const Outcome blocked = set_signal_mask(kAllSignals); !blocked.ok()) return blocked;
  if (const Outcome defaults = default_dispositions(); !defaults.ok()) return defaults;
  int death_signal = 0;
  sys::call(SYS_prctl, PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);

  const long program = sys::call(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (program < 0) return check(Call::clone, program);
  if (program == 0) {
    // A new process has none. It matters where we are not pid 1, whose end is everybody's.
    if (death_signal == 0) return {};
    return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, death_signal, 0, 0, 0));
  }
  sys::call(SYS_prctl, PR_SET_NAME, "hutch-init", 0, 0, 0);
  const Outcome shrunk = shrink(context);
  if (!shrunk.ok()) return shrunk;
  sys::close(context.report_fd);
  be_init(program);
}

}  // namespace hutch
