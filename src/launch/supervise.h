#pragma once

#include <sys/resource.h>

#include <chrono>
#include <optional>
#include <vector>

#include "launch/adopted.h"
#include "launch/channel.h"
#include "launch/clone_child.h"
#include "launch/mounter.h"
#include "launch/registration.h"
#include "launch/relay.h"
#include "launch/signals.h"
#include "plan/plan.h"

namespace hutch {

/// How a sandbox ended.
struct Finish {
  WaitResult program;  ///< as the init tells it; without an init, as waitid(2) does
  bool timed_out = false;
  bool killed = false;  ///< by us, after `kill_after`
  rusage used = {};     ///< by everything that ran in it and was waited for: getrusage(2)
  std::chrono::nanoseconds wall{0};
};

/// From exec to the end: forwards signals, relays the terminal, keeps the time.
///
/// Signals that were sent to us go to the program; those of the terminal too, to its whole group, where it is
/// in a session of its own and so did not get them itself. The second request to end (INT, TERM) and the end
/// of the time have SIGKILL follow after `kill_after`.
class Supervision {
 public:
  Supervision(const Plan& plan, Child& child, Channel& channel, Signals& signals, Registration* registration,
              Mounters& mounters);

  using Clock = std::chrono::steady_clock;

  /// From exec on, which was at `began`. `earlier` are signals for the program that came during set-up.
  Finish run(const std::vector<int>& earlier, Clock::time_point began = Clock::now());

  /// The program's pid, as seen from here.
  [[nodiscard]] pid_t program() const noexcept { return program_; }
  /// The index of the Watch that is kept, if there is one.
  [[nodiscard]] std::optional<std::size_t> watch() const noexcept { return watch_; }
  /// Takes what the sandbox has said until now: at exec, its terminal and its pid.
  void listen();

 private:
  void begin(const std::vector<int>& earlier, Clock::time_point began);
  void wait_for_end();
  void take_signals();
  void take_signal(const signalfd_siginfo& signal);
  void forward(int signal, bool to_group);
  void count_request(int signal);
  static bool has_come(const std::optional<Clock::time_point>& moment);
  void suspend();
  void keep_time();
  void keep_registration();
  void finish_registration(std::vector<UniqueFd> namespaces);
  void kill_all();
  [[nodiscard]] int milliseconds_left() const;

  Child& child_;
  Channel& channel_;
  Signals& signals_;
  Registration* const registration_;  ///< may be none
  Mounters& mounters_;
  std::optional<Relay> relay_;
  const OpenTerminal* terminal_ = nullptr;
  std::optional<std::size_t> watch_;
  bool own_session_ = false, own_group_ = false, has_init_ = false;
  std::chrono::nanoseconds run_time_{0}, kill_after_;
  std::optional<Clock::time_point> timeout_, kill_at_;
  int requests_ = 0;
  pid_t program_ = -1;
  std::optional<Message> ended_;
  std::optional<Adopted> adopted_;  ///< where no pid namespace ends what the init leaves
  Finish finish_;
};

}  // namespace hutch
