#include "launch/supervise.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "launch/idle_memory.h"

namespace hutch {
namespace {

constexpr std::chrono::seconds kKillAfter{5};
constexpr int kLookEvery = 100;      ///< milliseconds, in the background
constexpr int kLongest = 3'600'000;  ///< milliseconds

}  // namespace

Supervision::Supervision(const Plan& plan, Child& child, Channel& channel, Signals& signals,
                         Registration* registration, Mounters& mounters)
    : child_(child),
      channel_(channel),
      signals_(signals),
      registration_(registration),
      mounters_(mounters),
      kill_after_(kKillAfter) {
  for (const Step& step : plan.steps) {
    if (is<NewSession>(step)) own_session_ = true;
    if (is<NewGroup>(step)) own_group_ = true;
    if (const auto* init = std::get_if<StartInit>(&step.op)) {
      has_init_ = true;
      if (init->processes != kNone) adopted_.emplace(child.pid());
    }
    if (const auto* terminal = std::get_if<OpenTerminal>(&step.op)) terminal_ = terminal;
    if (const auto* watch = std::get_if<Watch>(&step.op)) {
      kill_after_ = std::chrono::nanoseconds(watch->kill_after);
      run_time_ = std::chrono::nanoseconds(watch->timeout);
      watch_ = static_cast<std::size_t>(&step - plan.steps.data());
    }
  }
}

void Supervision::begin(const std::vector<int>& earlier, Clock::time_point began) {
  if (run_time_.count() > 0) timeout_ = began + run_time_;
  for (const int signal : earlier) forward(signal, false);
  if (registration_ != nullptr) registration_->begin(program_, child_.pid(), began);
}

void Supervision::listen() {
  while (std::optional<Received> received = channel_.take()) {
    switch (received->message.kind) {
      case Message::Kind::served:  // taken while it was set up
        break;
      case Message::Kind::terminal:
        if (terminal_ != nullptr && !received->descriptors.empty() && !relay_)
          relay_.emplace(*terminal_, std::move(received->descriptors.front()));
        break;
      case Message::Kind::begins:
        program_ = received->sender;
        break;
      case Message::Kind::stopped:
        suspend();
        break;
      case Message::Kind::ended:
        ended_ = received->message;
        break;
      case Message::Kind::namespaces:
        if (registration_ != nullptr) finish_registration(std::move(received->descriptors));
        break;
    }
  }
}

/// The program was stopped at its own terminal: so are we at ours, with whoever runs beside us.
void Supervision::suspend() {
  if (!relay_) return;
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
  mounters_.kill();
  child_.signal(SIGKILL);
}

bool Supervision::has_come(const std::optional<Clock::time_point>& moment) {
  return moment && Clock::now() >= *moment;
}

void Supervision::finish_registration(std::vector<UniqueFd> namespaces) {
  registration_->take_namespaces(std::move(namespaces));
  give_idle_memory_back();
}

void Supervision::keep_registration() {
  if (registration_ == nullptr || !has_come(registration_->due())) return;
  registration_->tick();
  if (!registration_->wants_namespaces()) return;
  if (has_init_) {
    child_.signal(kAskNamespaces, kForProgram);
  } else {
    finish_registration({});
  }
}

void Supervision::keep_time() {
  keep_registration();
  if (relay_ && relay_->in_background()) {
    relay_->resume();
    if (!relay_->in_background()) relay_->resize();
  }
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
  constexpr auto kNever = Clock::time_point::max();
  Clock::time_point next = std::min(timeout_.value_or(kNever), kill_at_.value_or(kNever));
  if (registration_ != nullptr) next = std::min(next, registration_->due().value_or(kNever));
  const int most = relay_ && relay_->in_background() ? kLookEvery : kLongest;
  if (next == kNever) return most == kLongest ? -1 : most;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
}

void Supervision::wait_for_end() {
  std::array<pollfd, 4 + Relay::kPolled> ends{};
  for (pollfd& end : ends) end.fd = -1;
  const std::span<pollfd, Relay::kPolled> relayed = std::span(ends).subspan<4, Relay::kPolled>();
  while (true) {
    ends[0] = {child_.pidfd(), POLLIN, 0};
    ends[1] = {signals_.fd(), POLLIN, 0};
    ends[2] = {channel_.fd(), POLLIN, 0};
    ends[3] = {registration_ != nullptr ? registration_->fd() : -1, POLLIN, 0};
    if (relay_) relay_->prepare(relayed);
    if (::poll(ends.data(), ends.size(), milliseconds_left()) < 0 && errno != EINTR) return;
    if (ends[1].revents != 0) take_signals();
    if (ends[2].revents != 0) listen();
    if (ends[3].revents != 0) registration_->serve();
    if (relay_) relay_->carry(relayed);
    keep_time();
    if ((ends[0].revents & POLLIN) != 0) return;
  }
}

Finish Supervision::run(const std::vector<int>& earlier, Clock::time_point began) {
  begin(earlier, began);
  wait_for_end();
  finish_.program = child_.reap(&finish_.used);
  if (adopted_) adopted_->end_all();
  mounters_.end();
  listen();
  if (relay_) relay_->drain();
  relay_.reset();
  if (ended_ && !finish_.killed) finish_.program = {.code = ended_->code, .status = ended_->status};
  finish_.wall = Clock::now() - began;
  return finish_;
}

}  // namespace hutch
