#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <sys/wait.h>

#include "child/capabilities.h"
#include "child/channel.h"
#include "child/mounts.h"
#include "child/signals.h"
#include "child/steps.h"
#include "child/sweep.h"

/// The minimal pid 1: reaps, forwards, and ends with the program. pid_namespaces(7). Without a pid namespace
/// of its own it is a subreaper, and ends by itself what the program leaves behind.

namespace hutch {
namespace {

constexpr SignalSet kForwarded = signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) |
                                 signal_bit(SIGTERM) | signal_bit(SIGUSR1) | signal_bit(SIGUSR2) |
                                 signal_bit(SIGWINCH) | signal_bit(SIGCONT) | signal_bit(SIGTSTP);

constexpr SignalSet kAwaited =
    kForwarded | signal_bit(SIGCHLD) | signal_bit(kAskNamespaces) | signal_bit(kParentDied);

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

[[noreturn]] void end(int status) noexcept {
  while (true) sys::call(SYS_exit_group, status);
}

/// What is left of a process that has become the init.
struct Init {
  long self = 0, program = 0;
  int channel = -1, processes = -1, terminal = -1;
  int namespaces[kNamespaceFileCount] = {};
  std::size_t namespace_count = 0;

  /// Reaps whatever has ended. Does not return once the program is among it.
  void reap() const noexcept {
    while (true) {
      siginfo_t ended = {};
      const long rc = sys::call(SYS_waitid, P_ALL, 0, &ended, WEXITED | WSTOPPED | WNOHANG, nullptr);
      if (rc == -ECHILD) end(kSetupFailed);
      if (rc < 0 || ended.si_pid == 0) return;
      if (ended.si_pid == program) follow(ended);
    }
  }

  void follow(const siginfo_t& change) const noexcept {
    if (change.si_code == CLD_TRAPPED) return;
    const bool stopped = change.si_code == CLD_STOPPED;
    if (channel >= 0) {
      send_message(channel, {.kind = stopped ? Message::Kind::stopped : Message::Kind::ended,
                             .code = change.si_code,
                             .status = change.si_status});
    }
    if (stopped) return;
    if (processes >= 0) end_all_children(processes);
    end(change.si_code == CLD_EXITED ? change.si_status : 128 + change.si_status);
  }

  void forward(int signal, const siginfo_t& info) const noexcept {
    const bool to_group = info.si_code == SI_QUEUE && info.si_value.sival_int == kForGroup;
    if (!to_group || sys::call(SYS_kill, -program, signal) < 0) sys::call(SYS_kill, program, signal);
  }

  /// The files themselves: the folder is one of the host's /proc, and a program that may trace could climb
  /// from it.
  void open_namespaces(int folder) noexcept {
    for (const char* name : kNamespaceFiles) {
      const long fd = sys::open_at(folder, name, O_RDONLY | O_CLOEXEC);
      if (fd < 0) break;
      namespaces[namespace_count++] = static_cast<int>(fd);
    }
  }
  void send_namespaces() const noexcept {
    send_message(channel, {.kind = Message::Kind::namespaces}, namespaces, namespace_count);
  }

  [[noreturn]] void serve() const noexcept {
    while (true) {
      reap();
      siginfo_t info = {};
      const long signal = sys::call(SYS_rt_sigtimedwait, &kAwaited, &info, nullptr, sizeof kAwaited);
      if (signal == kParentDied && processes >= 0) {
        end_all_children(processes);
        end(kSetupFailed);
      }
      if (signal <= 0 || signal == SIGCHLD || !is_from_outside(info, self, program)) continue;
      if (signal == kAskNamespaces) {
        send_namespaces();
      } else if (signal != kParentDied) {
        forward(static_cast<int>(signal), info);
      }
    }
  }
};

/// Closes everything but these, which may be -1.
template <std::size_t N>
Outcome close_all_but(int (&kept)[N]) noexcept {
  for (std::size_t i = 1; i < N; ++i) {  // few: sort by insertion
    for (std::size_t j = i; j > 0 && kept[j] < kept[j - 1]; --j) {
      const int higher = kept[j - 1];
      kept[j - 1] = kept[j];
      kept[j] = higher;
    }
  }
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

/// Everything that this process could be abused for goes; the report pipe last, so that a failure is still
/// told.
Outcome shrink(const ChildContext& context, const Init& init) noexcept {
  if (const Outcome dropped = write_capabilities({}); !dropped.ok()) return dropped;
  if (const Outcome ambient =
          check(Call::prctl, sys::call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
      !ambient.ok()) {
    return ambient;
  }
  if (const long rc = sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (const long rc = sys::call(SYS_chdir, "/"); rc < 0) return check(Call::chdir, rc);
  int kept[4 + kNamespaceFileCount] = {context.report_fd, init.channel, init.processes, init.terminal};
  for (std::size_t i = 0; i < kNamespaceFileCount; ++i)
    kept[4 + i] = i < init.namespace_count ? init.namespaces[i] : -1;
  return close_all_but(kept);
}

/// Where we are not pid 1, our end is not everybody's.
Outcome prepare_to_end_all(int death_signal) noexcept {
  if (const long rc = sys::call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (death_signal == 0) return {};
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, kParentDied, 0, 0, 0));
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

Outcome run(const StartInit& s, const ChildContext& context) noexcept {
  // Before there is anybody inside who could look.
  if (const long rc = sys::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  forget_caller(context);
  // An ignored SIGCHLD would reap the program behind our back.
  if (const Outcome blocked = set_signal_mask(kAllSignals); !blocked.ok()) return blocked;
  if (const Outcome defaults = default_dispositions(); !defaults.ok()) return defaults;
  int death_signal = 0;
  sys::call(SYS_prctl, PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);
  if (s.processes != kNone) {
    if (const Outcome ready = prepare_to_end_all(death_signal); !ready.ok()) return ready;
    if (death_signal != 0 && parent_is_gone(context)) return failed(Call::poll, EPIPE);
  }

  // A program that may trace (root's, with CAP_SYS_PTRACE) takes what this process has open, from its first
  // moment on: by then nothing is open that leads to the host's files.
  Init init{.self = sys::call(SYS_getpid),
            .channel = context.channel_fd,
            .processes = in_slot(context, s.processes),
            .terminal = in_slot(context, s.terminal)};
  if (s.namespaces != kNone) {
    init.open_namespaces(in_slot(context, s.namespaces));
    close_slot(context, s.namespaces);
  }
  for (const Pinned& pin : context.pins) sys::close(pin.fd);

  const long program = sys::call(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (program < 0) return check(Call::clone, program);
  if (program == 0) {
    // A new process has none. It matters where we are not pid 1, whose end is everybody's.
    if (death_signal == 0) return {};
    return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, death_signal, 0, 0, 0));
  }
  sys::call(SYS_prctl, PR_SET_NAME, "hutch-init", 0, 0, 0);
  init.program = program;
  const Outcome shrunk = shrink(context, init);
  if (!shrunk.ok()) return shrunk;
  sys::close(context.report_fd);
  init.serve();
}

}  // namespace hutch
