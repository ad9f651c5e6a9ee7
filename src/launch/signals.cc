#include "launch/signals.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace hutch {
namespace {

constexpr std::array kTaken{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};
/// Blocked and not taken: a child that dies early must not take us along, and a terminal that we may not use
/// now says so by an error.
constexpr std::array kUnwanted{SIGPIPE, SIGTTOU, SIGTTIN};

void unblock_for(int signal, auto&& act) {
  sigset_t only, before;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  act();
  ::sigprocmask(SIG_UNBLOCK, &only, &before);  // here it stops
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

Signals::Signals() {
  ::sigprocmask(SIG_BLOCK, nullptr, &before_);
  struct sigaction defaults = {};
  defaults.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &defaults, &child_before_);
  take_over();
}

Signals::Signals(sigset_t mask_before, const struct sigaction& child_before)
    : before_(mask_before), child_before_(child_before) {
  take_over();
}

void Signals::take_over() {
  ::sigemptyset(&taken_);
  for (const int signal : kTaken) {
    struct sigaction now = {};
    // What the caller ignores (nohup, a background job of a shell without job control) stays ignored.
    if (::sigaction(signal, nullptr, &now) < 0 || now.sa_handler != SIG_IGN) ::sigaddset(&taken_, signal);
  }
  fd_.reset(::signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) error_ = errno;
  unblock();
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
  for (const int signal : kTaken) {
    if (::sigismember(&taken_, signal) == 1) ::sigaddset(&blocked, signal);
  }
  for (const int signal : kUnwanted) ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

bool was_sent(const signalfd_siginfo& signal) noexcept { return signal.ssi_code <= 0; }

bool is_passed_on(int signal) noexcept { return std::ranges::find(kTaken, signal) != kTaken.end(); }

bool ends_setup(const signalfd_siginfo& signal) noexcept {
  const auto number = static_cast<int>(signal.ssi_signo);
  return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

void stop_as_told() noexcept {
  unblock_for(SIGTSTP, [] { ::raise(SIGTSTP); });
}

bool stop_group() noexcept {
  unblock_for(SIGTSTP, [] { ::kill(0, SIGTSTP); });
  // What continued us is waiting to be taken.
  sigset_t pending;
  return ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGCONT) == 1;
}

}  // namespace hutch
