#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "launch/clone_child.h"

namespace hutch {

/// While it lives, the signals that concern a launcher come through a descriptor instead of at any moment,
/// and ended children can be waited for whatever the caller ignores. Everything is as before at its end.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] int error() const noexcept { return error_; }
  /// The next one that is waiting.
  [[nodiscard]] std::optional<signalfd_siginfo> take() const noexcept;

  /// All signals, around clone.
  void block_all() const noexcept;
  void unblock() const noexcept;

 private:
  sigset_t taken_, before_;
  struct sigaction child_before_ = {};
  UniqueFd fd_;
  int error_ = 0;
};

/// TERM, INT, HUP, QUIT: set-up ends, and the launcher with it.
bool ends_setup(const signalfd_siginfo& signal) noexcept;
/// Stops this process as SIGTSTP would have done; comes back when it is continued.
void stop_as_told() noexcept;

/// Waits for the end of the child and forwards signals: those that were sent by kill(2); those of the
/// terminal only where the program is in a session of its own and so did not get them itself. `earlier` came
/// during set-up.
WaitResult supervise(Child& child, const Signals& signals, bool own_session, const std::vector<int>& earlier);

}  // namespace hutch
