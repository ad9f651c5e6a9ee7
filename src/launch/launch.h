#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <span>

#include "base/result.h"
#include "child/run.h"
#include "host/host.h"
#include "launch/supervise.h"
#include "launch/timings.h"
#include "plan/plan.h"

namespace hutch {

/// How a launch ended.
struct Ending {
  int status = 0;   ///< what `hutch run` exits with: the program's own, 128+N, or 124 when its time was over
  bool ran = true;  ///< false: a signal ended set-up, or the inspector did
  Finish finish;    ///< where it ran
};

/// Is told how far a launch has come. Between two waits of the launcher: it must not wait for anybody.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  /// Every wall stands; execve(2) is next. Pids as the launcher sees them; without an init both are the same.
  virtual void set_up(pid_t program, pid_t init) = 0;
  virtual void executed() = 0;
};

/// A sandbox that stands, right before its program begins.
struct Standing {
  pid_t program = -1;                      ///< as the launcher sees it
  pid_t init = -1;                         ///< the same without an init
  std::span<const Pinned> pins;            ///< by Pin
  std::span<const int> slots;              ///< what the launcher opened, by Slot; -1: not by the launcher
  std::span<const std::uint64_t> done_at;  ///< by step: 0 where nobody did it, as far as they say themselves
};

/// Looks at a sandbox before its program begins, and decides whether it does.
class Inspector {
 public:
  Inspector() = default;
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;
  virtual ~Inspector() = default;
  /// True: the program begins. False: everything ends, and that is no failure. An error is that of `launch`.
  virtual Result<bool> look(const Standing& sandbox) = 0;
};

/// Executes a plan: runs the parent's steps, clones, waits for the end, forwards signals.
/// On failure nothing ran and nothing is left behind; the diagnostic names the step, its profile line, the
/// call, errno, the cause and the remedy. Its code decides the exit status: E06.. 126 or 127, else 125.
struct LaunchOptions {
  Observer* observer = nullptr;
  Registration* registration = nullptr;
  Inspector* inspector = nullptr;
  Timings* timings = nullptr;
  std::span<const int> given;  ///< descriptors for the first slots, as `enter_plan` expects them
};
Result<Ending> launch(const Plan& plan, const Host& host, const LaunchOptions& options = {});

/// A sandbox of this plan, whose program another part of this process has begun: forwards signals, waits for
/// the end.
struct Begun {
  pid_t child = -1;
  int pidfd = -1;
  int channel = -1, childs_channel = -1;
  sigset_t mask_before = {};
  struct sigaction child_signal_before = {};
  std::chrono::steady_clock::time_point at;
};
Result<Ending> go_on(const Plan& plan, const Begun& begun, Registration* registration);

}  // namespace hutch
