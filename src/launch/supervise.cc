#include "launch/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <variant>

#include "child/sweep.h"

namespace hutch {
namespace {

constexpr std::chrono::seconds kKillAfter{5};

}  // namespace

Supervision::Supervision(const Plan& plan, Child& child, Channel& channel, Signals& signals)
    : plan_(plan), child_(child), channel_(channel), signals_(signals), kill_after_(kKillAfter) {
  for (const Step& step : plan.steps) {
    if (std::holds_alternative<NewSession>(step.op)) own_session_ = true;
    if (std::holds_alternative<NewGroup>(step.op)) own_group_ = true;
    if (const auto* init = std::get_if<StartInit>(&step.op)) own_pids_ = init->processes == kNone;
    if (const auto* terminal = std::get_if<OpenTerminal>(&step.op)) terminal_ = terminal;
    if (const auto* watch = std::get_if<Watch>(&step.op)) {
      kill_after_ = std::chrono::nanoseconds(watch->kill_after);
      if (watch->timeout > 0) timeout_ = Clock::now() + std::chrono::nanoseconds(watch->timeout);
    }
  }
  // Should the init be killed, what it looked after becomes ours.
  if (!own_pids_) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void Supervision::deliver(const std::vector<int>& earlier) {
  for (const int signal : earlier) forward(signal, false);
}

void Supervision::listen() {
  while (std::optional<Received> received = channel_.take()) {
    switch (received->message.kind) {
      case Message::Kind::terminal:
        if (terminal_ != nullptr && !received->descriptors.empty() && !relay_)
          relay_.emplace(*terminal_, std::move(received->descriptors.front()));
        break;
      case Message::Kind::begins:
        program_ = received->sender;
        break;
      case Message::Kind::stopped:
        if (relay_) suspend();
        break;
      case Message::Kind::ended:
        ended_ = received->message;
        break;
      case Message::Kind::namespaces:
        break;
    }
  }
}

/// The program was stopped at its own terminal: so are we at ours, with whoever runs beside us.
void Supervision::suspend() {
  relay_->suspend();
  if (stop_group()) return;  // what continued us comes as a signal
  relay_->resume();
  forward(SIGCONT, true);
}

void Supervision::forward(int signal, bool to_group) {
  child_.signal(signal, to_group && own_group_ ? kForGroup : kForProgram);
  count_request(signal);
}

void Supervision::count_request(int signal) {
  if (signal != SIGINT && signal != SIGTERM) return;
  if (++requests_ == 2 && !kill_at_) kill_at_ = Clock::now() + kill_after_;
}

void Supervision::take_signal(const signalfd_siginfo& signal) {
  const auto number = static_cast<int>(signal.ssi_signo);
  const bool sent = was_sent(signal);
  if (relay_ && number == SIGWINCH && relay_->resize()) return;  // the kernel tells the program
  if (number == SIGCONT && own_session_) {
    if (relay_) {
      relay_->resume();
      relay_->resize();
    }
    return forward(SIGCONT, true);
  }
  if (sent || own_session_) forward(number, !sent);
  if (number == SIGTSTP && !relay_) stop_as_told();
}

void Supervision::take_signals() {
  while (const auto signal = signals_.take()) take_signal(*signal);
}

void Supervision::kill_all() {
  finish_.killed = true;
  child_.signal(SIGKILL);
}

void Supervision::keep_time() {
  const Clock::time_point now = Clock::now();
  if (timeout_ && now >= *timeout_) {
    timeout_.reset();
    finish_.timed_out = true;
    child_.signal(SIGTERM, kForProgram);
    child_.signal(SIGCONT, kForProgram);  // a stopped program could not end
    if (!kill_at_) kill_at_ = now + kill_after_;
  }
  if (kill_at_ && now >= *kill_at_) {
    kill_at_.reset();
    kill_all();
  }
}

int Supervision::milliseconds_left() const {
  if (!timeout_ && !kill_at_) return -1;
  const Clock::time_point next =
      std::min(timeout_.value_or(Clock::time_point::max()), kill_at_.value_or(Clock::time_point::max()));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

Finish Supervision::run() {
  std::array<pollfd, 3 + Relay::kPolled> ends{};
  for (pollfd& end : ends) end.fd = -1;
  const std::span<pollfd, Relay::kPolled> relayed = std::span(ends).subspan<3, Relay::kPolled>();
  listen();
  while (true) {
    ends[0] = {child_.pidfd(), POLLIN, 0};
    ends[1] = {signals_.fd(), POLLIN, 0};
    ends[2] = {channel_.fd(), POLLIN, 0};
    if (relay_) relay_->prepare(relayed);
    if (::poll(ends.data(), ends.size(), milliseconds_left()) < 0 && errno != EINTR) break;
    if (ends[1].revents != 0) take_signals();
    if (ends[2].revents != 0) listen();
    if (relay_) relay_->carry(relayed);
    keep_time();
    if ((ends[0].revents & POLLIN) != 0) break;
  }
  if (!own_pids_) {
    const UniqueFd processes(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    finish_.program = child_.reap(&finish_.used);
    end_all_children(processes.get());
  } else {
    finish_.program = child_.reap(&finish_.used);
  }
  listen();
  if (relay_) relay_->drain();
  relay_.reset();
  if (ended_ && !finish_.killed) finish_.program = {.code = ended_->code, .status = ended_->status};
  return finish_;
}

}  // namespace hutch
