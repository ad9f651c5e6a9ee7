#include "launch/supervise.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <array>

namespace hutch {
namespace {

constexpr std::array kTaken{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

/// From kill(2), sigqueue(3) or tgkill(2), not from the kernel: a terminal tells its whole foreground group
/// itself.
bool was_sent(const signalfd_siginfo& signal) noexcept { return signal.ssi_code <= 0; }

}  // namespace

Signals::Signals() {
  ::sigemptyset(&taken_);
  for (const int signal : kTaken) ::sigaddset(&taken_, signal);
  sigset_t blocked = taken_;
  ::sigaddset(&blocked, SIGPIPE);  // a child that dies early must not take us along
  ::sigprocmask(SIG_BLOCK, &blocked, &before_);
  struct sigaction defaults = {};
  defaults.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &defaults, &child_before_);
  fd_.reset(::signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) error_ = errno;
}

Signals::~Signals() {
  ::sigaction(SIGCHLD, &child_before_, nullptr);
  // Nothing of a pipe that we wrote to is left to surprise the caller.
  sigset_t pipe_only;
  ::sigemptyset(&pipe_only);
  ::sigaddset(&pipe_only, SIGPIPE);
  const timespec now = {0, 0};
  if (::sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&pipe_only, nullptr, &now);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<signalfd_siginfo> Signals::take() const noexcept {
  signalfd_siginfo signal = {};
  if (::read(fd_.get(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) return std::nullopt;
  return signal;
}

void Signals::block_all() const noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
}

void Signals::unblock() const noexcept {
  sigset_t blocked = before_;
  for (const int signal : kTaken) ::sigaddset(&blocked, signal);
  ::sigaddset(&blocked, SIGPIPE);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

bool ends_setup(const signalfd_siginfo& signal) noexcept {
  const auto number = static_cast<int>(signal.ssi_signo);
  return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

void stop_as_told() noexcept {
  sigset_t stop, before;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::raise(SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, &before);  // here it stops, unless its group is an orphan
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

WaitResult supervise(Child& child, const Signals& signals, bool own_session,
                     const std::vector<int>& earlier) {
  for (const int signal : earlier) child.signal(signal);
  std::array<pollfd, 2> ends{{{child.pidfd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
  while (true) {
    if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) break;
    while (const auto signal = signals.take()) {
      if (was_sent(*signal) || own_session) child.signal(static_cast<int>(signal->ssi_signo));
      if (signal->ssi_signo == SIGTSTP) stop_as_told();
    }
    if ((ends[0].revents & POLLIN) != 0) break;
  }
  return child.reap();
}

}  // namespace hutch
