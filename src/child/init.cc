#include "child/init.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/wait.h>

#include "child/capabilities.h"
#include "child/sort_few.h"
#include "child/sweep.h"

namespace hutch {
namespace {

constexpr SignalSet kForwarded = signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) |
                                 signal_bit(SIGTERM) | signal_bit(SIGUSR1) | signal_bit(SIGUSR2) |
                                 signal_bit(SIGWINCH) | signal_bit(SIGCONT) | signal_bit(SIGTSTP);

/// PIDFD_GET_…_NAMESPACE of linux/pidfd.h since Linux 6.11, in the order of kNamespaceFiles.
constexpr unsigned pidfd_request(unsigned number) { return 0xff00U | number; }
constexpr unsigned kNamespaceRequests[] = {pidfd_request(9), pidfd_request(3),  pidfd_request(5),
                                           pidfd_request(2), pidfd_request(10), pidfd_request(4),
                                           pidfd_request(1), pidfd_request(8)};
static_assert(sizeof kNamespaceRequests / sizeof *kNamespaceRequests == kNamespaceFileCount);

constexpr SignalSet kAwaited =
    kForwarded | signal_bit(SIGCHLD) | signal_bit(kAskNamespaces) | signal_bit(kParentDied);

/// From outside: the sender has no pid in here. Where we are not pid 1, anybody but the program and
/// ourselves.
bool is_from_outside(const siginfo_t& info, long self, long program) noexcept {
  if (info.si_code != SI_USER && info.si_code != SI_QUEUE && info.si_code != SI_TKILL) return false;
  if (self == 1) return info.si_pid == 0;
  return info.si_pid != self && info.si_pid != program;
}

[[noreturn]] void end(int status) noexcept {
  while (true) sys::call(SYS_exit_group, status);
}

}  // namespace

// volatile, or the compiler drops writes that nobody reads.
void wipe(volatile char* bytes, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = 0;
}

Outcome default_dispositions(SignalSet signals) noexcept {
  const KernelSigaction action;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP || (signals & signal_bit(signal)) == 0) continue;
    const long rc = sys::call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
    if (rc < 0) return check(Call::rt_sigaction, rc);
  }
  return {};
}

Outcome default_for_children() noexcept {
  const KernelSigaction action;
  return check(Call::rt_sigaction,
               sys::call(SYS_rt_sigaction, SIGCHLD, &action, nullptr, sizeof action.mask));
}

void Init::open_namespaces(int folder) noexcept {
  for (const char* name : kNamespaceFiles) {
    const long fd = sys::open_at(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    namespaces[namespace_count++] = static_cast<int>(fd);
  }
}

Outcome Init::shrink() const noexcept {
  // Ambient capabilities go with the inheritable ones: capabilities(7).
  if (const Outcome dropped = write_capabilities({}); !dropped.ok()) return dropped;
  if (const long rc = sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  char root[] = {'/', '\0'};
  return check(Call::chdir, sys::call(SYS_chdir, root));
}

Outcome Init::close_all_but(int report) const noexcept {
  int kept[4 + kNamespaceFileCount] = {report, channel, processes, terminal};
  for (std::size_t i = 0; i < kNamespaceFileCount; ++i) kept[4 + i] = namespaces[i];
  sort_few(kept);
  unsigned from = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    const auto next = static_cast<unsigned>(fd);
    if (next > from) {
      if (const long rc = sys::call(SYS_close_range, from, next - 1, 0); rc < 0)
        return check(Call::close_range, rc);
    }
    from = next + 1;
  }
  return check(Call::close_range, sys::call(SYS_close_range, from, ~0U, 0));
}

/// Reaps whatever has ended. Does not return once the program is among it.
void Init::reap() const noexcept {
  while (true) {
    siginfo_t ended = {};
    const long rc = sys::call(SYS_waitid, P_ALL, 0, &ended, WEXITED | WSTOPPED | WNOHANG, nullptr);
    if (rc == -ECHILD) end(kSetupFailed);
    if (rc < 0 || ended.si_pid == 0) return;
    if (ended.si_pid == program) follow(ended);
  }
}

void Init::follow(const siginfo_t& change) const noexcept {
  if (change.si_code == CLD_TRAPPED) return;
  const bool stopped = change.si_code == CLD_STOPPED;
  // How it exited, our own end says: nobody has to wake for it twice.
  if (channel >= 0 && change.si_code != CLD_EXITED) {
    send_message(channel, {.kind = stopped ? Message::Kind::stopped : Message::Kind::ended,
                           .code = change.si_code,
                           .status = change.si_status});
  }
  if (stopped) return;
  if (processes >= 0) end_all_children(processes);
  end(change.si_code == CLD_EXITED ? change.si_status : 128 + change.si_status);
}

void Init::forward(int signal, const siginfo_t& info) const noexcept {
  const bool to_group = info.si_code == SI_QUEUE && info.si_value.sival_int == kForGroup;
  if (!to_group || sys::call(SYS_kill, -program, signal) < 0) sys::call(SYS_kill, program, signal);
}

void Init::send_namespaces() const noexcept {
  int found[kNamespaceFileCount] = {};
  std::size_t count = 0;
  if (asks_kernel) {
    const Fd pidfd(sys::call(SYS_pidfd_open, self, 0));
    for (const unsigned request : kNamespaceRequests) {
      const long fd = sys::call(SYS_ioctl, pidfd.get(), request, 0);
      if (fd < 0) break;
      found[count++] = static_cast<int>(fd);
    }
  } else {
    for (; count < static_cast<std::size_t>(namespace_count); ++count) found[count] = namespaces[count];
  }
  send_message(channel, {.kind = Message::Kind::namespaces}, found, count);
  for (std::size_t i = 0; asks_kernel && i < count; ++i) sys::close(found[i]);
}

void Init::serve() const noexcept {
  while (true) {
    siginfo_t info = {};
    // Not where constants are: a process that waits has no use for one more page.
    SignalSet awaited = kAwaited;
    const long signal = sys::call(SYS_rt_sigtimedwait, &awaited, &info, nullptr, sizeof awaited);
    if (signal == kParentDied && processes >= 0) {
      end_all_children(processes);
      end(kSetupFailed);
    }
    if (signal == SIGCHLD) reap();
    if (signal <= 0 || signal == SIGCHLD || !is_from_outside(info, self, program)) continue;
    if (signal == kAskNamespaces) {
      send_namespaces();
    } else if (signal != kParentDied) {
      forward(static_cast<int>(signal), info);
    }
  }
}

}  // namespace hutch
